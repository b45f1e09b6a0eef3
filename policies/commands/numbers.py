"""Whole numbers as people type them on a command line: 100000, 100_000, 1e5, 100k, 1M."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

UNITS = {"k": 3, "m": 6}
"""Powers of ten that a letter at the end stands for."""
DIGITS = 18
"""Most digits of a number: what is larger is a slip, and would take long to write out."""


def whole(text: str) -> int:
    """Read a whole number.

    Args:
        text: Digits, with underscores between them, an exponent, or a k or M at the end.

    Returns:
        The number.

    Raises:
        ValueError: It is no whole number, or one of more than 18 digits.

    >>> whole("1e5"), whole("100_000"), whole("100k"), whole("1.5M"), whole("-3")
    (100000, 100000, 100000, 1500000, -3)
    >>> whole("1.5")
    Traceback (most recent call last):
    ValueError: must be a whole number, such as 100000, 100_000, 1e5 or 100k. Got: '1.5'.
    """
    digits, exponent = text.strip(), UNITS.get(text.strip()[-1:].lower(), 0)
    if exponent:
        digits = digits[:-1]
    with suppress(ArithmeticError):
        number = Decimal(digits).scaleb(exponent)
        if number.is_finite() and number.adjusted() < DIGITS and number == number.to_integral():
            return int(number)
    raise ValueError(
        f"must be a whole number, such as 100000, 100_000, 1e5 or 100k. Got: {text!r}."
    )
