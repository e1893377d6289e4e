"""The cell of `standalone` for what a net learns before the task that counts; `export` puts it before the one on augmentation.

The script has the imports and names of `standalone`: those below are for checkers.
"""

from __future__ import annotations

from itertools import islice

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn, optim

from cnnviz.engine.standalone import PRETRAINING_STEPS, SEED, TASK_CLASSES, Layer, Variant, batches, initialised


# %% Pre-training
def scratch(given: Variant, net: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    """Nothing is learned before the task."""


def hidden_layers(net: nn.Module) -> list[nn.Module]:
    """The hidden layers, input side first."""
    return [module for module in net.children() if isinstance(module, Layer)]


def own_generator() -> Generator:
    """What decoders and corruption are drawn from."""
    return Generator().manual_seed(SEED + 1_000_003)


def autoencoder(given: Variant, net: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    """All hidden layers at once: the image through them, and back through as many mirrored ones."""
    rebuild(given, hidden_layers(net), nn.Identity(), inputs, PRETRAINING_STEPS, own_generator())


def greedy(given: Variant, net: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    """One hidden layer after the other: each rebuilds the output of the trained ones below it."""
    layers, generator = hidden_layers(net), own_generator()
    for place, layer in enumerate(layers):
        steps = PRETRAINING_STEPS * (place + 1) // len(layers) - PRETRAINING_STEPS * place // len(layers)
        rebuild(given, [layer], nn.Sequential(*layers[:place]), inputs, steps, generator)


def rebuild(given: Variant, encoder: list[nn.Module], below: nn.Module, inputs: Tensor, steps: int, generator: Generator) -> None:
    """Train layers, and a decoder of mirrored ones, to rebuild what those below make of the image from a corrupted copy of it."""
    weights = [layer.weights for layer in encoder if isinstance(layer, Layer) and isinstance(layer.weights, nn.Linear)]
    shapes = [(each.out_features, each.in_features) for each in weights]
    shapes = [(sums // given.pieces, fan_in * given.pieces) for sums, fan_in in shapes]  # if maxout
    shapes[0] = (shapes[0][0], shapes[0][1] // given.pieces)  # if maxout
    decoder = [initialised(given, nn.Linear(units, fan_in), generator) for units, fan_in in reversed(shapes)]
    parameters = [parameter for layer in [*encoder, *decoder] for parameter in layer.parameters()]
    optimiser = optim.Adam(parameters, lr=given.pretraining_lr, fused=True)
    for batch, _ in islice(batches(inputs, torch.zeros(len(inputs))), steps):
        with torch.no_grad():
            target = below(batch.flatten(1))
        x = target
        if given.corruption:
            x = target * (torch.rand(target.shape, generator=generator) >= given.corruption)
        for layer in encoder:
            x = layer(x)
        for layer in decoder[:-1]:
            x = given.activation(layer(x))
        loss = F.mse_loss(decoder[-1](x), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def transfer(given: Variant, net: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    """Name the classes that the task leaves out, under an output layer of their own."""
    outside = labels >= TASK_CLASSES
    hidden, classes = hidden_layers(net), int(labels.max()) + 1 - TASK_CLASSES
    top = initialised(given, nn.Linear(given.width, classes), own_generator())
    parameters = [parameter for layer in [*hidden, top] for parameter in layer.parameters()]
    optimiser = optim.Adam(parameters, lr=given.pretraining_lr, fused=True)
    for batch, wanted in islice(batches(inputs[outside], labels[outside] - TASK_CLASSES), PRETRAINING_STEPS):
        x = batch.flatten(1)
        for layer in hidden:
            x = layer(x)
        loss = F.cross_entropy(top(x), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
