import re

from cnnviz.plots import theme
from cnnviz.plots.chain import chain_walk
from cnnviz.plots.log_ticks import COUNTS, LABELLED, LABELS
from cnnviz.settings import ROOT


def test_no_log_axis_is_made_anywhere_else():
    made = {
        path.name
        for folder in ("plots", "ui", "lessons")
        for path in (ROOT / "cnnviz" / folder).rglob("*.py")
        if re.search(r"""type["']?\s*[=:]\s*["']log["']|[xy]axis_type|exponentformat="power""", path.read_text(encoding="utf-8"))
    }
    assert made == {"theme.py"}


def test_a_digit_of_a_decade_is_told_with_its_power_or_not_at_all():
    assert {digit: LABELS[f"{digit}.00e−5"] for digit in range(1, 10)} == {
        1: "10<sup>−5</sup>",
        2: "2×10<sup>−5</sup>",
        5: "5×10<sup>−5</sup>",
    } | {digit: "" for digit in range(1, 10) if digit not in LABELLED}
    assert [LABELS[f"2.00e{exponent}"] for exponent in ("−3", "−1", "+0", "+2", "+3")] == ["0.002", "0.2", "2", "200", "2,000"]
    assert [COUNTS[f"5.00e+{exponent}"] for exponent in (0, 2, 3, 7, 11)] == ["5", "500", "5k", "50M", "500G"]


def test_the_panel_is_not_sent_the_labels_that_it_has():
    plot = chain_walk(("A",))
    assert plot.figure.layout.yaxis2.labelalias == LABELS
    sent = plot.to_json()["figure"]["layout"]["yaxis2"]
    assert sent == {name: value for name, value in theme.log_axis("|∂loss / ∂aₗ|", nticks=5).items() if name != "labelalias"} | {
        name: sent[name] for name in ("anchor", "domain") if name in sent
    }
