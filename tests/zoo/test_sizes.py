"""What networks cost at other sizes: each stored number is counted at its size, and adds up a second way."""

from __future__ import annotations

import zlib

import pytest
from weightless import weightless

from cnnviz import zoo
from cnnviz.zoo import Row, stored
from cnnviz.zoo.assets import families
from cnnviz.zoo.registry import Network
from cnnviz.zoo.sizes import SIDES, cost_of, most_alive, sides_of, takes_one_size
from cnnviz.zoo.trace import table_of

FEW, QUICK = 120, 500  # rows
REFRESH = "python -m cnnviz zoo-assets --family {}"


def resized(members: list[Network]) -> str:
    """The network of a family with fewest rows of those that take other sizes; "" for none, or none that is quick."""
    names = [network.card.name for network in members if zoo.card(network.card.name).smallest]
    name = min(names, key=lambda name: len(zoo.table(name)), default="")
    return name if name and len(zoo.table(name)) < QUICK else ""


@pytest.mark.parametrize("name", zoo.names())
def test_a_network_is_counted_at_every_side_that_it_takes_and_at_its_papers_as_its_table_says(name: str) -> None:
    card, costs = zoo.card(name), zoo.costs(name)
    own = card.input_shape[-1]
    assert tuple(costs) == sides_of(card)
    assert set(costs) == ({side for side in SIDES if side >= card.smallest} if card.smallest else set()) | {own}
    sums = zoo.totals(name)
    image = zoo.table(name)[0].activations
    assert (costs[own].macs, costs[own].maps) == (sums.macs, sums.activations + image)
    assert costs[own] == cost_of(zoo.table(name))
    assert all(cost.alive < cost.maps for cost in costs.values())


@pytest.mark.parametrize("name", [name for name in map(resized, families().values()) if name])
def test_the_stored_cost_at_another_size_is_that_of_the_network_itself(name: str) -> None:
    card, costs = zoo.card(name), zoo.costs(name)
    others = [side for side in costs if side != card.input_shape[-1]]
    side = others[zlib.crc32(name.encode()) % len(others)]
    rows = table_of(weightless(name), (card.channels, side, side))
    assert costs[side] == cost_of(rows), REFRESH.format(card.family)
    assert sum(row.params for row in rows) == zoo.totals(name).params


@pytest.mark.parametrize("name", [name for name in zoo.names() if len(zoo.table(name)) < FEW])
def test_what_is_alive_at_once_is_found_the_slow_way_too(name: str) -> None:
    rows = zoo.table(name)
    assert most_alive(rows) == alive_the_slow_way(rows)


def alive_the_slow_way(rows: tuple[Row, ...]) -> int:
    """For each moment, the outputs written by then that are the newest, are read later or now, or are never read."""

    def readers(place: int) -> list[int]:
        """Rows that read these numbers, themselves or as dropout passes them on."""
        found: list[int] = []
        for reader in range(place + 1, len(rows)):
            if place in rows[reader].sources:
                found.append(reader)
                if rows[reader].kind == "drop":
                    passed_on = readers(reader)
                    found += passed_on if passed_on else [len(rows)]
        return found

    written = [(place, max(readers(place), default=len(rows))) for place, row in enumerate(rows) if row.kind != "drop"]
    return max(sum(rows[place].activations for place, last in written if place <= now <= last) for now in range(len(rows)))


def test_a_skip_keeps_its_map_alive_until_it_is_added() -> None:
    chain = (
        Row("input", "input", "", (2, 4, 4)),
        Row("a", "conv", "Conv2d", (4, 4, 4), (0,)),
        Row("b", "conv", "Conv2d", (8, 4, 4), (1,)),
        Row("c", "conv", "Conv2d", (4, 4, 4), (2,)),
    )
    added = (*chain, Row("d", "add", "add", (4, 4, 4), (1, 3)))
    assert most_alive(chain) == 16 * (4 + 8)
    assert most_alive(added) == 16 * (4 + 8 + 4)


@pytest.mark.parametrize("name", [name for name in zoo.names() if not zoo.card(name).smallest])
def test_a_network_of_one_size_says_which_layer_binds_it(name: str) -> None:
    told = takes_one_size(zoo.card(name), zoo.table(name))
    assert told.startswith(f"{zoo.card(name).title} takes {' × '.join(map(str, zoo.card(name).input_shape[1:]))} only: its layer")


@pytest.mark.parametrize(
    ("name", "layer", "numbers"),
    [("alexnet", "fc6", 256 * 6 * 6), ("vgg16", "fc6", 512 * 7 * 7), ("lenet5_1998", "c5", 16 * 5 * 5),
     ("inception_v3_aux", "aux.conv2.conv", 128 * 5 * 5), ("capsnet", "digit", 1152 * 8)],
)  # fmt: skip
def test_the_layer_that_binds_a_network_to_one_size(name: str, layer: str, numbers: int) -> None:
    told = takes_one_size(zoo.card(name), zoo.table(name))
    assert f"“{layer}” has a weight for each of the {numbers:,} numbers" in told


def test_networks_of_any_size_have_no_such_layer_told() -> None:
    assert takes_one_size(zoo.card("resnet18"), zoo.table("resnet18")) == ""


def test_the_costs_are_stored_a_line_a_network() -> None:
    own = stored.read_sizes("lenet")
    text = stored.sizes_file("lenet").read_text(encoding="utf-8")
    assert stored.sizes_text(own) == text
    assert len(text.splitlines()) == len(own) + 2
