"""Pictures in rows are whole and of the size that is stated."""

# mypy: disable-error-code="func-returns-value, arg-type"

import pytest

from policies.errors import DemonstrationError
from tests.helpers.lerobot_data import (
    ROWS,
    copy_of_lerobots,
    feature,
    reread,
    table,
)

pytest.importorskip("pyarrow", reason="needs the lerobot extra")
pytest.importorskip("av", reason="needs the lerobot extra")

CASES = {
    "pictures of another size": (
        feature("observation.images.front", shape=[24, 16, 3]),
        "frames of camera front must be 24 x 16 pixels.*Got: 16 x 24",
    ),
    "a picture that is no picture": (
        table(ROWS, "observation.images.front", 1, {"bytes": b"x", "path": None}),
        "the picture of camera front at step 1 must be whole",
    ),
    "a picture elsewhere": (
        table(ROWS, "observation.images.front", 1, {"bytes": None, "path": "../../secret.png"}),
        "must lie in the dataset. Got: ../../secret.png",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_dataset_that_contradicts_itself_says_where(tmp_path, case):
    harm, said = CASES[case]
    folder = copy_of_lerobots(tmp_path / "data")
    harm(folder)
    with pytest.raises(DemonstrationError, match=said):
        reread(folder)
