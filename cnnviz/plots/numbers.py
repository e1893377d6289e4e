"""Numbers as people read them: 0.42, 12.3 k, 3.5 × 10⁻⁵. `ui/panel/numbers.js` writes the same."""

from __future__ import annotations

import math

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def raised(exponent: int) -> str:
    """An exponent: "⁻⁵"."""
    return str(exponent).translate(_RAISED)


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


def times_text(factor: float) -> str:
    """How many times as much, as it is said: "3.88 million times", "12,300 times", "0.42 times", "1/667,000"."""
    if not math.isfinite(factor):
        return number_text(factor)
    if factor < 0:
        return f"−{times_text(-factor)}"
    if 0 < factor < 0.00995 and 1 / factor < 999_500:
        return f"1/{_long(1 / factor)}"
    if factor < 9.995e-4 or factor >= 9.995e11:
        return f"{number_text(factor)} times"
    words = next((words for words in ((1e9, "billion"), (1e6, "million")) if factor >= 0.9995 * words[0]), None)
    return f"{_three(factor / words[0])} {words[1]} times" if words else f"{_long(factor)} times"


def times_of(factor: float) -> str:
    """The same where what it is a multiple of comes next: "0.42 times", "1/667,000 of"."""
    text = times_text(factor)
    return f"{text} of" if "/" in text else text


def percent_text(fraction: float) -> str:
    """A fraction as a percentage: 0.0002 is "0.02 %"."""
    return f"{number_text(100 * fraction)} %"


def _three(size: float) -> str:
    if size >= 999.5:
        return f"{size:,.0f}"
    digits = 2 - math.floor(math.log10(size))
    text = f"{size:.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _long(size: float) -> str:
    """Three digits below a million, its zeros written out: "12,300"."""
    return number_text(size) if size < 9_999.5 else f"{round(float(_three(size / 1e3)) * 1e3):,}"


def _power_text(size: float) -> str:
    exponent = math.floor(math.log10(size))
    mantissa = size / 10.0**exponent
    if float(f"{mantissa:.1f}") >= 10:
        mantissa, exponent = mantissa / 10, exponent + 1
    text = f"{mantissa:.1f}".removesuffix(".0")
    return f"{text} × 10{raised(exponent)}"
