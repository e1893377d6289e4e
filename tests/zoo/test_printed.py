"""Printed tables against the zoo's networks, and what is said where they differ."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from modules import SECOND_WAY, Seen, look, products_of, size_of

from cnnviz import zoo
from cnnviz.zoo import ZooError
from cnnviz.zoo.printed import ENTRIES, TABLES
from cnnviz.zoo.printed.alexnet import ALEXNET
from cnnviz.zoo.printed.bn_inception import BN_INCEPTION
from cnnviz.zoo.printed.googlenet import GOOGLENET
from cnnviz.zoo.printed.mobilenet import MOBILENET_V1
from cnnviz.zoo.printed.parts import Part, part
from cnnviz.zoo.printed.resnext import RESNEXT
from cnnviz.zoo.printed.senet import SENET_2, SENET_8
from cnnviz.zoo.printed.tables import SAME, UNLIKE, Line, Reason, Table, Unlike, compared, counts, reasons, to_csv, to_file
from cnnviz.zoo.printed.winners import WINNERS


def titled(table: Table) -> str:
    return table.title


@pytest.mark.parametrize("table", [table for table in TABLES if table.networks], ids=titled)
def test_each_value_of_ours_is_what_the_networks_modules_have(table):
    for place, network in enumerate(table.networks):
        columns = [column for column in table.columns if column.of == place]
        before: tuple[Part | None, Seen | None] = (None, None)
        for line in (line for line in table.lines if line.names != "*"):
            ours, seen = part(network, line.names, before[0]), look(network, line.names, before[1])
            found = {column.head: column.measure(ours) for column in columns}
            assert found == {column.head: SECOND_WAY[column.measure.__name__](seen) for column in columns}, line.title
            before = ours, seen


# what the other whole networks count is held against torch's own counter in test_networks.py
@pytest.mark.parametrize("network", RESNEXT.networks)
def test_what_both_whole_networks_of_resnexts_table_count_is_what_their_modules_have(network):
    assert zoo.totals(network).params == size_of(network)
    assert zoo.totals(network).macs == products_of(network)


@pytest.mark.parametrize("table", TABLES, ids=titled)
def test_every_printed_value_is_ours_or_has_a_sentence(table):
    for line, cells in zip(table.lines, compared(table), strict=True):
        for cell in cells:
            assert (cell.state == UNLIKE) == bool(cell.why), line.title
            if cell.why:
                assert cell.printed != cell.ours
                assert cell.why.text[0].isupper()
                assert cell.why.text.endswith(".")
    same, held = counts(table)
    assert held - same == sum(len(cells) for cells in reasons(table).values())


def test_so_many_printed_values_are_ours():
    assert {table.title: counts(table) for table in TABLES} == {
        "AlexNet": (49, 58),
        "GoogLeNet": (113, 125),
        "BN-Inception": (92, 99),
        "Inception v2 (299)": (25, 26),
        "Inception v3, beside the same table": (18, 25),
        "ResNet-50 and ResNeXt-50": (24, 26),
        "MobileNet v1": (63, 67),
        "MobileNet v2": (46, 46),
        "EfficientNet-B0": (36, 36),
        "SENet, Table 2": (18, 29),
        "SENet, Table 8": (0, 0),
        "ImageNet's challenge by year": (2, 4),
    }


def misprints(table: Table) -> list[str]:
    return [cell for why, cells in reasons(table).items() if why.misprint for cell in cells]


def test_these_values_are_misprints():
    assert {table.title: misprints(table) for table in TABLES if misprints(table)} == {
        "AlexNet": [
            "Image, Feature map: 1 ≠ 3", "pool1, Activation: relu ≠ –", "pool2, Activation: relu ≠ –",
            "pool5, Activation: relu ≠ –",
            "drop6, Layer: 6 ≠ –", "drop6, Activation: relu ≠ –", "fc6, Layer: 7 ≠ 6", "fc7, Layer: 8 ≠ 7",
        ],
        "GoogLeNet": [
            "conv1, Params: 2.7K ≠ 9.19K", "conv1, Ops: 34M ≠ 118.0M", "inception (3b), Params: 380K ≠ 379.0K",
            "inception (4a), Params: 364K ≠ 366.8K", "inception (4b), Params: 437K ≠ 438.0K",
            "inception (4c), Params: 463K ≠ 497.5K",
            "inception (4d), Params: 580K ≠ 590.5K", "inception (4e), Params: 840K ≠ 847.0K",
            "inception (5b), Params: 1388K ≠ 1,409.0K", "inception (5a), Params: 1072K ≠ 1,018.0K",
            "inception (5a), Ops: 54M ≠ 51.1M",
        ],
        "BN-Inception": [
            "convolution, Depth: 1 ≠ 2", "inception (3c), Output size: 28×28×576 ≠ 14×14×576",
            "inception (4c), Output size: 14×14×576 ≠ 14×14×608", "inception (4d), Output size: 14×14×576 ≠ 14×14×608",
            "inception (4e), Output size: 14×14×1024 ≠ 7×7×1056",
        ],
        "Inception v2 (299)": ["conv6, Padded: – ≠ padded"],
        "MobileNet v1": ["separable14.depthwise, Stride: s2 ≠ s1"],
        "ImageNet's challenge by year": ["SuperVision – Toronto (AlexNet), Layers: 7 ≠ 8", "GoogLeNet, Layers: 19 ≠ 22"],
    }  # fmt: skip


def test_a_value_that_differs_without_a_reason_is_refused_and_so_is_a_reason_without_a_difference():
    first = MOBILENET_V1.lines[0]
    wrong = replace(MOBILENET_V1, lines=(replace(first, printed=("", "s1")),))
    with pytest.raises(ZooError, match="MobileNet v1, Conv, Stride: 's1' is printed, ours is 's2'; say why"):
        compared(wrong)
    needless = replace(MOBILENET_V1, lines=(replace(first, printed=("", Unlike("s2", Reason("It is not.")))),))
    with pytest.raises(ZooError, match="'s2' is what ours has, and yet a reason is given"):
        compared(needless)


def test_a_part_that_is_not_there_and_a_line_that_is_too_long_are_refused():
    with pytest.raises(ZooError, match=r"names \(='conv1 conv6'\): alexnet has no part called conv6"):
        part("alexnet", "conv1 conv6")
    with pytest.raises(ZooError, match="AlexNet, FC: 9 cells for 8 columns"):
        replace(ALEXNET, lines=(Line("FC", "fc6", ("",) * 9),))


def test_a_file_has_a_column_for_print_and_one_for_ours():
    rows = list(csv.DictReader(io.StringIO(to_csv(MOBILENET_V1))))
    assert len(rows) == len(MOBILENET_V1.lines)
    last = next(row for row in rows if row["part"] == "separable14.depthwise")
    assert last == {
        "Type": "Conv dw", "part": "separable14.depthwise", "Times, printed": "", "Times, here": "", "Stride, printed": "s2",
        "Stride, here": "s1", "Filter shape, printed": "3×3×1024 dw", "Filter shape, here": "3×3×1024 dw",
        "Input size, printed": "7×7×1024", "Input size, here": "7×7×1024", "Parameters, printed": "",
        "Parameters, here": "11,264", "Multiply-adds, printed": "", "Multiply-adds, here": "451,584",
    }  # fmt: skip


# What the sentences claim


def rows_of_kind(network: str, ending: str) -> int:
    """Values in the outputs of the rows whose names end so."""
    return sum(row.activations for row in zoo.table(network) if row.name.endswith(ending))


def test_alexnets_row_of_9216_is_its_last_map():
    rows = {row.name: row.output_shape for row in zoo.table("alexnet_one_tower")}
    assert rows["pool5"] == (256, 6, 6)
    assert rows["drop6"] == (256 * 6 * 6,) == (9216,)


def test_googlenets_operations_are_its_widths_where_its_parameters_are_not():
    states = {
        line.names: (cells[2].state, cells[3].state) for line, cells in zip(GOOGLENET.lines, compared(GOOGLENET), strict=True)
    }
    modules = {name.removeprefix("inception_"): state for name, state in states.items() if name.startswith("inception")}
    odd = {"3b", "4a", "4b", "4c", "4d", "4e", "5b"}
    assert modules == {"3a": (SAME, SAME), **dict.fromkeys(odd, (UNLIKE, SAME)), "5a": (UNLIKE, UNLIKE)}
    assert (388_096 / 1024, round(388_096 * 28 * 28 / 1e6)) == (379.0, 304)
    assert round(1072 * 1024 * 7 * 7 / 1e6) == 54


def test_googlenets_first_row_is_bn_inceptions_separable_layer():
    separable = [row for row in zoo.table("bn_inception") if row.name in ("conv1_depthwise", "conv1.conv")]
    assert sum(row.params for row in separable) == 2_712  # printed as 2.7K
    assert sum(row.macs for row in separable) // 10**6 == 34


@pytest.mark.parametrize(
    ("network", "printed"),
    [("resnet50", 3.86), ("resnet101", 7.58), ("resnet152", 11.30), ("resnext50_32x4d", 4.24), ("resnext101_32x4d", 7.98)],
)
def test_additions_of_shortcuts_make_most_of_senets_sums(network, printed):
    assert round((zoo.totals(network).macs + rows_of_kind(network, ".add")) / 1e9, 2) == printed


def test_senets_sums_are_close_to_ours():
    for line, cells in zip(SENET_2.lines[:5], compared(SENET_2), strict=False):
        without, with_it = (float(cells[place].printed) for place in (0, 1))
        network, gated = line.networks
        assert 1 <= without / (zoo.totals(network).macs / 1e9) < 1.003
        assert 1 < with_it / (zoo.totals(gated).macs / 1e9) < 1.005


def test_a_plain_first_layer_makes_senets_2_03_of_bn_inception():
    separable = sum(row.macs for row in zoo.table("bn_inception") if row.name.startswith("conv1"))
    assert round((zoo.totals("bn_inception").macs - separable + 3 * 49 * 64 * 112**2) / 1e9, 2) == 2.03


def test_bn_inceptions_branches_add_up_to_what_ours_puts_out():
    widths = {line.names: [int(text) for text in map(str, line.printed[3:8]) if text] for line in BN_INCEPTION.lines[4:-1]}
    outputs = {row.name.removesuffix(".cat"): row.output_shape[0] for row in zoo.table("bn_inception") if row.kind == "concat"}
    before = 192
    for line in BN_INCEPTION.lines[4:-1]:
        one, _, three, _, double = widths[line.names]
        projected = line.printed[8].rpartition(" + ")[2]
        assert outputs[line.names] == one + three + double + (before if projected == "pass through" else int(projected))
        before = outputs[line.names]


def test_bn_inception_has_the_1_94_g_of_nasnets_table_2_and_inception_resnet_v2_32_4_m_parameters():
    assert zoo.totals("bn_inception").macs // 10**7 == 194
    assert round(zoo.totals("inception_resnet_v2").params / 1e6, 1) == 32.4


def test_a_stride_of_two_in_mobilenets_last_depthwise_row_would_leave_four():
    assert (7 + 2 * 1 - 3) // 2 + 1 == 4


def test_the_first_resnet_strides_earlier_and_costs_less():
    printed = compared(RESNEXT)[-1][5]
    assert (printed.printed, printed.state) == ("4.1G", SAME)
    assert round(zoo.totals("resnet50").macs / 1e9, 2) == 3.86
    assert zoo.totals("resnet50").params == zoo.totals("resnet50_v1_5").params == 25_557_032


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_a_tables_file_begins_with_the_mark_by_which_a_spreadsheet_knows_utf_8(table):
    assert to_file(table).startswith(b"\xef\xbb\xbf")
    assert to_file(table).decode("utf-8-sig") == to_csv(table)


# Errors, which no network can tell


def test_squeezing_lowers_both_errors_by_what_is_printed():
    for cells in compared(SENET_2):
        assert [(cells[place].state, float(cells[place].ours) > 0) for place in (5, 9)] == [(SAME, True)] * 2


def on_card(network: str) -> set[float]:
    return {error.percent for error in zoo.card(network).errors}


def test_the_errors_of_table_2_and_8_are_those_on_the_cards():
    for line in SENET_2.lines[:5]:
        assert {float(line.printed[4]), float(line.printed[8])} <= on_card(line.networks[1])
    senet = next(line for line in SENET_8.lines if line.title == "SENet-154")
    assert set(map(float, senet.printed)) <= on_card("senet154")


def test_the_chart_of_winners_shows_the_tables_errors_and_our_depths():
    lines = [line for line in WINNERS.lines if line.title != "Human expert"]
    assert [(int(line.printed[0]), float(line.printed[2])) for line in lines] == [(it.year, it.percent) for it in ENTRIES]
    for line, entry in zip(lines, ENTRIES, strict=True):
        assert entry.layers == (zoo.totals(line.networks[0]).depth if line.networks else None)
