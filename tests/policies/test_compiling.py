from typing import Any

from numba.core import caching

from policies.compiling import compiled


def double(x):
    return 2 * x


def test_what_was_compiled_is_kept_if_there_is_a_place(monkeypatch):
    kept: Any = compiled(double)
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    homeless: Any = compiled(double)
    assert kept(3) == homeless(3) == 6
    assert kept.stats.cache_path
    assert not homeless.stats.cache_path
