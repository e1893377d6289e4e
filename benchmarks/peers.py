"""What one would use instead of the engine: the loop that a good engineer writes by hand, and the one that tutorials write."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

MEASURED = (nn.Conv2d, nn.Linear)
Optimiser = Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer]


def bare_loop(net: nn.Module, optimiser: Optimiser, inputs: Tensor, labels: Tensor, batch_size: int, steps: int) -> float:
    """Steps a second of a hand-written loop that never looks at its loss: inputs (N, C, H, W), labels (N,)."""
    update = optimiser(net.parameters())
    loss_of = nn.CrossEntropyLoss()
    order = batches(len(labels), batch_size)
    began = time.process_time()
    for _step in range(steps):
        batch = next(order)
        update.zero_grad()
        loss_of(net(inputs[batch]), labels[batch]).backward()
        update.step()
    return steps / (time.process_time() - began)


def batches(examples: int, batch_size: int) -> Iterator[Tensor]:
    """Indices of whole batches, for ever, each epoch in a new order."""
    while True:
        yield from torch.randperm(examples)[: examples - examples % batch_size].split(batch_size)


def tutorial_loop(
    net: nn.Module,
    optimiser: Optimiser,
    inputs: Tensor,
    labels: Tensor,
    batch_size: int,
    steps: int,
    histograms: bool = False,
) -> float:
    """Steps a second of the usual loop of tutorials: a DataLoader, and numbers of what hooks kept and of gradients at each step.

    histograms: of activations and gradients too, at each step. It has no gradients of activations and no saturation, unlike the
    engine.
    """
    update = optimiser(net.parameters())
    loss_of = nn.CrossEntropyLoss()
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=batch_size, shuffle=True, drop_last=True)
    kept: dict[str, Tensor] = {}
    log: defaultdict[str, list[Any]] = defaultdict(list)
    for name, module in net.named_modules():
        if isinstance(module, MEASURED):
            module.register_forward_hook(keeper(kept, name))
    began, step = time.process_time(), 0
    while step < steps:
        for batch, wanted in loader:
            logits = net(batch)
            loss = loss_of(logits, wanted)
            update.zero_grad()
            loss.backward()
            log["loss"].append(loss.item())
            log["accuracy"].append((logits.argmax(1) == wanted).float().mean().item())
            note_layers(log, kept)
            if histograms:
                note_histograms(log, kept, net)
            before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
            update.step()
            note_parameters(log, net, before)
            step += 1
            if step == steps:
                break
    return steps / (time.process_time() - began)


def keeper(kept: dict[str, Tensor], name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    """A forward hook that keeps a module's output."""

    def keep(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        kept[name] = output.detach()

    return keep


def note_layers(log: defaultdict[str, list[Any]], kept: dict[str, Tensor]) -> None:
    """Mean, standard deviation and fraction of what a ReLU makes 0, of each layer's output."""
    for name, output in kept.items():
        log[f"{name}.mean"].append(output.mean().item())
        log[f"{name}.std"].append(output.std().item())
        log[f"{name}.zero"].append((output <= 0).float().mean().item())


def note_histograms(log: defaultdict[str, list[Any]], kept: dict[str, Tensor], net: nn.Module) -> None:
    """Forty counts of each layer's output, and of log₁₀ of each weight's gradient."""
    for name, output in kept.items():
        log[f"{name}.hist"].append(torch.histc(output, bins=40).tolist())
    for name, parameter in net.named_parameters():
        if parameter.grad is not None and parameter.ndim > 1:
            log[f"{name}.grad_hist"].append(torch.histc(parameter.grad.abs().log10(), 40, -14, 4).tolist())


def note_parameters(log: defaultdict[str, list[Any]], net: nn.Module, before: dict[str, Tensor]) -> None:
    """L2 norm and standard deviation of each gradient, the norm of what it belongs to, and how far the update moved that."""
    for name, parameter in net.named_parameters():
        gradient = parameter.grad
        assert gradient is not None
        log[f"{name}.grad_norm"].append(gradient.norm().item())
        log[f"{name}.grad_std"].append(gradient.std().item())
        log[f"{name}.norm"].append(parameter.norm().item())
        log[f"{name}.moved"].append((parameter - before[name]).norm().item())


def mlp() -> nn.Module:
    """Ten layers, 64 wide, on 28×28 inputs."""
    hidden = [layer for _ in range(8) for layer in (nn.Linear(64, 64), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), *hidden, nn.Linear(64, 10))


def cnn() -> nn.Module:
    """The engine's four-layer CNN of 16 channels, as one would write it for oneself."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip
