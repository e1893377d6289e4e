"""Every network of the zoo: it is what its card says, and its table adds up to the network itself."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from weightless import rows_of, weightless

from cnnviz import zoo
from cnnviz.settings import ROOT
from cnnviz.zoo import registry, rows, stored
from cnnviz.zoo.assets import families, stale

NAMES = tuple(registry.networks())
FEW = 30_000_000  # parameters at most of a network that gets memory here
SIDE = 64  # of the images that it sees then, where it takes them
REFRESH = "python -m cnnviz zoo-assets --family {}"


def card(name: str) -> zoo.Card:
    return registry.find(name).card


def outputs(result: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Logits, and what else a network puts out."""
    return (result,) if isinstance(result, Tensor) else result


def size(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


def test_the_oldest_comes_first_and_every_name_is_stored() -> None:
    assert zoo.names() == NAMES, REFRESH.format("NAME")
    assert [card(name).year for name in NAMES] == sorted(card(name).year for name in NAMES)


@pytest.mark.parametrize("family", families())
def test_a_familys_file_is_named_as_the_family(family: str) -> None:
    assert {network.place for network in families()[family]} == {f"cnnviz.zoo.families.{family}"}


def test_the_readme_tells_how_many_there_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"(\d+)\s+published\s+networks", text) == [str(len(NAMES))]


def test_no_file_is_left_over() -> None:
    assert stale() == []


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_card_and_table_are_the_networks_own(name: str) -> None:
    command = REFRESH.format(card(name).family)
    assert replace(zoo.card(name), smallest=0) == card(name), command
    assert zoo.totals(name) == rows.totals(rows_of(name)), command
    assert zoo.table(name) == rows_of(name), command


@pytest.mark.parametrize("name", [name for name in NAMES if card(name).params])
def test_the_parameters_are_as_many_as_published(name: str) -> None:
    published = card(name).params
    assert published is not None
    assert published.agrees_with(size(weightless(name))), f"{size(weightless(name)):,} is not {published}"


@pytest.mark.parametrize("name", [name for name in NAMES if card(name).macs])
def test_the_multiply_adds_are_as_many_as_published(name: str) -> None:
    published = card(name).macs
    assert published is not None
    assert published.agrees_with(zoo.totals(name).macs), f"{zoo.totals(name).macs:,} is not {published}"


@pytest.mark.parametrize("name", [name for name in NAMES if card(name).depth])
def test_the_longest_path_has_as_many_weighted_layers_as_the_paper_counts(name: str) -> None:
    assert rows.depth(rows_of(name)) == card(name).depth


@pytest.mark.parametrize("name", NAMES)
def test_the_rows_add_up_to_the_networks_own_parameters(name: str) -> None:
    assert sum(row.params for row in rows_of(name)) == size(weightless(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_rows_add_up_to_the_multiply_adds_that_torch_counts(name: str) -> None:
    assert 2 * sum(row.macs for row in rows_of(name)) == counted(name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_fed_by_rows_above_and_feeds_one_below_unless_it_is_a_result(name: str) -> None:
    table = rows_of(name)
    assert all(row.sources and max(row.sources) < place for place, row in enumerate(table) if place)
    read = {source for row in table for source in row.sources}
    unread = [row for place, row in enumerate(table) if place not in read]
    assert 1 <= len(unread) <= len(counted(name)[1]), f"nothing reads {[row.name for row in unread]}"
    assert len({row.name for row in table}) == len(table)
    assert {row.kind for row in table} <= set(zoo.KINDS)


def test_a_layer_has_a_name_of_its_own_and_no_number_for_one() -> None:
    assert [(name, row.name) for name in NAMES for row in zoo.table(name) if row.name.rpartition(".")[2].isdigit()
            and row.kind not in ("add", "concat")] == []  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_other_classes_and_channels_any_batch_and_the_smallest_image_of_its_card(name: str) -> None:
    with torch.device("meta"):
        model = registry.find(name).build(classes=7, in_channels=2).eval()
    smallest, own = zoo.card(name).smallest, card(name).input_shape[1:]
    sides = [smallest or side for side in own]
    with torch.no_grad():
        assert outputs(model(torch.empty(3, 2, *sides, device="meta")))[0].shape == (3, 7)
    refused = [smallest - 1] * len(own) if smallest else [2 * side for side in own]
    assert smallest == 1 or not registry.passes(model, (2, *refused)), REFRESH.format(card(name).family)


@cache
def counted(name: str) -> tuple[int, tuple[Tensor, ...]]:
    """Operations of one example as torch counts them, two a multiply-add, and what comes out."""
    image = torch.empty(1, *card(name).input_shape, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        results = outputs(weightless(name)(image))
    assert results[0].shape == (1, card(name).classes)
    return counter.get_total_flops(), results


@pytest.mark.parametrize("name", [name for name in NAMES if zoo.totals(name).params <= FEW])
def test_its_outputs_are_finite_and_every_parameter_gets_a_gradient(name: str) -> None:
    torch.manual_seed(zlib.crc32(name.encode()))
    model = registry.find(name).build().eval()
    fill_zeros(model)
    loss_of(model, torch.randn(2, *small_shape(zoo.card(name)))).backward()
    for path, weight in model.named_parameters():
        assert weight.grad is not None, f"{path} of {name} gets no gradient"
        assert weight.grad.isfinite().all(), f"{path} of {name} gets a gradient that is not finite"
        assert weight.grad.any(), f"{path} of {name} gets a gradient of zeros"


@pytest.mark.parametrize("name", [name for name in NAMES if zoo.totals(name).params > FEW])
def test_a_gradient_reaches_every_parameter_of_a_large_network(name: str) -> None:
    loss_of(weightless(name), torch.empty(2, *card(name).input_shape, device="meta")).backward()
    assert [path for path, weight in weightless(name).named_parameters() if weight.grad is None] == []


def fill_zeros(model: nn.Module) -> None:
    """Give small numbers to weights that start at zero, as a learned scale of a branch may: they would hide the branch."""
    with torch.no_grad():
        for weight in model.parameters():
            if not weight.any():
                weight.normal_(0, 0.1)


def loss_of(model: nn.Module, images: Tensor) -> Tensor:
    """Some number that depends on every output."""
    results = outputs(model(images))
    assert all(result.isfinite().all() for result in results if result.device.type != "meta")
    return torch.stack(
        [(result * torch.linspace(-1, 1, result.shape[-1], device=result.device)).mean() for result in results]
    ).sum()


def small_shape(of: zoo.Card) -> tuple[int, ...]:
    """of: a stored card."""
    if not of.smallest:
        return of.input_shape
    return (of.channels, *(min(side, max(of.smallest, SIDE)) for side in of.input_shape[1:]))


@pytest.mark.parametrize("name", NAMES)
def test_a_card_tells_where_each_number_stands(name: str) -> None:
    own = card(name)
    assert re.match(r"https://(arxiv\.org/abs/\d{4}\.\d{4,5}$|doi\.org/|papers\.|proceedings\.|openaccess\.)", own.paper.link)
    assert all((own.paper.title, own.paper.authors, own.paper.venue, own.title))
    assert all(0 < error.percent < 100 and error.source and error.how for error in own.errors)
    assert {error.measure for error in own.errors} <= {"top-1", "top-5", "error"}
    assert all(printed.source for printed in (own.params, own.macs) if printed)


def test_the_whole_of_the_stored_zoo_is_small() -> None:
    assert sum(path.stat().st_size for path in stored.FOLDER.rglob("*") if path.is_file()) < 2_000_000
