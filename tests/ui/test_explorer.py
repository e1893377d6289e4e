"""The architecture explorer, as Streamlit runs it: every network opens, links are read, filters filter."""

import pytest

from cnnviz import zoo
from cnnviz.settings import ROOT
from cnnviz.ui.zoo import pick, state
from cnnviz.zoo import graph

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
        {"inside": "conv9_x"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_a_bad_link_gives_the_page_with_one_line_on_what_was_dropped(visit, params):
    test = visit(PAGE, **params)
    assert not test.exception
    assert len(test.warning) == 1
    assert test.selectbox(key="architectures.network").value == state.FIRST


def test_a_state_survives_its_link():
    values, dropped = state.read({})
    assert dropped == ()
    assert state.write(values) == {}
    first, last = state.bounds()
    changed = {**values, "network": "vgg16", "years": (first, last - 1), "category": "depth", "params": "10M", "block": 3}
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
