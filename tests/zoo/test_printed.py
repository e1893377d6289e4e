"""The lecture's tables against the models that are in the zoo."""

import pytest

from cnnviz import zoo
from cnnviz.zoo.printed import ENTRIES, RESNEXT_TABLE_1, SENET_TABLE_2, STAGES, stage_input


@pytest.mark.parametrize("line", SENET_TABLE_2, ids=lambda line: line.title)
def test_squeezing_lowers_both_errors_and_costs_little(line):
    assert line.se[0] < line.again[0]
    assert line.se[1] < line.again[1]
    assert line.gflops < line.se_gflops < 1.01 * line.gflops


@pytest.mark.parametrize("line", SENET_TABLE_2[:3], ids=lambda line: line.title)
def test_printed_gflops_are_our_multiply_adds(line):
    assert zoo.totals(line.network).macs / 1e9 == pytest.approx(line.gflops, rel=0.01)


@pytest.mark.parametrize("line", SENET_TABLE_2[:3], ids=lambda line: line.title)
def test_gates_cost_as_little_in_our_models(line):
    assert 1 < zoo.totals(line.with_se).macs / zoo.totals(line.network).macs < 1.01


@pytest.mark.parametrize(("title", "name", "params", "macs"), RESNEXT_TABLE_1, ids=lambda value: str(value)[:9])
def test_cardinality_was_bought_at_equal_cost(title, name, params, macs):
    assert params.agrees_with(zoo.totals(name).params)
    assert macs.value == pytest.approx(zoo.totals(name).macs, rel=0.07)


@pytest.mark.parametrize(
    ("name", "team"), [("alexnet", "AlexNet"), ("vgg16", "VGG"), ("resnet152", "ResNet"), ("googlenet", "GoogLeNet")]
)
def test_winners_have_as_many_layers_as_our_models(name, team):
    (layers,) = {entry.layers for entry in ENTRIES if team in entry.team}
    assert zoo.totals(name).depth == layers


@pytest.mark.parametrize("table", STAGES, ids=lambda table: table.network)
def test_printed_inputs_of_stages_are_our_models(table):
    zoo.totals(table.network)
    rows = zoo.table(table.network)
    for part, _what, channels, side in table.lines:
        found = stage_input(rows, part)
        assert (part, found[1]) == (part, side)
        assert channels in (None, found[0])


def test_a_stages_input_is_what_its_first_row_reads():
    assert stage_input(zoo.table("resnet18"), "conv3_x") == (64, 56)
    assert stage_input(zoo.table("resnet18"), "head.fc") == (512, 1)
