import math

import pytest

from cnnviz.plots.numbers import cost_text, number_text, percent_text, times_of, times_text

NUMBERS = [
    (0, "0"),
    (-0.0, "0"),
    (1, "1"),
    (0.42, "0.42"),
    (2.302585, "2.3"),
    (12.345, "12.3"),
    (123.4, "123"),
    (9_999, "9,999"),
    (12_345, "12.3 k"),
    (999_499, "999 k"),
    (999_500, "1 M"),
    (4_500_000, "4.5 M"),
    (3.5e-5, "3.5 × 10⁻⁵"),
    (9.96e-6, "1 × 10⁻⁵"),
    (0.001, "0.001"),
    (4e11, "4 × 10¹¹"),
    (-3.5e-5, "−3.5 × 10⁻⁵"),
    (-12_345, "−12.3 k"),
    (math.inf, "∞"),
    (-math.inf, "−∞"),
    (math.nan, "not a number"),
]


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_a_number_is_written_short(value, text):
    assert number_text(value) == text


@pytest.mark.parametrize("exponent", range(-30, 30))
@pytest.mark.parametrize("mantissa", [1.0, 1.0499, 2.5, 9.949, 9.9951])
def test_a_short_number_is_within_five_per_cent_of_the_number(mantissa, exponent):
    value = mantissa * 10.0**exponent
    assert read_back(number_text(value)) == pytest.approx(value, rel=0.05)


def test_a_fraction_becomes_a_percentage():
    assert percent_text(0.0002) == "0.02 %"
    assert percent_text(0.8) == "80 %"
    assert percent_text(3.4) == "340 %"


FACTORS = [
    (1, "1 times"),
    (0.42, "0.42 times"),
    (0.01, "0.01 times"),
    (0.0099, "1/101"),
    (1.5e-6, "1/667,000"),
    (2e-9, "2 × 10⁻⁹ times"),
    (9_999, "9,999 times"),
    (12_345, "12,300 times"),
    (3_876_000, "3.88 million times"),
    (2.1e9, "2.1 billion times"),
    (3e13, "3 × 10¹³ times"),
    (0, "0 times"),
    (-0.001, "−1/1,000"),
    (math.inf, "∞"),
]


@pytest.mark.parametrize(("factor", "text"), FACTORS)
def test_a_factor_is_written_as_it_is_said(factor, text):
    assert times_text(factor) == text
    assert times_of(factor) == (f"{text} of" if "/" in text else text)


@pytest.mark.parametrize("exponent", range(-20, 20))
@pytest.mark.parametrize("mantissa", [1.0, 1.0499, 2.5, 9.949, 9.9951])
def test_a_factor_read_back_is_the_factor_within_five_per_cent(mantissa, exponent):
    factor = mantissa * 10.0**exponent
    text = times_text(factor).removesuffix(" times")
    size, _, word = text.removeprefix("1/").partition(" " if text.endswith("illion") else "\n")
    number = read_back(size) * {"million": 1e6, "billion": 1e9, "": 1.0}[word]
    assert (1 / number if text.startswith("1/") else number) == pytest.approx(factor, rel=0.05)


def read_back(text):
    """The number that a reader takes from the text."""
    plain = text.replace(",", "").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    if "×" in plain:
        mantissa, power = plain.split(" × 10")
        return float(mantissa) * 10.0 ** int(power)
    size, _, unit = plain.partition(" ")
    return float(size) * {"": 1.0, "k": 1e3, "M": 1e6}[unit]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (940, "940"), (11_689_512, "11.7 M"), (1_814_073_344, "1.81 G"), (999_900_000, "1 G")]
)
def test_costs_are_written_as_papers_write_them(count, text):
    assert cost_text(count) == text
