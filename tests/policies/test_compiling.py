import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from numba.core import caching

from policies import compiling
from policies.compiling import compiled
from tests.helpers.damage import damage


def double(x):
    return 2 * x


def test_what_was_compiled_is_kept_if_there_is_a_place(monkeypatch):
    kept: Any = compiled(double)
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    homeless: Any = compiled(double)
    assert kept(3) == homeless(3) == 6
    assert kept.stats.cache_path
    assert not homeless.stats.cache_path


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """A folder that compiled code is kept in, with some in it."""
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    assert compiled(double)(3) == 6
    monkeypatch.setattr(compiling, "_told", set())
    return tmp_path


def files(cache: Path, ending: str) -> list[Path]:
    found = [*cache.rglob(f"*.{ending}")]
    assert found
    return found


def hits(function: Any) -> int:
    return sum(function.stats.cache_hits.values())


@pytest.mark.parametrize("ending", ["nbc", "nbi"])
@pytest.mark.parametrize("how", ["truncated", "empty", "foreign", "overwritten"])
def test_what_is_damaged_is_compiled_anew_and_told_once(cache, ending, how, capsys):
    for path in files(cache, ending):
        damage(path, how)
    mended: Any = compiled(double)
    assert (mended(3), mended(3.5), hits(mended)) == (6, 7.0, 0)
    said = capsys.readouterr().err
    assert said.count("is damaged and compiled anew") == 1
    assert str(cache) in said
    again: Any = compiled(double)
    assert (again(3), hits(again)) == (6, 1)
    assert capsys.readouterr().err == ""


def test_code_in_which_a_bit_has_changed_is_not_run(cache):
    for path in files(cache, "nbc"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    mended: Any = compiled(double)
    assert (mended(3), hits(mended)) == (6, 0)


def test_what_another_version_kept_is_compiled_anew(cache, monkeypatch):
    monkeypatch.setattr("numba.__version__", "0.0")
    other: Any = compiled(double)
    assert (other(3), hits(other)) == (6, 0)


def test_a_place_that_cannot_be_written_costs_a_compilation(cache, monkeypatch, capsys):
    def refuse(self: object, path: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(compiling.SealedFile, "_open_for_write", refuse)
    homeless: Any = compiled(double)
    assert homeless(3.5) == 7.0
    assert "cannot be written (Read-only file system)" in capsys.readouterr().err


def test_a_command_ends_well_with_a_damaged_cache(tmp_path):
    code = (
        f"import numba; numba.config.CACHE_DIR = {str(tmp_path)!r}\n"
        "from tests.policies.test_compiling import double\n"
        "from policies.compiling import compiled\n"
        "print(compiled(double)(3))"
    )
    for attempt in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "6\n"), done.stderr
        assert ("compiled anew" in done.stderr) == (attempt == 1)
        if attempt == 0:
            for path in files(tmp_path, "nbc"):
                damage(path, "truncated")
