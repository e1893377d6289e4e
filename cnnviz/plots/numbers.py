"""Numbers as people read them: 0.42, 12.3 k, 3.5 × 10⁻⁵. `ui/panel/numbers.js` writes the same."""

from __future__ import annotations

import math

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number_text(value: float) -> str:
    """Three significant digits: plain from 0.001 to 9,999, then "12.3 k" and "4.5 M", else a power of ten."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    sign, size = ("−", -value) if value < 0 else ("", value)
    if size == 0:
        return "0"
    if size < 9.995e-4 or size >= 9.995e8:
        return sign + _power_text(size)
    if size < 9_999.5:
        return sign + _three(size)
    if size < 999_500:
        return f"{sign}{_three(size / 1e3)} k"
    return f"{sign}{_three(size / 1e6)} M"


def cost_text(count: int) -> str:
    """A count of parameters or operations, three digits with k, M and G, as the papers write them: "1.81 G"."""
    return f"{_three(count / 1e9)} G" if count >= 9.995e8 else number_text(count)


def percent_text(fraction: float) -> str:
    """A fraction as a percentage: 0.0002 is "0.02 %"."""
    return f"{number_text(100 * fraction)} %"


def _three(size: float) -> str:
    if size >= 999.5:
        return f"{size:,.0f}"
    digits = 2 - math.floor(math.log10(size))
    text = f"{size:.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _power_text(size: float) -> str:
    exponent = math.floor(math.log10(size))
    mantissa = size / 10.0**exponent
    if float(f"{mantissa:.1f}") >= 10:
        mantissa, exponent = mantissa / 10, exponent + 1
    text = f"{mantissa:.1f}".removesuffix(".0")
    return f"{text} × 10{str(exponent).translate(_RAISED)}"
