"""JSON of somebody else is bounded, plain, and refused in milliseconds."""

import time

import pytest

from policies.checkpoints.plain_json import MOST_DEPTH, parse_json, read_json, shown
from policies.errors import CheckpointError


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[" * 100_000 + "]" * 100_000, "too deep"),
        ('{"a": ' * 100_000, "too deep"),
        ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), "more than 100 lists and objects"),
        ('{"a": NaN}', "NaN is no number of JSON's"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ('{"a": 1e999}', "beyond any number's range"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' stands twice in one object"),
        ("9" * 5000, "4300 digits"),
        ('["\\ud800"]', "surrogates not allowed"),
        ('{"a": ', "Expecting value"),
        ("", "Expecting value"),
        (" " * 2000, "at most 1,000 bytes"),
    ],
)
def test_what_is_no_plain_json_is_refused_at_once(text, complaint):
    began = time.perf_counter()
    most = 1000 if text.isspace() else 2**20
    with pytest.raises(CheckpointError, match=complaint) as caught:
        parse_json(text.encode(), "it", most)
    assert time.perf_counter() - began < 1.0
    assert str(caught.value).startswith("it must be readable JSON")
    assert len(str(caught.value)) < 400


def test_plain_values_are_read_as_they_are(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, -2.5, null, true, "\\u00e9"], "b": {}}')
    assert read_json(tmp_path / "a.json") == {"a": [1, -2.5, None, True, "\u00e9"], "b": {}}
    with pytest.raises(CheckpointError, match=r"b\.json must be readable JSON: .*No such file"):
        read_json(tmp_path / "b.json")
    (tmp_path / "c.json").write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match="utf-8"):
        read_json(tmp_path / "c.json")


@pytest.mark.parametrize("value", ["x\n" * 10**6, [0] * 10**6, {"a": "y" * 10**6}, 10**300])
def test_whatever_it_is_it_is_shown_in_one_short_line(value):
    assert len(shown(value)) <= 80
    assert "\n" not in shown(value)
