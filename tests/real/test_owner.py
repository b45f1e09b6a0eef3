"""One arm has one owner: a driver object in a process, and a process on a machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from real import owner
from real.motion.arms import BusyArmError
from real.owner import own_arms
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot

PRESET = load_preset("place-orange")


@pytest.fixture(autouse=True)
def _locks(tmp_path, monkeypatch):
    monkeypatch.setattr(owner, "lock_folder", lambda: tmp_path)


@pytest.mark.parametrize(
    ("driver", "options"),
    [(CoastingRobot, {}), ("serl", {"url": "http://127.0.0.1:1"}), (CoastingRobot(PRESET), {})],
    ids=["class", "name", "object"],
)
def test_the_same_driver_is_the_same_robot_until_the_last_one_leaves_it(driver, options):
    first, second = own_arms(driver, PRESET, **options), own_arms(driver, PRESET, **options)
    assert first is second
    assert first.users == 2
    first.close()
    third = own_arms(driver, PRESET, **options)
    assert third is not first
    third.close()


@pytest.mark.parametrize("driver", ["sim", "ideal"])
def test_a_simulated_world_is_one_of_its_own_each_time(driver):
    first, second = own_arms(driver, PRESET), own_arms(driver, PRESET)
    assert first.robot is not second.robot
    first.close()
    second.close()


def test_other_settings_of_the_same_address_are_the_same_arm_and_refused():
    arms = own_arms("serl", PRESET, url="http://127.0.0.1:1")
    with pytest.raises(
        BusyArmError, match=r"An arm must have one owner\. Got: .* in use by process"
    ):
        own_arms("serl", PRESET, url="http://127.0.0.1:1", timeout=0.5)
    arms.close()
    own_arms("serl", PRESET, url="http://127.0.0.1:1", timeout=0.5).close()


def test_a_second_process_is_refused_and_told_whose_the_arm_is(tmp_path):
    arms = own_arms("serl", PRESET, url="http://127.0.0.1:1")
    code = f"""
from pathlib import Path
from real import owner
from real.tasks.files import load_preset
owner.lock_folder = lambda: Path({str(tmp_path)!r})
owner.own_arms("serl", load_preset("place-orange"), url="http://127.0.0.1:1")
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    arms.close()
    assert "An arm must have one owner" in done.stderr
    assert "in use by process" in done.stderr
