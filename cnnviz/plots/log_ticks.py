"""The labels of every logarithmic axis: full numbers at 1, 2 and 5 a decade, powers of ten over many decades, none at 3 or 7.

Plotly chooses the ticks anew at each change of the range: fractions of a decade, digits of decades, or powers of ten. It writes
the digits bare, "2, 5, 2, 5", as many as there are. So each kind is asked for in a form of its own, which tells the number, and
LABELS has what is read in its place. `ui/panel/ticks.js` has the same table, which is too large to be sent with every chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

TICKS = 5  # about as many as there is room for; Plotly decides
DECADES, DIGITS, FRACTIONS = ".1e", ".2e", ",.6~g"  # "1.0e−5"; "2.00e−5"; "0.25" or "2.5e−7"
LABELLED = (1, 2, 5)
PLAIN = range(-3, 4)  # exponents that are written out
POWERS = range(-46, 39)  # exponents in float32
FRACTIONED = (*range(-12, -3), *range(6, 10))  # where FRACTIONS gives an exponent or many zeros
THOUSANDS = ("", "k", "M", "G", "T")


def log_ticks(counted: bool = False) -> dict[str, Any]:
    """The settings of a log axis that decide its ticks and their labels.

    counted: k, M and G for thousands in the place of powers of ten; from 1 on.
    """
    stops = (("L0", "L1e99", "~s" if counted else FRACTIONS), (0, 99, DECADES))
    return {
        "nticks": TICKS,
        "tickformat": DIGITS,
        "tickformatstops": [{"dtickrange": [first, last], "value": value} for first, last, value in stops],
        "hoverformat": ".6~g",
        "labelalias": COUNTS if counted else LABELS,
    }


def _powers() -> Iterator[tuple[str, str]]:
    """What Plotly would write of powers of ten, of digits of decades and of fractions, and what is written in its place."""
    for exponent in POWERS:
        yield f"1.0{_exponent(exponent)}", _power(1, exponent)
        for digit in range(1, 10):
            yield f"{digit}.00{_exponent(exponent)}", _power(digit, exponent) if digit in LABELLED else ""
    for exponent in FRACTIONED:
        for tenths in range(10, 100):
            yield _fraction(tenths, exponent), _power(tenths / 10, exponent)


def _counts() -> Iterator[tuple[str, str]]:
    """The same with k, M and G."""
    for exponent in range(3 * len(THOUSANDS)):
        texts = [f"{digit * 10 ** (exponent % 3)}{THOUSANDS[exponent // 3]}" for digit in range(10)]
        yield f"1.0{_exponent(exponent)}", texts[1]
        for digit in range(1, 10):
            yield f"{digit}.00{_exponent(exponent)}", texts[digit] if digit in LABELLED else ""


def _exponent(exponent: int) -> str:
    return f"e{'−' if exponent < 0 else '+'}{abs(exponent)}"


def _fraction(tenths: int, exponent: int) -> str:
    """Tenths of a power of ten, as FRACTIONS writes them."""
    if -7 < exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{tenths}".rstrip("0")
    return f"{tenths / 10:g}{_exponent(exponent)}"


def _power(mantissa: float, exponent: int) -> str:
    if exponent in PLAIN:
        return f"{mantissa * 10.0**exponent:,.{max(-exponent, 0)}f}"
    return f"{f'{mantissa:g}×' if mantissa != 1 else ''}10<sup>{str(exponent).replace('-', '−')}</sup>"


LABELS: Mapping[str, str] = dict(_powers())
COUNTS: Mapping[str, str] = dict(_counts())
