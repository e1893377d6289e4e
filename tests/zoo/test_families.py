"""What single families are known for, checked against their papers."""

from __future__ import annotations

import pytest
import torch

from cnnviz import zoo
from cnnviz.zoo import Row
from cnnviz.zoo.families.lenet import C3
from cnnviz.zoo.families.stochastic_depth import Skipped


def row(network: str, name: str) -> Row:
    return next(row for row in zoo.table(network) if row.name == name)


# LeCun et al. 1998, section II.B
@pytest.mark.parametrize(
    ("layer", "params"), [("c1", 156), ("s2", 12), ("c3", 1_516), ("s4", 32), ("c5", 48_120), ("f6", 10_164), ("output", 0)]
)
def test_lenet_5_has_the_parameters_that_its_paper_counts_layer_by_layer(layer: str, params: int) -> None:
    assert sum(r.params for r in zoo.table("lenet5_1998") if r.name.split(".")[0] == layer) == params


def test_a_map_of_lenet_5s_c3_depends_on_the_maps_of_the_papers_table_only() -> None:
    layer = zoo.build("lenet5_1998").c3
    maps = torch.randn(1, 6, 5, 5, requires_grad=True)
    result = layer(maps)[0, :, 0, 0]
    for place, seen in enumerate(C3):
        (gradient,) = torch.autograd.grad(result[place], maps, retain_graph=True)
        assert gradient[0].flatten(1).any(1).nonzero().flatten().tolist() == sorted(seen)


def test_every_map_of_s2_is_seen_ten_times() -> None:
    assert [sum(place in seen for seen in C3) for place in range(6)] == [10] * 6


def test_lenet_5_answers_the_class_whose_code_is_nearest() -> None:
    output = zoo.build("lenet5_1998").output
    scores = output(output.codes.clone())
    assert scores.argmax(1).tolist() == list(range(10))
    assert scores.diagonal().tolist() == [0.0] * 10


# the lecture's table, sizes after each layer
@pytest.mark.parametrize("network", ["alexnet", "alexnet_one_tower"])
def test_alexnets_maps_have_the_sizes_of_the_lectures_table(network: str) -> None:
    table = [
        ("conv1", (96, 55, 55)), ("pool1", (96, 27, 27)), ("conv2", (256, 27, 27)), ("pool2", (256, 13, 13)),
        ("conv3", (384, 13, 13)), ("conv4", (384, 13, 13)), ("conv5", (256, 13, 13)), ("pool5", (256, 6, 6)),
        ("fc6", (4096,)), ("fc7", (4096,)), ("fc8", (1000,)),
    ]  # fmt: skip
    assert [(name, row(network, name).output_shape) for name, _ in table] == table


def test_two_towers_halve_the_weights_of_the_layers_that_do_not_talk() -> None:
    for name, filters in (("conv2", 256), ("conv4", 384), ("conv5", 256)):
        one, two = row("alexnet_one_tower", name), row("alexnet", name)
        assert (one.groups, two.groups) == (1, 2)
        assert one.params - filters == 2 * (two.params - filters)


def test_local_response_normalisation_is_the_papers_formula() -> None:
    norm = zoo.build("alexnet").norm1
    a = torch.rand(1, 7, 1, 1) * 50
    squares = a[0, :, 0, 0].square()
    for i in range(7):
        around = squares[max(0, i - 2) : i + 3].sum()
        assert norm(a)[0, i, 0, 0].item() == pytest.approx((a[0, i, 0, 0] / (2 + 1e-4 * around) ** 0.75).item(), rel=1e-5)


# He et al. 2015, Table 1: the size of each stage's output
@pytest.mark.parametrize("network", ["resnet18", "resnet50", "resnet50_v1_5", "preact_resnet200"])
def test_resnets_stages_have_the_sizes_of_table_1(network: str) -> None:
    sides = {r.name.split(".")[0]: r.output_shape[-1] for r in zoo.table(network) if r.name.startswith("conv")}
    assert sides == {"conv1": 112, "conv2_x": 56, "conv3_x": 28, "conv4_x": 14, "conv5_x": 7}


def test_version_1_5_strides_at_the_3x3_convolution() -> None:
    assert [row("resnet50", f"conv3_x.0.conv{n}.conv").stride for n in (1, 2)] == [(2, 2), (1, 1)]
    assert [row("resnet50_v1_5", f"conv3_x.0.conv{n}.conv").stride for n in (1, 2)] == [(1, 1), (2, 2)]


def test_a_bottleneck_has_the_69_632_weights_of_the_lecture() -> None:
    inner = [row("resnet50", f"conv2_x.1.conv{n}.conv").params for n in (1, 2, 3)]
    assert inner == [256 * 64, 64 * 64 * 9, 64 * 256]
    assert sum(inner) == 69_632


def test_nothing_but_sums_lies_on_the_way_through_a_pre_activation_network() -> None:
    table = zoo.table("preact_resnet18")
    sums = [place for place, r in enumerate(table) if r.kind == "add"]
    direct = [
        any(table[source].kind == "add" or table[source].name == "pool1" for source in table[place].sources) for place in sums
    ]
    assert direct == [True, True] + [False, True] * 3  # a projection where the sizes change


def test_option_a_has_no_weights_and_pads_with_maps_of_zeros() -> None:
    shortcut = zoo.build("cifar_resnet20").stage2[0].shortcut
    x = torch.randn(1, 16, 32, 32)
    assert list(shortcut.parameters()) == []
    torch.testing.assert_close(shortcut(x), torch.cat([x[:, :, ::2, ::2], torch.zeros(1, 16, 16, 16)], 1))


def test_the_survival_of_block_l_falls_linearly_to_the_last() -> None:
    blocks = [module for module in zoo.build("stochastic_depth110").modules() if isinstance(module, Skipped)]
    assert len(blocks) == 54
    assert [block.survival for block in blocks] == pytest.approx([1 - number / 54 * 0.5 for number in range(1, 55)])
    # Huang et al. 2016, section 3: with p_L = 0.5 and 54 blocks about 40 blocks survive
    assert sum(block.survival for block in blocks) == pytest.approx(40, abs=0.5)


def test_a_skipped_block_is_its_shortcut_and_testing_weighs_every_block() -> None:
    block = [module for module in zoo.build("stochastic_depth110").modules() if isinstance(module, Skipped)][-1]
    x = torch.rand(2, 64, 8, 8)
    block.eval()
    residual = block.conv2(block.conv1(x))
    torch.testing.assert_close(block(x), torch.relu(0.5 * residual + x))
    block.train()
    block.survival = 0.0
    torch.testing.assert_close(block(x), x)


def test_the_same_seed_skips_the_same_blocks() -> None:
    def kept(seed: int) -> list[bool]:
        blocks = [m for m in zoo.build("stochastic_depth110", seed=seed).modules() if isinstance(m, Skipped)]
        return [torch.rand((), generator=block.draws).item() < block.survival for block in blocks]

    assert kept(1) == kept(1) != kept(2)


# GoogLeNet's Table 1, Inception v4's Figure 9: average pool, dropout, classes
@pytest.mark.parametrize(
    "name", ["googlenet", "inception_v2", "inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2",
             "mobilenet_v2", "polynet", "senet154"],
)  # fmt: skip
def test_dropout_before_the_classes_takes_means_of_maps_and_not_places_of_them(name: str) -> None:
    table = zoo.table(name)
    names = [row.name for row in table]
    drop, fc = (table[names.index(f"head.{part}")] for part in ("drop", "fc"))
    assert [table[place].name for place in (*drop.sources, *fc.sources)] == ["head.pool", "head.drop"]
    assert drop.output_shape == table[names.index("head.pool")].output_shape[:1]


VGG16 = [f"conv{block}_{place}" for block, count in enumerate((2, 2, 3, 3, 3), start=1) for place in range(1, count + 1)]


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ("vgg16", [*VGG16, "fc6", "fc7", "fc8"]),
        ("vgg16_bn", [*VGG16, "fc6", "fc7", "fc8"]),
        ("alexnet", ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"]),
    ],
)
def test_layers_have_the_names_that_their_authors_gave_them_and_their_weights_come_in_that_order(network, layers) -> None:
    assert [r.name for r in zoo.table(network) if r.kind in ("conv", "fc")] == layers
    with torch.device("meta"):
        paths = [path for path, weight in zoo.build(network).named_parameters() if weight.ndim > 1]
    assert paths == [f"{layer}.weight" for layer in layers]
