"""Cores, memory and disk as this process may use them."""

import os

import pytest

from zprl_env.doctor import machine


def test_a_container_s_quota_is_read_in_both_versions(tmp_path):
    assert machine._quota(tmp_path) == float("inf")
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("50000\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert machine._quota(tmp_path) == 0.5
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine._quota(tmp_path) == float("inf")
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert machine._quota(tmp_path) == 1.5


def test_cores_are_at_most_those_this_process_may_use():
    assert 0 < machine.cores() <= (os.cpu_count() or 1)


def test_threads_are_advised_on_unless_they_are_one(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert machine._cores().advice == ""
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert machine._cores().advice.startswith("export OMP_NUM_THREADS=1")


@pytest.mark.parametrize("limit", ["1073741824", "max"])
def test_a_container_s_memory_is_all_there_is(limit, tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    found = machine._memory()
    assert ("of 1.0 GiB available" in found.text) == (limit != "max")
    assert (found.state == "warning") == (float(found.text.split()[0]) < machine.LITTLE_MEMORY)


def test_a_disk_s_room_is_that_of_the_nearest_folder_there_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = machine._disk("runs")
    assert found.name == "runs/"
    assert "GiB free" in found.text
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(machine, "LITTLE_DISK", 1e9)
    assert machine._disk("runs").advice == "make room for 1e+09 GiB"
