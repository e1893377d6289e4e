"""Pre-training: what a net learns before the task that counts, from images without labels or from other classes, by name.

A scheme changes the net's hidden layers in place and leaves its output layer as it was drawn. It yields the loss of each update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn, optim

from cnnviz.engine.data import balanced_order, check_enough
from cnnviz.engine.examples import Examples, batches, examples
from cnnviz.engine.experiment import Experiment, ExperimentError
from cnnviz.engine.nets import Network
from cnnviz.engine.nets.activations import FUNCTIONS
from cnnviz.engine.nets.inits import initialise
from cnnviz.engine.nets.learned import Maxout, pieces
from cnnviz.engine.nets.undrawn import Linear

Losses = Iterator[Tensor]
State = dict[str, Tensor]
OWN_SEED = 1_000_003  # keeps decoders and corruption apart from the draw of the net itself


def task_of(found: Examples, experiment: Experiment) -> Examples:
    """What the task may see: `labels` examples of the first `task_classes` classes, equally many of each, and their test set.

    A smaller number of labels is the head of a larger one of the same seed. Raises ExperimentError where there are too few.
    """
    given = experiment.pretraining
    if not (given.labels or given.task_classes):
        return found
    classes = given.task_classes or found.classes
    if classes > found.classes:
        raise ExperimentError(f"task_classes (={classes}) must be at most {found.classes}, all classes of the data.")
    inside = torch.nonzero(found.train_labels < classes)[:, 0]
    check_enough("labels", given.labels, len(inside), f"the training set (={len(found.train_labels)}) of these classes")
    order = balanced_order(found.train_labels[inside].cpu().numpy(), experiment.seed)
    chosen = inside[torch.from_numpy(order[: given.labels or len(inside)]).to(inside.device)]
    tested = found.test_labels < classes
    return Examples(
        found.train_inputs[chosen],
        found.train_labels[chosen],
        found.test_inputs[tested],
        found.test_labels[tested],
        classes,
    )


def check_sets(experiment: Experiment, device: torch.device) -> None:
    """Raises ExperimentError where a run of a sweep asks for more examples or labels than there are, before one is trained."""
    cells = list(experiment.cells())
    largest = max(cells, key=lambda cell: cell.data.train_examples)
    scarcest = max(cells, key=lambda cell: (cell.pretraining.labels, -cell.data.train_examples))
    for cell in (largest, scarcest):
        task_of(examples(cell, device), cell)


def others_of(found: Examples, experiment: Experiment) -> Examples:
    """The classes that the task leaves out, numbered from 0. Raises ExperimentError where it leaves none."""
    first = experiment.pretraining.task_classes
    if not 0 < first <= found.classes - 2:
        raise ExperimentError(
            f"task_classes (={first}) must be 2 to {found.classes - 2} for a transfer: it learns the classes that the task lacks."
        )
    outside = found.train_labels >= first
    return changed(
        found,
        train_inputs=found.train_inputs[outside],
        train_labels=found.train_labels[outside] - first,
        classes=found.classes - first,
    )


@dataclass
class Setting:
    """What every scheme is given. hidden: the net's hidden layers, input side first; features: those of the last of them."""

    net: Network
    found: Examples
    experiment: Experiment
    generator: Generator = field(init=False)

    def __post_init__(self) -> None:
        self.generator = Generator().manual_seed(self.experiment.seed + OWN_SEED)

    @property
    def hidden(self) -> list[nn.Module]:
        return list(self.net.layers.values())[:-1]

    def linear(self, inputs: int, outputs: int) -> nn.Linear:
        """A layer of the kind that is thrown away afterwards, drawn as the net's own."""
        layer = Linear(inputs, outputs)
        net = self.experiment.net
        initialise(layer, net.init, net.init_scale, self.generator, net.init_std)
        return layer.to(self.found.train_inputs.device)

    def optimiser(self, *modules: nn.Module) -> optim.Optimizer:
        parameters = [parameter for module in modules for parameter in module.parameters()]
        return optim.Adam(parameters, lr=self.experiment.pretraining.pretraining_lr, fused=True)

    def batches(self, found: Examples) -> Iterator[tuple[Tensor, Tensor]]:
        return batches(found, self.experiment.batch_size, self.experiment.seed)

    def corrupted(self, x: Tensor) -> Tensor:
        """x with a fraction of its entries, drawn anew each time, set to 0."""
        fraction = self.experiment.pretraining.corruption
        if not fraction:
            return x
        return x * (torch.rand(x.shape, generator=self.generator) >= fraction).to(x.device)


def autoencoder(given: Setting) -> Losses:
    """All hidden layers at once: the image through them, and back through as many mirrored ones; mean squared error."""
    yield from rebuild(given, given.hidden, lambda x: x)


def greedy(given: Setting) -> Losses:
    """One hidden layer after the other: each rebuilds the output of the trained ones below it. Bengio et al. 2007."""
    layers = given.hidden
    steps = given.experiment.pretraining.pretraining_steps
    for place, layer in enumerate(layers):
        below = nn.Sequential(*layers[:place])
        share = steps * (place + 1) // len(layers) - steps * place // len(layers)
        yield from islice(rebuild(given, [layer], torch.no_grad()(below.forward)), share)


def rebuild(given: Setting, encoder: Sequence[nn.Module], read: Callable[[Tensor], Tensor]) -> Losses:
    """Train layers, and a decoder of mirrored ones, to rebuild what `read` makes of the image out of a corrupted copy of it.

    The decoder's layers have the net's activation, its last one is linear. Vincent et al. 2008, with the mean squared error for
    real-valued pixels.
    """
    shapes = [layer.get_parameter("weights.weight").shape for layer in encoder]
    net, last = given.experiment.net, len(encoder) - 1
    decoder = [
        given.linear(sums // pieces(net), fan_in * (1 if place == last else pieces(net)))
        for place, (sums, fan_in) in enumerate(reversed(shapes))
    ]
    activation = Maxout(net.pieces).value if net.activation == "maxout" else FUNCTIONS[net.activation].value
    optimiser = given.optimiser(*encoder, *decoder)
    for inputs, _labels in given.batches(given.found):
        target = read(inputs.flatten(1))
        x = given.corrupted(target)
        for layer in encoder:
            x = layer(x)
        for layer in decoder[:-1]:
            x = activation(layer(x))
        loss = F.mse_loss(decoder[-1](x), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield loss.detach()


def transfer(given: Setting) -> Losses:
    """Name the classes that the task lacks, under an output layer of their own; cross-entropy."""
    others = others_of(given.found, given.experiment)
    top = given.linear(given.experiment.net.width, others.classes)
    optimiser = given.optimiser(*given.hidden, top)
    for inputs, labels in given.batches(others):
        x = inputs.flatten(1)
        for layer in given.hidden:
            x = layer(x)
        loss = F.cross_entropy(top(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield loss.detach()


SCHEMES: dict[str, Callable[[Setting], Losses]] = {"autoencoder": autoencoder, "greedy": greedy, "transfer": transfer}


def losses(net: Network, found: Examples, experiment: Experiment) -> Losses:
    """Pre-train a mlp on all of `found`; the loss of each update, before it. Nothing where the scheme is "none"."""
    given = experiment.pretraining
    if given.pretraining == "none" or not given.pretraining_steps:
        return iter(())
    return islice(SCHEMES[given.pretraining](Setting(net, found, experiment)), given.pretraining_steps)


class Memory:
    """Nets as pre-training left them, so that runs that differ only afterwards share it."""

    def __init__(self) -> None:
        self._states: dict[object, State] = {}

    def find(self, experiment: Experiment) -> State | None:
        return self._states.get(_before_the_task(experiment))

    def keep(self, experiment: Experiment, net: nn.Module) -> None:
        state = {name: value.clone() for name, value in net.state_dict().items()}
        self._states[_before_the_task(experiment)] = state


def _before_the_task(experiment: Experiment) -> object:
    """All that pre-training depends on."""
    given = changed(experiment.pretraining, labels=0)
    teacher = changed(experiment.distillation, temperature=1.0, teacher_share=0.0), experiment.targets.smoothing_over
    return teacher, experiment.data, experiment.net, experiment.dropout, given, experiment.batch_size, experiment.seed
