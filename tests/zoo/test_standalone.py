"""A network's own file: plain PyTorch that builds the same network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from weightless import weightless

from cnnviz import zoo
from cnnviz.zoo import registry, standalone
from cnnviz.zoo.cards import ZooError

NAMES = tuple(registry.networks())


def built_from(text: str, **sizes: int) -> nn.Module:
    """What the file's `build` gives, in a namespace of its own."""
    namespace: dict[str, Any] = {"__name__": "a_file"}
    exec(compile(text, "a_file.py", "exec"), namespace)
    model: nn.Module = namespace["build"](**sizes)
    return model


@pytest.mark.parametrize("name", NAMES)
def test_the_file_builds_the_same_network_without_cnnviz(name: str) -> None:
    text = standalone.script(name)
    assert "cnnviz" not in text
    with torch.device("meta"):
        model = built_from(text)
    own = weightless(name)
    assert [(path, weight.shape) for path, weight in model.state_dict().items()] == [
        (path, weight.shape) for path, weight in own.state_dict().items()
    ]
    assert [type(module).__name__ for module in model.modules()] == [type(module).__name__ for module in own.modules()]


@pytest.mark.parametrize("name", ["lenet5_1998", "cifar_resnet20", "stochastic_depth110"])
def test_the_same_seed_gives_the_same_results(name: str) -> None:
    images = torch.randn(2, *zoo.card(name).input_shape, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    own = zoo.build(name).eval()(images)
    torch.manual_seed(1)
    torch.testing.assert_close(built_from(standalone.script(name)).eval()(images), own, rtol=0, atol=0)


def test_other_classes_and_channels_stand_in_the_file() -> None:
    text = standalone.script("resnet18", classes=7, in_channels=1)
    assert "def build(classes: int = 7, in_channels: int = 1) -> nn.Module:" in text
    with torch.device("meta"):
        model = built_from(text)
        other = built_from(text, classes=5)
    assert (model.conv1.conv.in_channels, model.head.fc.out_features, other.head.fc.out_features) == (1, 7, 5)


def test_a_file_runs_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "network.py"
    file.write_text(standalone.script("lenet"), encoding="utf-8")
    done = subprocess.run([sys.executable, file.name], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("(1, 10)\n431080 parameters\n", "")


def test_a_file_opens_with_the_paper_and_keeps_the_papers_table() -> None:
    text = standalone.script("lenet5_1998")
    assert text.startswith('"""LeNet-5 (1998), written from its paper.\n\nLeCun, Bottou, Bengio, Haffner, 1998: Gradient-Based')
    assert "# Table I: the maps of S2 that each map of C3 sees\nC3 = (" in text
    assert "@architecture" not in text


def test_an_unknown_network_has_no_file() -> None:
    with pytest.raises(ZooError, match="There is no network 'lenet7'; try lenet"):
        standalone.script("lenet7")
