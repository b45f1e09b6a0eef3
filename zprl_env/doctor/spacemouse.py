"""Check whether a 3Dconnexion SpaceMouse that is plugged in may be read, and the udev rule."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from zprl_env.doctor.finding import Finding

HIDRAW = Path("/sys/class/hidraw")
"""Folder in which Linux lists devices of its kind, each with a description."""
DEVICES = Path("/dev")
OWN, FORMER = "256F", "046D"
"""Ids of vendors: 3Dconnexion's, and Logitech's, under which it sold its older ones."""


def advice(vendor: str = OWN) -> str:
    """Return what to do for the right to read a vendor's devices: a rule of udev.

    >>> advice("046D")
    'put this into /etc/udev/rules.d/99-spacemouse.rules ... ATTRS{idVendor}=="046d"...
    """
    rule = f'KERNEL=="hidraw*", ATTRS{{idVendor}}=="{vendor.lower()}", MODE="0660", TAG+="uaccess"'
    return f"put this into /etc/udev/rules.d/99-spacemouse.rules and plug it in again: {rule}"


def findings() -> Iterator[Finding]:
    """Look for SpaceMice; nothing is said where there is none."""
    for device in sorted(HIDRAW.glob("hidraw*")):
        vendor, name = _described(device / "device" / "uevent")
        if vendor != OWN and not (vendor == FORMER and "3Dconnexion" in name):
            continue
        if os.access(DEVICES / device.name, os.R_OK | os.W_OK):
            yield Finding("spacemouse", "ok", f"{name}, may be read")
        else:
            text = f"{name}: {DEVICES / device.name} may not be read"
            yield Finding("spacemouse", "warning", text, advice(vendor))


def _described(file: Path) -> tuple[str, str]:
    """Return a device's vendor and name, by its description; empty where it has none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "", ""
    said = dict(line.split("=", 1) for line in lines if "=" in line)
    # HID_ID=0003:0000256F:0000C635: bus, vendor and product.
    return said.get("HID_ID", "::").split(":")[1][-4:].upper(), said.get("HID_NAME", "")
