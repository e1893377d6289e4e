"""Words for variants: what each has that the other has not."""

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.ui import describe

BASE = Experiment.of(depth=8, activation="sigmoid", init="standard")


def test_variants_are_described_by_what_differs():
    assert describe({"A": BASE, "B": replace(BASE, activation="relu", init="he")}) == {
        "A": "sigmoid, standard, ±1/√fan_in",
        "B": "ReLU, He normal",
    }


def test_a_switch_is_told_on_both_sides():
    assert describe({"A": BASE, "B": replace(BASE, skip=True)}) == {"A": "no skip connections", "B": "skip connections"}


def test_what_is_off_is_told_once():
    assert describe({"A": BASE, "B": replace(BASE, clip_norm=1.0)}) == {
        "A": "no clip gradient norm",
        "B": "clip gradient norm 1",
    }


def test_a_single_variant_is_described_by_its_network():
    assert describe({"A": BASE}) == {"A": "sigmoid, depth 8, standard, ±1/√fan_in"}


def test_a_norm_is_told_as_one():
    assert describe({"A": BASE, "B": replace(BASE, norm="batch")}) == {"A": "no norm", "B": "batch norm"}
