"""A SpaceMouse that may not be read is told with the rule that changes it."""

from __future__ import annotations

import pytest

from zprl_env.doctor import spacemouse


@pytest.fixture
def plugged_in(tmp_path, monkeypatch):
    """Plug devices in, as Linux describes them; one that may be read has a file."""
    monkeypatch.setattr(spacemouse, "HIDRAW", tmp_path / "hidraw")
    monkeypatch.setattr(spacemouse, "DEVICES", tmp_path / "dev")
    (tmp_path / "dev").mkdir()

    def plug(number, vendor, name, readable):
        folder = tmp_path / "hidraw" / f"hidraw{number}" / "device"
        folder.mkdir(parents=True)
        ids = f"0003:0000{vendor}:0000C635"
        (folder / "uevent").write_text(f"DRIVER=hid-generic\nHID_ID={ids}\nHID_NAME={name}\n")
        if readable:
            (tmp_path / "dev" / f"hidraw{number}").touch()

    return plug


def test_one_that_may_be_read_is_well_and_other_devices_are_none(plugged_in):
    plugged_in(0, "046D", "Logitech USB Mouse", False)
    plugged_in(1, "256F", "3Dconnexion SpaceMouse Compact", True)
    (found,) = spacemouse.findings()
    assert (found.state, found.text) == ("ok", "3Dconnexion SpaceMouse Compact, may be read")


@pytest.mark.parametrize(("vendor", "written"), [("256F", "256f"), ("046d", "046d")])
def test_one_that_may_not_be_read_is_told_with_the_rule_of_its_vendor(plugged_in, vendor, written):
    plugged_in(0, vendor, "3Dconnexion SpaceNavigator", False)
    (found,) = spacemouse.findings()
    assert found.state == "warning"
    assert "hidraw0 may not be read" in found.text
    assert '99-spacemouse.rules and plug it in again: KERNEL=="hidraw*"' in found.advice
    assert f'ATTRS{{idVendor}}=="{written}"' in found.advice


def test_where_nothing_is_described_nothing_is_said(plugged_in, tmp_path):
    assert [*spacemouse.findings()] == []
    (tmp_path / "hidraw" / "hidraw0").mkdir(parents=True)
    assert [*spacemouse.findings()] == []
