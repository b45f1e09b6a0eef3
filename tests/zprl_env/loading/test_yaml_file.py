"""YAML is bounded before anything is built of it."""

import time

import pytest

from zprl_env.errors import ConfigurationError
from zprl_env.loading.yaml_file import MOST_DEPTH, read_yaml

LAUGHS = 'a0: &a0 ["lol", "lol"]\n' + "".join(
    f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: " + "[" * 50_000 + "]" * 50_000, f"more than {MOST_DEPTH} lists and mappings"),
        ("[" * 50_000, f"more than {MOST_DEPTH} lists"),
        ("{a: " * 50_000, f"more than {MOST_DEPTH} lists"),
        ("- " * 50_000 + "a", f"more than {MOST_DEPTH} lists"),
        ("? " * 50_000, f"more than {MOST_DEPTH} lists"),
        (LAUGHS, "more than 10,000 values, its aliases written out"),
        ("- 1\n" * 20_000, "more than 10,000 values"),
        ("a: &a [*a]", r"\*a stands in what it names"),
        ("a: 1\nb: 2\na: 3", "'a' stands twice in one mapping"),
        ("a: " + "x" * 2**19, "at most 262,144 bytes"),
        ("a: !!python/object/apply:os.system [true]", "could not determine a constructor"),
        ("a: " + "9" * 5000, "4300 digits"),
        ("a: 2020-13-45", "month must be in"),
        ("? [1]\n: 2", "unhashable key"),
        ("{", "must be YAML"),
        ("\x00", "unacceptable character|special characters"),
    ],
)
def test_what_is_too_much_is_refused_at_once(text, complaint, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    began = time.perf_counter()
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        read_yaml(path, "A preset")
    assert time.perf_counter() - began < 5.0
    assert str(caught.value).startswith("A preset must")
    assert "\n" not in str(caught.value)


def test_plain_yaml_is_read_with_its_aliases(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("a: &x {b: [1, 2.5]}\nc: {<<: *x, d: [*x, *x]}\n")
    inner = {"b": [1, 2.5]}
    assert read_yaml(path, "A preset") == {"a": inner, "c": {**inner, "d": [inner, inner]}}


def test_what_cannot_be_read_is_told_with_what_to_try(tmp_path):
    with pytest.raises(ConfigurationError, match=r"must be a readable file.*none\.yaml.*Copy one"):
        read_yaml(tmp_path / "none.yaml", "A preset", "Copy one.")
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="must be a readable file"):
        read_yaml(tmp_path / "b.yaml", "A preset")
