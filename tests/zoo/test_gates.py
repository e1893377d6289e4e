"""Receptive fields behind gates and attention: what the windows see, and that through a gate each value sees all of the image."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from weightless import rows_of

from cnnviz import zoo
from cnnviz.zoo import Row, registry, rows
from cnnviz.zoo.blocks import SqueezeExcitation, conv
from cnnviz.zoo.families.cbam import ChannelAttention, SpatialAttention
from cnnviz.zoo.families.residual_attention import Attention
from cnnviz.zoo.families.sagan import SelfAttention
from cnnviz.zoo.trace import table_of

SIDE = 24
# the shortest network of each family that has gates
GATED = ("se_resnet50", "cbam_resnet50", "efficientnet_b0", "sagan_attention", "attention56")
GATES = (SqueezeExcitation, ChannelAttention, SpatialAttention, SelfAttention)


class After(nn.Module):
    """A 3×3 convolution, then a block, a function of the map and of three 1×1 convolutions, then a 3×3 convolution."""

    def __init__(self, block) -> None:
        super().__init__()
        self.first, self.last = conv(4, 4, 3), conv(4, 4, 3)
        self.ones = nn.ModuleList(conv(4, 4, 1) for _ in range(3))
        self.window = conv(4, 4, 7)
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.block(self.first(x), self))


def squeezed_by_pool(x: Tensor, net: After) -> Tensor:
    return x * torch.sigmoid(net.ones[0](F.adaptive_avg_pool2d(x, 1)))


def squeezed_by_mean(x: Tensor, net: After) -> Tensor:
    return x * F.hardsigmoid(F.linear(x.mean((2, 3)), net.ones[0].weight.flatten(1))).view(1, 4, 1, 1)


def pooled_and_spread(x: Tensor, net: After) -> Tensor:
    context = F.interpolate(net.ones[0](F.adaptive_avg_pool2d(x, 1)), size=x.shape[2:], mode="bilinear")
    return x + net.window(context)


def non_local(x: Tensor, net: After) -> Tensor:
    f, g, h = (one(x).flatten(2) for one in net.ones)
    beta = torch.softmax(g.transpose(1, 2) @ f, 2)
    return x + (h @ beta.transpose(1, 2)).unflatten(2, x.shape[2:])


def global_context(x: Tensor, net: After) -> Tensor:
    shares = torch.softmax(net.ones[0](x)[:, :1].flatten(2), 2)
    return x + net.ones[1]((x.flatten(2) @ shares.transpose(1, 2)).unsqueeze(3))


WHOLE = (squeezed_by_pool, squeezed_by_mean, pooled_and_spread, non_local, global_context)


def table(block) -> tuple[Row, ...]:
    return table_of(After(block).to("meta"), (4, SIDE, SIDE))


def reached(block) -> tuple[int, int]:
    """How many rows and columns of the image a value in the middle of the result depends on."""
    torch.manual_seed(0)
    image = torch.rand(1, 4, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
    result = After(block).double()(image)
    (gradient,) = torch.autograd.grad(result[0, 0, SIDE // 2, SIDE // 2], image)
    touched = gradient[0].abs().sum(0) > 0
    return int(touched.any(1).sum()), int(touched.any(0).sum())


@pytest.mark.parametrize("block", WHOLE)
def test_what_is_fed_back_from_the_whole_map_lets_each_value_see_all_of_the_image(block) -> None:
    last = table(block)[-1]
    assert (last.receptive_field, last.gated_field, last.sees_all) == ((5, 5), (), True)
    assert reached(block) == (SIDE, SIDE)


def test_a_mask_that_windows_made_reaches_as_far_as_these_and_no_further() -> None:
    def spatial(x: Tensor, net: After) -> Tensor:
        return x * torch.sigmoid(net.window(x))

    last = table(spatial)[-1]
    assert (last.receptive_field, last.gated_field, last.sees_all) == ((5, 5), (11, 11), False)
    assert reached(spatial) == (11, 11)


def test_without_a_gate_nothing_is_told_apart() -> None:
    plain = table(lambda x, net: x + net.ones[0](x))
    assert [(row.gated_field, row.sees_all) for row in plain] == [((), False)] * len(plain)
    assert not rows.has_gates(plain)


def without_gates(name: str) -> tuple[Row, ...]:
    """A network's rows, each of its gates taken out."""
    with torch.device("meta"):
        model = registry.find(name).build()
    for module in model.modules():
        if isinstance(module, GATES):
            module.forward = lambda x: x
        if isinstance(module, Attention):
            module.forward = nn.Sequential(module.before, module.trunk, module.after).forward
    return table_of(model, zoo.card(name).input_shape)


@pytest.mark.parametrize("name", GATED)
def test_the_convolutions_see_what_they_see_in_the_network_without_its_gates(name: str) -> None:
    plain = without_gates(name)
    assert not rows.has_gates(plain)
    gated = {row.name: row.receptive_field for row in rows_of(name)}
    shared = {row.name: row.receptive_field for row in plain if row.name in gated}
    assert len(shared) > len(plain) // 2
    assert shared == {layer: gated[layer] for layer in shared}
    assert rows_of(name)[-1].sees_all


@pytest.mark.parametrize("name", [name for name in zoo.names() if rows.has_gates(zoo.table(name))])
def test_gates_come_late_and_stay(name: str) -> None:
    table = zoo.table(name)
    for row in table[1:]:
        behind = any(table[source].sees_all for source in row.sources)
        assert row.sees_all or not behind, f"{row.name} of {name} sees less than what feeds it"


def test_the_networks_with_gates_are_these() -> None:
    gated = {zoo.card(name).family for name in zoo.names() if any(row.sees_all for row in zoo.table(name))}
    assert gated == {"se_resnet", "cbam", "sagan", "residual_attention", "efficientnet"}


def test_senet_154_sees_the_whole_image_and_its_convolutions_1455_pixels() -> None:
    last = next(row for row in reversed(zoo.table("senet154")) if len(row.output_shape) == 3 and row.output_shape[1] > 1)
    assert rows.sees(last) == "the whole image, through the gates; 1455×1455 of it by convolutions alone"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row("a", "conv", "Conv2d", (4, 8, 8), receptive_field=(3, 1)), "3×1 of the image"),
        (Row("a", "multiply", "mul", (4, 8, 8), receptive_field=(3, 3), gated_field=(9, 9)),
         "9×9 of the image through the gates; 3×3 by convolutions alone"),
        (Row("a", "fc", "Linear", (4,)), ""),
    ],
)  # fmt: skip
def test_a_row_says_in_words_what_it_sees(row: Row, words: str) -> None:
    assert rows.sees(row) == words


def test_a_table_for_a_terminal_and_its_csv_tell_both() -> None:
    gated = table(squeezed_by_pool)
    text = rows.to_text(gated).splitlines()
    assert text[len(gated)].split("  ")[-1].strip() == "all (5)"
    assert text[-2] == "sees: all is the whole image, through gates or attention; in brackets what the convolutions alone see."
    last = rows.to_csv(gated).splitlines()[-1].split(",")
    head = rows.to_csv(gated).splitlines()[0].split(",")
    told = dict(zip(head, last, strict=True))
    assert (told["receptive_field"], told["gated_field"], told["sees_all"]) == ("5x5", "", "yes")
