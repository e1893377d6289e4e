"""PolyNet: residuals side by side, and a residual applied to itself."""

from __future__ import annotations

import pytest
import torch
from weightless import weightless

from cnnviz import zoo
from cnnviz.zoo.families import polynet
from cnnviz.zoo.families.polynet import Inception, Poly3, TwoWay


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage of few channels."""
    monkeypatch.setitem(polynet.STAGES, "tiny", (8, (((4, 1), (6, 3)), ((2, 1),))))


@pytest.mark.usefixtures("tiny")
def test_a_2_way_unit_is_i_plus_f_plus_g() -> None:
    unit = TwoWay("tiny", 0.3).eval()
    x = torch.randn(1, 8, 6, 6)
    torch.testing.assert_close(unit(x), torch.relu(x + 0.3 * (unit.f(x) + unit.g(x))))
    assert not torch.allclose(unit.f(x), unit.g(x))


@pytest.mark.usefixtures("tiny")
def test_a_poly_3_unit_is_i_plus_f_plus_f_squared_plus_f_cubed() -> None:
    unit = Poly3("tiny", 0.3).eval()
    for later in unit.powers[1:]:
        later.join.load_state_dict(unit.powers[0].join.state_dict())  # now all three are the same F
    f = unit.powers[0]
    x = torch.randn(1, 8, 6, 6)
    once = f(x)
    twice = f(torch.relu(once))
    thrice = f(torch.relu(twice))
    torch.testing.assert_close(unit(x), torch.relu(x + 0.3 * (once + twice + thrice)))


@pytest.mark.usefixtures("tiny")
def test_a_poly_units_powers_share_the_convolutions_of_the_branches_only() -> None:
    unit, single = Poly3("tiny", 0.3), Inception("tiny")
    weights = dict(single.named_parameters())
    shared = sum(weight.numel() for name, weight in weights.items() if name.startswith("mixed.") and name.endswith("conv.weight"))
    own = sum(weight.numel() for weight in weights.values()) - shared
    assert sum(weight.numel() for weight in unit.parameters()) == shared + 3 * own


def test_the_stages_have_10_20_and_10_units_mixed_in_the_last_two() -> None:
    model = weightless("polynet")
    kinds = {stage: [type(unit) for unit in model.get_submodule(f"stage_{stage}")] for stage in "abc"}
    assert kinds == {"a": [TwoWay] * 10, "b": [Poly3, TwoWay] * 10, "c": [Poly3, TwoWay] * 5}


def test_the_maps_have_the_sizes_of_inception_resnet_v2_for_an_image_of_331() -> None:
    shapes = {row.name.split(".")[0]: row.output_shape for row in zoo.table("polynet")}  # of each stage's last row
    assert [shapes[name] for name in ("stem", "stage_a", "reduction_a", "stage_b", "reduction_b", "stage_c")] == [
        (384, 39, 39), (384, 39, 39), (1152, 19, 19), (1152, 19, 19), (2048, 9, 9), (2048, 9, 9)
    ]  # fmt: skip
