"""Cards, printed numbers and looking a network up."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest
from torch import nn

import cnnviz
from cnnviz import zoo
from cnnviz.zoo import registry
from cnnviz.zoo.cards import Card, Printed, ZooError
from cnnviz.zoo.registry import Network


@pytest.mark.parametrize(
    ("text", "agreeing", "others"),
    [
        ("60,000", (60_000,), (59_999, 60_001)),
        ("25.6M", (25_557_032, 25_550_000, 25_649_999), (25_549_999, 25_700_000)),
        ("25.5M", (25_557_032,), (25_400_000,)),  # cut instead of rounded, as some tables do
        ("3.8G", (3_858_000_000,), (3_900_000_000,)),
        ("60M", (60_965_224,), (61_100_840,)),
        ("0.27M", (269_722,), (280_000,)),
        ("450k", (450_499,), (449_000,)),
    ],
)
def test_a_printed_number_agrees_with_what_rounds_or_is_cut_to_it(
    text: str, agreeing: tuple[int, ...], others: tuple[int, ...]
) -> None:
    printed = Printed(text, "Table 1")
    assert [printed.agrees_with(number) for number in agreeing] == [True] * len(agreeing)
    assert [printed.agrees_with(number) for number in others] == [False] * len(others)


@pytest.mark.parametrize("text", ["", "many", "25.6 M", "1e6", "-3"])
def test_what_is_no_printed_number_is_refused(text: str) -> None:
    with pytest.raises(ZooError, match="must be a number such as '60,000'"):
        Printed(text, "Table 1")


@pytest.mark.parametrize("name", zoo.names()[::7])
def test_a_card_survives_its_way_through_json(name: str) -> None:
    card = zoo.card(name)
    assert Card.from_data(json.loads(json.dumps(card.to_data()))) == card


def test_a_card_checks_itself() -> None:
    card = zoo.card("lenet")
    with pytest.raises(ZooError, match=r"name \(='LeNet 5'\) must be small letters, digits and underscores\."):
        replace(card, name="LeNet 5")
    with pytest.raises(ZooError, match=r"categories \(=\('beauty',\)\) of lenet must be some of spatial exploitation, depth, "):
        replace(card, categories=("beauty",))
    with pytest.raises(ZooError, match="must be some of"):
        replace(card, categories=())
    with pytest.raises(ZooError, match=r"params \(=None\) of lenet must be a printed number, or unprinted must say why"):
        replace(card, params=None)


def test_an_unknown_network_names_the_near_ones() -> None:
    for look in (zoo.card, zoo.totals, zoo.table, zoo.build):
        with pytest.raises(ZooError, match=r"^There is no network 'resnet5'; try resnet50, .*\.$"):
            look("resnet5")


def test_a_name_is_registered_once() -> None:
    network = registry.find("lenet")
    with pytest.raises(ZooError) as refused:
        registry.register(network.card, network.builder)
    assert str(refused.value) == (
        "name (='lenet') is registered in cnnviz.zoo.families.lenet and again in cnnviz.zoo.families.lenet."
    )


def test_an_option_that_a_network_does_not_take_is_refused_with_those_it_takes() -> None:
    with pytest.raises(ZooError) as refused:
        zoo.build("stochastic_depth110", width=2)
    assert str(refused.value) == (
        "stochastic_depth110 has no option width (=2); its options are classes, in_channels, last_survival, seed."
    )


def test_what_a_table_fixed_is_no_option() -> None:
    def builder(width: int, classes: int, in_channels: int, gate: bool = False) -> nn.Module:
        return nn.Linear(width, classes)

    assert Network(zoo.card("lenet"), partial(builder, 3)).options == {"gate": "bool"}
    assert Network(zoo.card("lenet"), partial(builder, width=3)).options == {"gate": "bool"}


def test_the_package_offers_the_zoo() -> None:
    net = cnnviz.zoo.build("lenet", classes=3, in_channels=2)
    assert net.fc2.out_features == 3
    assert net.conv1.in_channels == 2


def test_a_table_of_another_size_is_written_down_anew() -> None:
    usual, other = zoo.table("cifar_resnet20"), zoo.table("cifar_resnet20", classes=100, input_shape=(1, 64, 48))
    assert other[0].output_shape == (1, 64, 48)
    assert other[-1].output_shape == (100,)
    assert [row.name for row in other] == [row.name for row in usual]


def test_errors_that_could_not_be_checked_are_marked() -> None:
    unchecked = {(name, error.percent) for name in zoo.names() for error in zoo.card(name).errors if not error.checked}
    assert unchecked == {
        ("cbam_resnet50", 22.66), ("cbam_resnet50", 6.31), ("highway_conv10", 0.45), ("inception_resnet_v1", 21.3),
        ("inception_resnet_v1", 5.5),
    }  # fmt: skip
