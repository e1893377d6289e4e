"""The architecture explorer, as Streamlit runs it: every network opens, links are read, filters filter."""

import pytest

from cnnviz import zoo
from cnnviz.engine.lockstep import check_lockstep
from cnnviz.plots.architecture import told
from cnnviz.plots.numbers import cost_text
from cnnviz.settings import ROOT
from cnnviz.ui import describe
from cnnviz.ui.zoo import pick, state
from cnnviz.ui.zoo.all import reported
from cnnviz.ui.zoo.timing import asked
from cnnviz.zoo import graph
from cnnviz.zoo.budget import budget
from cnnviz.zoo.printed import TABLES
from cnnviz.zoo.timed import refusal

PAGE = ROOT / "pages" / "510_architectures.py"
FAMILIES = list({zoo.card(name).family: name for name in zoo.names()}.values())


def texts(test):
    kinds = (test.markdown, test.caption, test.warning, test.subheader, test.metric)
    return " ".join(str(getattr(element, "body", "") or element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_network_of_every_family_opens_by_its_link(visit, name):
    test = visit(PAGE, v="1", network=name)
    card = zoo.card(name)
    assert not test.exception
    assert not test.error
    assert not test.warning
    shown = texts(test)
    assert card.title in shown
    assert card.paper.link in shown
    assert f"{zoo.totals(name).params:,}" in shown
    assert len(test.dataframe[0].value) == len(zoo.table(name))


def test_another_network_forgets_the_part_that_was_picked(visit):
    rows = zoo.table("resnet152")
    block = next(part.rows[-1] for part in graph.view(rows, "conv3_x.0"))
    test = visit(PAGE, v="1", network="resnet152", inside="conv3_x.0", block=str(block))
    assert test.selectbox(key="architectures.inside").value == "conv3_x.0"
    assert test.selectbox(key="architectures.block").value == block
    moved = test.selectbox(key="architectures.network").set_value("vgg16").run()
    assert not moved.exception
    assert moved.session_state["architectures.inside"] == ""
    assert moved.session_state["architectures.block"] is None
    assert dict(moved.query_params) in ({"v": ["1"], "network": ["vgg16"]}, {"v": "1", "network": "vgg16"})


def test_a_picked_layer_is_told_with_its_formula(visit):
    rows = zoo.table("alexnet")
    block = next(part.rows[-1] for part in graph.view(rows) if part.name == "conv2")
    test = visit(PAGE, v="1", network="alexnet", block=str(block))
    assert any(r"\frac{96}{2} \cdot 256 + 256" in element.value for element in test.latex)


def test_a_layer_behind_a_gate_is_told_what_its_convolutions_see_beside_the_whole_image(visit):
    rows = zoo.table("se_resnet50")
    block = next(part.rows[-1] for part in graph.view(rows, "conv5_x.2") if part.name == "conv5_x.2.conv3")
    test = visit(PAGE, v="1", network="se_resnet50", inside="conv5_x.2", block=str(block))
    assert "One value sees the whole image, through the gates; 483×483 of it by convolutions alone." in texts(test)
    shown = test.dataframe[0].value
    assert (shown["sees"][block], shown["convolutions see"][block]) == ("whole image, through the gates", "483×483")


def test_without_gates_a_table_has_one_column_of_what_is_seen(visit):
    test = visit(PAGE, v="1", network="resnet18")
    assert list(test.dataframe[0].value)[-2:] == ["sees", "from rows"]
    assert test.dataframe[0].value["sees"][1] == "7×7"


@pytest.mark.parametrize(
    "params",
    [
        {"network": "<script>alert(1)</script>"},
        {"view": "../../etc"},
        {"years": "1900-x"},
        {"block": "-1"},
        {"category": "magic"},
        {"nonsense": "1"},
        {"search": "9" * 100},
        {"search": "9" * 10_000},
        {"v": "99"},
        {"block": "99999"},
        {"block": "3", "inside": "conv9_x"},
        {"inside": "conv9_x"},
        {"measure": "how it feels"},
        {"side": "200"},
        {"side": "2000"},
        {"side": "-5"},
        {"side": "9" * 50},
        {"batch": "3"},
        {"against": "time"},
        {"timed": "1000"},
        {"passes": "one"},
        {"only": "yes"},
        {"table": "<b>"},
    ],
    ids=lambda params: "-".join(part for pair in params.items() for part in pair)[:20],
)
def test_a_bad_link_gives_the_page_with_one_line_on_what_was_dropped(visit, params):
    test = visit(PAGE, **params)
    assert not test.exception
    assert len(test.warning) == 1
    assert test.warning[0].value.startswith("The link was opened without: ") or "side" in params
    assert test.selectbox(key="architectures.network").value == state.FIRST


def test_a_link_to_a_row_that_is_none_says_which_there_are():
    values, dropped = state.read({"network": "alexnet", "block": "99999"})
    assert values["block"] is None
    (sentence,) = dropped
    assert sentence.startswith("block 99999: AlexNet (two towers, 2012) draws no such row; it has")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_link_to_any_row_leads_to_the_part_that_it_is_drawn_in(name):
    parts = graph.view(zoo.table(name))
    for part in (parts[0], parts[len(parts) // 2], parts[-1]):
        for row in part.rows:
            values, dropped = state.read({"network": name, "block": str(row)})
            assert (values["block"], dropped) == (part.rows[-1], ())


def test_a_state_survives_its_link():
    values, dropped = state.read({})
    assert dropped == ()
    assert state.write(values) == {}
    first, last = state.bounds()
    changed = {
        "network": "resnet50", "view": "two", "search": "he", "years": (first, last - 1), "category": "depth", "params": "10M",
        "macs": "4G", "inside": "conv3_x.0", "block": 42, "other": "alexnet", "only": True, "side": 96, "batch": 128,
        "against": "batch", "timed": 4, "passes": 50, "measure": "ImageNet, top-5", "table": TABLES[-1].title,
    }  # fmt: skip
    assert set(changed) == set(values)
    assert all(changed[name] != values[name] for name in values)
    assert state.read(state.write(changed)) == (changed, ())


def test_filters_leave_what_they_say():
    first, last = state.bounds()
    everything = ("", (first, last), state.ANY, state.ANY, state.ANY)
    assert pick.matching(*everything) == zoo.names()
    assert set(pick.matching("he zhang 2015", *everything[1:])) == {
        n for n in zoo.names() if zoo.card(n).family in ("resnet", "cifar_resnet")
    }
    assert all(zoo.card(name).year <= 2014 for name in pick.matching("", (first, 2014), *everything[2:]))
    assert all("depth" in zoo.card(name).categories for name in pick.matching("", (first, last), "depth", "any", "any"))
    small = pick.matching("", (first, last), state.ANY, "1M", "100M")
    assert small == tuple(n for n in zoo.names() if zoo.totals(n).params <= 10**6 and zoo.totals(n).macs <= 10**8)


@pytest.mark.parametrize("view", state.VIEWS)
def test_every_view_draws(visit, view):
    test = visit(PAGE, v="1", view=view)
    assert not test.exception
    assert not test.error
    assert not test.warning
    assert test.radio(key="architectures.view").value == view


def test_what_was_picked_is_still_there_after_another_view(visit):
    rows = zoo.table("alexnet")
    block = next(part.rows[-1] for part in graph.view(rows) if part.name == "conv2")
    test = visit(PAGE, v="1", network="alexnet", block=str(block))
    away = test.radio(key="architectures.view").set_value("two").run()
    assert f"and {zoo.card(state.SECOND).title}" in texts(away)
    back = away.radio(key="architectures.view").set_value("network").run()
    assert not back.exception
    assert back.selectbox(key="architectures.block").value == block


def test_filters_that_leave_too_few_say_so(visit):
    test = visit(PAGE, v="1", view="all", search="zzz")
    assert not test.exception
    assert "widen the filters" in " ".join(element.value for element in test.info)


@pytest.mark.parametrize(
    ("view", "key", "kind", "value"),
    [
        ("network", "side", "select_slider", 96),
        ("network", "batch", "select_slider", 4),
        ("network", "against", "button_group", "batch"),
        ("network", "timed", "select_slider", 4),
        ("two", "passes", "select_slider", 5),
        ("two", "only", "toggle", True),
        ("all", "measure", "selectbox", "ImageNet, top-5"),
    ],
)
def test_what_is_set_on_the_page_stands_in_its_link_and_comes_back_from_it(visit, view, key, kind, value):
    test = visit(PAGE, v="1", view=view)
    moved = getattr(test, kind)(key=f"architectures.{key}").set_value(value).run()
    assert not moved.exception
    (text,) = [moved.query_params[key]] if isinstance(moved.query_params[key], str) else moved.query_params[key]
    again = visit(PAGE, v="1", view=view, **{key: text})
    assert not again.warning
    assert getattr(again, kind)(key=f"architectures.{key}").value == value


def test_the_cost_of_a_batch_follows_both_sliders(visit):
    cost = budget(zoo.totals("resnet50").params, zoo.costs("resnet50")[96], 4)
    shown = texts(visit(PAGE, v="1", network="resnet50", side="96", batch="4"))
    assert "4 examples of 96 × 96" in shown
    for number in (cost.training, cost.state, cost.maps, cost.inference, cost.weights, cost.alive):
        assert f"{cost_text(number)}B" in shown
    assert f"**{cost_text(cost.macs)}** multiply-adds" in shown


def test_a_network_of_one_size_has_no_slider_and_says_why(visit):
    test = visit(PAGE, v="1", network="alexnet", side="96")
    assert "AlexNet (two towers, 2012) takes 227 × 227 only" in texts(test)
    assert "32 examples of 227 × 227" in texts(test)
    assert "architectures.side" not in [slider.key for slider in test.select_slider]
    assert "architectures.against" not in [group.key for group in test.button_group]
    other = test.selectbox(key="architectures.network").set_value("resnet18").run()
    assert other.select_slider(key="architectures.side").value == 96


def test_a_size_at_which_nothing_was_counted_is_told(visit):
    test = visit(PAGE, v="1", network="nin_imagenet", side="32")
    said = "NIN for ImageNet takes images of at least 39 × 39; this is the paper's own size."
    assert [element.value for element in test.warning] == [said]
    assert "32 examples of 224 × 224" in texts(test)
    other = visit(PAGE, v="1", network="nin_imagenet", side="100")
    assert [element.value for element in other.warning] == [
        "Nothing was counted at 100 × 100 here; this is the paper's own size."
    ]


def test_two_networks_are_looked_at_at_the_same_size_where_both_take_it(visit):
    shown = texts(visit(PAGE, v="1", view="two", network="resnet50", other="inception_v3", side="320"))
    assert "| Side of the input | 320 × 320 | 320 × 320 |" in shown
    shown = texts(visit(PAGE, v="1", view="two", network="resnet50", other="alexnet", side="320"))
    assert "| Side of the input | 320 × 320 | 227 × 227 |" in shown


def test_the_error_that_the_page_opens_with_is_the_one_that_most_networks_report():
    by_pair = reported(zoo.names())
    assert max(by_pair, key=lambda pair: len(by_pair[pair])) == tuple(state.MEASURE.split(", "))


def test_an_error_that_too_few_report_is_told(visit):
    test = visit(PAGE, v="1", view="all", measure="CIFAR-10, error", search="inception")
    assert not test.exception
    (told,) = [element.value for element in test.warning]
    assert told == r"Too few of these networks report “CIFAR\-10, error”; here is ImageNet, top-1."


def test_a_timing_that_is_too_much_is_refused_with_the_way_out_and_has_no_panel(visit):
    test = visit(PAGE, v="1", network="vgg16", timed="64", passes="100")
    assert not test.exception
    assert [element.value for element in test.warning] == [refusal("vgg16", 224, 64, 100)]
    smaller = test.select_slider(key="architectures.timed").set_value(1).run()
    smaller = smaller.select_slider(key="architectures.passes").set_value(5).run()
    assert not smaller.warning


def test_both_networks_are_timed_in_one_run():
    variants = asked(["resnet18", "alexnet"], [96, 227], 2, 10)
    assert {letter: (it.timing.network, it.timing.input_side, it.batch_size, it.steps) for letter, it in variants.items()} == {
        "A": ("resnet18", 96, 2, 10),
        "B": ("alexnet", 227, 2, 10),
    }
    assert check_lockstep(variants) == variants["A"]
    assert describe(variants) == {"A": "ResNet-18", "B": "AlexNet (two towers, 2012)"}


def test_each_bar_is_told_in_words_to_who_goes_by_keyboard():
    rows = zoo.table("alexnet")
    parts = graph.view(rows)
    assert told(rows, parts[0]) == ("input", "input", "3×227×227", "0 parameters, 0 multiply-adds")
    place = next(place for place, part in enumerate(parts) if part.name == "fc8")
    assert told(rows, parts[place]) == ("fc8", "fc", "1000", "4.1 M parameters, 4.1 M multiply-adds")
