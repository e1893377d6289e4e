"""A table's rows: what makes one, what feeds it, and what it counts, on networks small enough to know the answer."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz import zoo
from cnnviz.zoo import Row, rows
from cnnviz.zoo.blocks import Concat, SqueezeExcitation, conv
from cnnviz.zoo.trace import table_of


class Of(nn.Module):
    """A network whose forward pass is a function of the image and of two convolutions."""

    def __init__(self, function, **modules: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.net = nn.ModuleDict(modules)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.net)


def measured(function, shape: tuple[int, ...] = (4, 8, 8), **modules: nn.Module) -> tuple[Row, ...]:
    return table_of(Of(function, **modules).to("meta"), shape)


def edges(table: tuple[Row, ...]) -> dict[str, list[str]]:
    """What feeds what, by name."""
    return {row.name: [table[source].name for source in row.sources] for row in table[1:]}


def test_a_row_says_everything_of_its_layer() -> None:
    layer = nn.Conv2d(4, 6, (3, 1), stride=(2, 1), padding=(1, 0), groups=2)
    assert measured(lambda x, net: net["a"](x), a=layer)[1] == Row(
        name="net.a", kind="conv", operation="Conv2d", output_shape=(6, 4, 8), sources=(0,), kernel_size=(3, 1), stride=(2, 1),
        padding=(1, 0), groups=2, params=6 * 2 * 3 + 6, macs=6 * 4 * 8 * 2 * 3, receptive_field=(3, 1),
    )  # fmt: skip


def test_chunks_reshapes_and_padding_pass_on_where_they_come_from() -> None:
    def forward(x, net):
        first, second = net["a"](x).chunk(2, 1)
        shuffled = F.pad(second, (1, 1, 1, 1)).flatten(2).transpose(1, 2).reshape(1, 2, 10, 10)
        return torch.cat([first, shuffled[:, :, 1:-1, 1:-1]], 1)

    assert edges(measured(forward, a=conv(4, 4, 1))) == {"net.a": ["input"], "cat": ["net.a"]}


def test_a_skip_is_an_edge_and_a_number_times_a_map_is_no_row() -> None:
    table = measured(lambda x, net: x + 0.2 * net["a"](x) - 1.0, a=conv(4, 4, 3))
    assert edges(table) == {"net.a": ["input"], "add": ["input", "net.a"]}


def test_an_operation_in_place_is_a_row_like_another() -> None:
    def forward(x, net):
        y = net["b"](net["a"](x))
        y += x
        return F.relu_(y)

    table = measured(forward, a=conv(4, 4, 3), b=nn.ReLU(inplace=True))
    assert [row.kind for row in table] == ["input", "conv", "activation", "add", "activation"]
    assert edges(table)["add"] == ["input", "net.b"]


def test_a_module_that_runs_twice_counts_its_weights_once_and_its_work_twice() -> None:
    table = measured(lambda x, net: net["a"](net["a"](x)), a=conv(4, 4, 3))
    assert [(row.name, row.params, row.macs) for row in table[1:]] == [("net.a", 144, 9216), ("net.a#2", 0, 9216)]


def test_a_bare_weight_is_counted_where_it_first_counts() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gamma = nn.Parameter(torch.zeros(4))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.gamma.view(1, 4, 1, 1)

    table = measured(lambda x, net: net["a"](x), a=Scaled())
    assert [(row.name, row.kind, row.params) for row in table[1:]] == [("net.a", "multiply", 4)]


def test_what_is_done_to_weights_belongs_to_the_layer_that_uses_them() -> None:
    def forward(x, net):
        weight = net["a"].weight
        return F.conv2d(x, weight / weight.mean((1, 2, 3), keepdim=True), padding=1)

    table = measured(forward, a=conv(4, 4, 3))
    assert [(row.kind, row.params) for row in table[1:]] == [("conv", 144)]


def test_a_module_that_names_its_kind_is_one_row_whatever_it_does_inside() -> None:
    class Routed(nn.Module):
        row = "capsule"

        def __init__(self) -> None:
            super().__init__()
            self.inner = conv(4, 4, 1)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            votes = self.inner(x)
            for _ in range(3):
                votes = votes * torch.softmax(votes.square().sum(1, keepdim=True), 2)
            return votes, x.mean(1)

    def forward(x, net):
        votes, mean = net["b"](net["a"](x))
        return votes + mean

    table = measured(forward, a=conv(4, 4, 3), b=Routed())
    assert [(row.name, row.kind, row.params, row.macs) for row in table[2:]] == [
        ("net.b", "capsule", 16, 16 * 64),
        ("add", "add", 0, 0),
    ]
    assert edges(table)["net.b"] == ["net.a"]
    assert edges(table)["add"] == ["net.b"]


@pytest.mark.parametrize(
    ("function", "macs"),
    [
        (lambda x, net: x.flatten(2) @ x.flatten(2).transpose(1, 2), 4 * 4 * 64),
        (lambda x, net: torch.bmm(x.flatten(2).transpose(1, 2), x.flatten(2)), 64 * 64 * 4),
        (lambda x, net: torch.einsum("nchw,ncxy->nhwxy", x, x), 64 * 64 * 4),
        (lambda x, net: F.conv_transpose2d(x, net["a"].weight, stride=2), 4 * 64 * 6 * 9),
    ],
)
def test_products_are_counted_as_torch_counts_them(function, macs: int) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    model = Of(function, a=nn.Conv2d(6, 4, 3, bias=False)).to("meta")
    assert sum(row.macs for row in table_of(model, (4, 8, 8))) == macs
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 4, 8, 8, device="meta"))
    assert counter.get_total_flops() == 2 * macs


SEQUENCES = {
    "convolutions": [conv(1, 1, 3), conv(1, 1, 5, 2), conv(1, 1, (1, 7)), conv(1, 1, 3, 2)],
    "pools": [conv(1, 1, 7, 2), nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), conv(1, 1, 3)],
    "dilated": [nn.Conv2d(1, 1, 3, dilation=3), conv(1, 1, 3)],
    "enlarged": [conv(1, 1, 3, 2), nn.Upsample(scale_factor=2), conv(1, 1, 3)],
    "transposed": [conv(1, 1, 3, 2), nn.ConvTranspose2d(1, 1, 2, 2), conv(1, 1, 3)],
    "branches": [conv(1, 1, 3), Concat(a=conv(1, 1, 5), b=nn.Sequential(conv(1, 1, 3), conv(1, 1, 5))), conv(2, 1, 3)],
    "global": [conv(1, 1, 3, 2), nn.AdaptiveAvgPool2d(1)],
}


ENLARGING = ("enlarged", "transposed")  # there it depends on the place: told is what bounds it


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_receptive_field_is_what_a_gradient_reaches(name: str) -> None:
    side = 33 if name == "global" else 96
    model = nn.Sequential(*SEQUENCES[name])
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(1.0)  # no two paths cancel
    told = table_of(model, (1, side, side))[-1].receptive_field
    reached = max_reach(model, side)
    slack = (0, 1, 2) if name in ENLARGING else (0,)
    assert {min(pixels, side) - found for pixels, found in zip(told, reached, strict=True)} <= set(slack)


def max_reach(model: nn.Sequential, side: int) -> tuple[int, int]:
    """The largest extent of the input that one of two middle outputs depends on, an axis."""
    smooth = [nn.AvgPool2d(m.kernel_size, m.stride, m.padding) if isinstance(m, nn.MaxPool2d) else m for m in model]
    image = torch.ones(1, 1, side, side, requires_grad=True)
    output = nn.Sequential(*smooth)(image)  # a mean has a gradient at all of its window
    middle = output.shape[-1] // 2
    extents = []
    for place in range(middle, min(middle + 2, output.shape[-1])):
        (gradient,) = torch.autograd.grad(output[0, 0, place, place], image, retain_graph=True)
        extents.append((int(gradient[0, 0].any(1).sum()), int(gradient[0, 0].any(0).sum())))
    return max(height for height, _ in extents), max(width for _, width in extents)


def test_a_gate_is_a_row_for_each_of_its_operations() -> None:
    table = measured(lambda x, net: net["a"](x), a=SqueezeExcitation(4, 2))
    assert [row.kind for row in table[1:]] == ["pool", "conv", "activation", "conv", "activation", "multiply"]
    assert table[-1].params == 0
    assert sum(row.params for row in table) == 2 * 4 * 2 + 2 + 4


def test_a_gate_is_beside_the_longest_path() -> None:
    gated = nn.Sequential(OrderedDict(a=conv(4, 4, 3), gate=SqueezeExcitation(4, 2), b=conv(4, 4, 3)))
    assert rows.depth(table_of(gated.to("meta"), (4, 8, 8))) == 2


def test_what_was_reshaped_and_compared_sees_the_whole_image_beside_its_windows() -> None:
    def forward(x, net):
        y = net["a"](x).reshape(1, 2, 2, 64)
        weights = torch.softmax(y @ y.transpose(2, 3), 3)
        return net["b"]((weights @ y).reshape(1, 4, 8, 8)) + net["a"](x)

    table = measured(forward, a=conv(4, 4, 3), b=conv(4, 4, 3))
    assert [(row.kind, row.receptive_field, row.sees_all) for row in table] == [
        ("input", (1, 1), False), ("conv", (3, 3), False), ("matmul", (3, 3), True), ("activation", (3, 3), True),
        ("matmul", (3, 3), True), ("conv", (5, 5), True), ("conv", (3, 3), False), ("add", (5, 5), True),
    ]  # fmt: skip


def test_a_fully_connected_layer_is_a_window_as_large_as_its_map_and_reshaping_is_none() -> None:
    def forward(x, net):
        return net["c"](torch.relu(net["b"](F.dropout(net["a"](x).flatten(1)))))

    table = measured(forward, a=conv(4, 4, 3), b=nn.Linear(256, 5), c=nn.Linear(5, 3))
    assert [(row.kind, row.receptive_field) for row in table[1:]] == [
        ("conv", (3, 3)), ("drop", (3, 3)), ("fc", (10, 10)), ("activation", (10, 10)), ("fc", (10, 10)),
    ]  # fmt: skip
    assert not rows.has_gates(table)


def test_a_vector_has_no_receptive_field() -> None:
    table = table_of(nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 2)).to("meta"), (5,))
    assert [row.receptive_field for row in table] == [(), (), (), ()]
    assert rows.totals(table) == rows.Totals(params=26, macs=21, activations=8, depth=2)


def test_clips_have_three_axes() -> None:
    table = table_of(nn.Sequential(nn.Conv3d(3, 4, 3, padding=1), nn.MaxPool3d((1, 2, 2))).to("meta"), (3, 6, 8, 8))
    assert table[-1].output_shape == (4, 6, 4, 4)
    assert table[-1].receptive_field == (3, 4, 4)


def test_a_network_with_memory_has_the_same_table() -> None:
    model = nn.Sequential(conv(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
    own = table_of(model, (3, 4, 4))
    assert own == table_of(model.to("meta"), (3, 4, 4))


def test_measuring_leaves_a_network_as_it_was() -> None:
    model = nn.Sequential(conv(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    table_of(model, (3, 4, 4))
    assert [module.training for module in model] == [True, False, True]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_rows_survive_their_way_through_json_and_csv() -> None:
    table = measured(lambda x, net: x + net["a"](x), a=conv(4, 4, 3))
    assert rows.from_data(rows.to_data(table)) == table
    lines = rows.to_csv(table).splitlines()
    assert lines[0].startswith("place,name,kind,operation,output_shape,sources,kernel_size")
    assert lines[3] == "2,add,add,add,4x8x8,0 1,,,,1,0,0,3x3,,no,256"


@pytest.mark.parametrize(("network", "millions"), [("resnet18", 2.5), ("resnext50_32x4d", 14.4), ("resnext101_32x4d", 21.2)])
def test_activations_of_convolutions_alone_are_those_that_papers_print(network: str, millions: float) -> None:
    """Radosavovic et al. 2020, arXiv 2003.13678, print those of the ResNeXts."""
    assert round(rows.conv_activations(zoo.table(network)) / 1e6, 1) == millions


def test_a_table_for_a_terminal_ends_with_its_totals() -> None:
    lines = rows.to_text(measured(lambda x, net: net["a"](x), a=conv(4, 4, 3))).splitlines()
    assert lines[0].split() == ["name", "kind", "output", "kernel", "stride", "pad", "groups", "params", "MACs", "sees", "from"]
    assert lines[2].split() == ["1", "net.a", "conv", "4×8×8", "3", "1", "1", "144", "9,216", "3"]
    assert lines[-1] == (
        "144 parameters, 9,216 multiply-adds, 256 activations, 256 of them the convolutions' outputs, for one example; "
        "1 weighted layers on the longest path."
    )
