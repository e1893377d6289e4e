"""What `export` cuts an experiment's standalone script from: real code, with every feature that an experiment can have.

A line that ends in `# if feature` stays only where an experiment has that feature. `# %%` opens a cell. Names that
come from cnnviz are put in as source, below the heading of their kind. Whatever is then not used by `main` goes.
Constants in capitals, DATA_FILE, POINTS and VARIANTS among them, are replaced by the experiment's own. What comes before the
task stands in `standalone_pretraining.py`, nets that few lessons train in `standalone_nets.py`, and what a trained net is judged
by in `standalone_results.py`. A sweep has a `main` of its own, which `sweep_source` writes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy  # noqa: F401
from dataclasses import dataclass, field, replace
from functools import cache, partial  # noqa: F401
from itertools import islice, pairwise, product  # noqa: F401
from typing import Any
from zipfile import BadZipFile  # noqa: F401

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn, optim
from torch.nn.modules.batchnorm import _BatchNorm  # noqa: F401  # if domains
from torch.nn.utils.parametrize import register_parametrization  # if reweight

from cnnviz.engine.augment.arrays import Images  # noqa: F401  # if augmented or fancy_pca
from cnnviz.engine.augment.colour import fancy_pca, hue, jitter, principal_axes, to_range  # noqa: F401  # if augmented or fancy_pca
from cnnviz.engine.augment.erase import cutout, pixel_noise  # noqa: F401  # if augmented
from cnnviz.engine.augment.mix import cutmix, mixup  # noqa: F401  # if augmented
from cnnviz.engine.augment.places import crop, crop_padding, flip, rotate, translate  # noqa: F401  # if augmented
from cnnviz.engine.calibration import calibration  # noqa: F401  # if confidence
from cnnviz.engine.confusion import confusion  # noqa: F401  # if confusion
from cnnviz.engine.data import Array, balanced_order, channel_moments, scaled  # noqa: F401
from cnnviz.engine.data.curve import absolute, points  # noqa: F401  # if curve
from cnnviz.engine.data.points2d import moons, noisy_points  # noqa: F401  # if points
from cnnviz.engine.data.shapes import of_domain  # noqa: F401  # if shapes
from cnnviz.engine.evaluation import outputs  # noqa: F401
from cnnviz.engine.members import experts_in_use  # noqa: F401  # if members
from cnnviz.engine.nets.committee import Ensemble, Mixture, bagged  # noqa: F401  # if members
from cnnviz.engine.nets.drops.drop_block import DropBlock  # noqa: F401  # if masks
from cnnviz.engine.nets.drops.drop_connect import DropConnect  # noqa: F401  # if masks
from cnnviz.engine.nets.drops.inverted import InvertedDropout  # noqa: F401  # if masks
from cnnviz.engine.nets.drops.masks import seed_masks  # if masks
from cnnviz.engine.nets.drops.plain import PlainDropout  # noqa: F401  # if masks
from cnnviz.engine.nets.drops.spatial import SpatialDropout  # noqa: F401  # if masks
from cnnviz.engine.nets.inits import he, lsuv
from cnnviz.engine.nets.lsuv import tune  # if lsuv
from cnnviz.engine.nets.norms.noisy_batch import seed_noise  # if noise
from cnnviz.engine.nets.norms.on_weights import OnWeights  # if reweight
from cnnviz.engine.nets.norms.spectral import SpectralNorm  # noqa: F401  # if reweight
from cnnviz.engine.nets.norms.weight import WeightNorm  # noqa: F401  # if reweight
from cnnviz.engine.nets.pooling.blur import BlurPool  # noqa: F401  # if pooling
from cnnviz.engine.nets.pooling.lp import LpPool  # noqa: F401  # if pooling
from cnnviz.engine.nets.pooling.stochastic import Stochastic, seed_pools  # noqa: F401  # if pooling
from cnnviz.engine.nets.streams import seed_streams  # noqa: F401  # if noise or masks or pooling
from cnnviz.engine.objectives import accuracy  # noqa: F401
from cnnviz.engine.penalties import project, shrink  # if l1 or max_norm
from cnnviz.engine.shifts import by_shift  # noqa: F401  # if shifts
from cnnviz.engine.stopping import Early  # if patience
from cnnviz.engine.targets import over_all  # if smoothing
from cnnviz.engine.words import DOMAINS, SHIFTS  # noqa: F401  # if shifts or domains

# %% Settings
THREADS = 1  # sums are added up in another order on more
STEPS = 1_000
BATCH_SIZE = 64
SEED = 0
TRAIN_EXAMPLES = 1_000
TEST_EXAMPLES = 250
PRETRAINING_STEPS = 0  # if pretraining
VALIDATION = 10  # if validation
LABELS = 0  # if labels or task_classes or pretraining
TASK_CLASSES = 0  # if labels or task_classes or pretraining
SEEDS = range(1)  # if sweep
VALUES = (0.1, 0.2)  # if sweep
ACROSS = (0.1, 0.2)  # if map
MEASURE = "test_accuracy"  # if sweep
SEEN = 0  # examples that each run learns from, again and again  # if follows
DATA_FILE = sys.argv[1] if len(sys.argv) > 1 else "digits.npz"  # if file
PRINT_EVERY = max(1, STEPS // 50)  # if single


# %% Data
Labelled = tuple[Tensor, Tensor]  # inputs and what is asked for them
POINTS = (moons, 2, 0.15)  # if points
CURVE = absolute  # if curve
DOMAIN = "any"  # if shapes
SCALE = (np.zeros(3), np.ones(3))  # if scale
WHITE = 255  # if moving_scale


def batches(inputs: Tensor, labels: Tensor) -> Iterator[Labelled]:
    """Batches for ever: each epoch in a new order, its incomplete last batch left out."""
    order = np.random.default_rng(SEED)
    while True:
        epoch = torch.from_numpy(order.permutation(len(labels)))
        size = BATCH_SIZE  # if all_labels
        size = min(BATCH_SIZE, len(labels))  # if labels or task_classes or pretraining
        for first in range(0, len(labels) - size + 1, size):
            chosen = epoch[first : first + size]
            yield inputs[chosen], labels[chosen]


def task_of(inputs: Tensor, labels: Tensor) -> Labelled:
    """What the task may see: LABELS examples (0: all) of the first TASK_CLASSES classes (0: all), equally many of each."""
    inside = torch.nonzero(labels < (TASK_CLASSES or int(labels.max()) + 1))[:, 0]
    order = balanced_order(labels[inside].numpy(), SEED)
    chosen = inside[torch.from_numpy(order[: LABELS or len(inside)])]
    return inputs[chosen], labels[chosen]


# %% Networks
@dataclass(frozen=True)
class Variant:
    """What makes one network, and how it learns."""

    net: Callable[..., nn.Module]
    depth: int  # layers with weights, the output layer included
    width: int  # units of a hidden layer, or channels of a convolution
    activation: Callable[[Tensor], Tensor]
    init: Callable[[Tensor, Generator], Tensor]
    optimiser: Callable[..., optim.Optimizer]
    lr: float
    pieces: int = 1  # if maxout
    bias_init: float = 0.0  # if bias_init
    init_scale: float = 1.0  # if init_scale
    norm: Callable[[int], nn.Module] = nn.Identity  # if norm
    reweight: Callable[[int], OnWeights] | None = None  # if reweight
    own_statistics: bool = False  # if own_statistics
    dropout: Callable[[], nn.Module] = nn.Identity  # if dropout
    skip: bool = False  # if skip
    pooling: Callable[[], nn.Module] = nn.Identity  # if pooling
    stride: int = 1  # of a convolution where maps get smaller  # if stride
    ending: Callable[[], nn.Module] = nn.Identity  # if ending
    weight_decay: float = 0.0  # if weight_decay
    schedule: Callable[[int], float] = lambda step: 1.0  # if schedule
    warmup_steps: int = 0  # if warmup_steps
    clip_value: float = 0.0  # if clip_value
    clip_norm: float = 0.0  # if clip_norm
    clip_weight: float = 0.0  # if clip_weight
    smoothing: float = 0.0  # if smoothing
    smoothing_over: str = "others"  # if smoothing
    teacher: bool = False  # if teacher
    teacher_width: int = 200  # if teacher
    teacher_smoothing: float = 0.0  # if teacher
    temperature: float = 4.0  # if teacher
    teacher_share: float = 0.9  # if teacher
    l1: float = 0.0  # if l1
    max_norm: float = 0.0  # if max_norm
    members: int = 1  # if members
    patience: int = 0  # if patience
    look_every: int = 10  # if patience or look_every
    pretraining: Callable[..., None] = lambda given, net, inputs, labels: None  # if pretraining
    pretraining_lr: float = 0.001  # if pretraining
    corruption: float = 0.0  # if pretraining
    fancy_pca: float = 0.0  # if fancy_pca
    domain: str = "any"  # if domain
    augmentations: dict[int, Callable[..., Tensor]] = field(default_factory=dict)  # if augmented
    mixings: dict[int, Callable[..., tuple[Tensor, Tensor]]] = field(default_factory=dict)  # if augmented


def maxout(z: Tensor, pieces: int) -> Tensor:
    """The largest of each unit's sums: (N, units · pieces, …) to (N, units, …)."""
    return z.unflatten(1, (-1, pieces)).max(2).values


class Layer(nn.Module):
    """A hidden layer: weights, then what stands between them and the activation, then the activation."""

    def __init__(self, weights: nn.Linear | nn.Conv2d, given: Variant) -> None:
        super().__init__()
        self.weights = weights
        self.norm = given.norm(weights.weight.shape[0])  # if norm
        if given.reweight:  # if reweight
            normed = given.reweight(weights.weight.shape[0])  # if reweight
            normed.begin(weights.weight)  # if reweight
            register_parametrization(weights, "weight", normed, unsafe=True)  # if reweight
        self.activation = given.activation  # if fixed
        self.activation = given.activation() if isinstance(given.activation, type) else given.activation  # if prelu
        nn.init.constant_(weights.bias, given.bias_init)  # type: ignore[arg-type]  # both kinds of layer have one  # if bias_init
        self.drop = given.dropout()  # if dropout
        self.skip = given.skip  # if skip

    def forward(self, x: Tensor) -> Tensor:
        z = self.weights(x)
        z = self.norm(z)  # if norm
        a = self.activation(z)
        a = self.drop(a)  # if dropout
        if self.skip and a.shape == x.shape:  # if skip
            a = a + x  # if skip
        return a


@torch.no_grad()
def initialised(given: Variant, weights: nn.Linear | nn.Conv2d, generator: Generator) -> nn.Linear | nn.Conv2d:
    """The layer with its weights drawn by the variant's scheme, and biases of 0."""
    given.init(weights.weight, generator)
    weights.weight.mul_(given.init_scale)  # if init_scale
    weights.bias.zero_()  # type: ignore[union-attr]  # both kinds of layer have one by default
    return weights


def mlp(given: Variant, input_shape: Sequence[int], classes: int, generator: Generator) -> nn.Module:
    """(N, …) to logits (N, classes): fully connected layers on the flattened input."""
    widths = [math.prod(input_shape), *[given.width] * (given.depth - 1)]
    pairs: Iterable[tuple[int, int]] = pairwise(widths)
    pairs = ((fan_in, units * given.pieces) for fan_in, units in pairs)  # if maxout
    hidden = [Layer(initialised(given, nn.Linear(*pair), generator), given) for pair in pairs]
    return nn.Sequential(nn.Flatten(), *hidden, initialised(given, nn.Linear(widths[-1], classes), generator))


def cnn(given: Variant, input_shape: Sequence[int], classes: int, generator: Generator) -> nn.Module:
    """(N, C, H, W) to logits (N, classes): 3×3 convolutions, two of them pooled on the way, then one linear layer."""
    channels = [input_shape[0], *[given.width] * (given.depth - 1)]
    convolutions = given.depth - 1
    pooled = {math.ceil(convolutions / 3), math.ceil(2 * convolutions / 3)} - {convolutions}
    net = nn.Sequential()
    pairs: Iterable[tuple[int, int]] = pairwise(channels)
    pairs = ((fan_in, units * given.pieces) for fan_in, units in pairs)  # if maxout
    for number, pair in enumerate(pairs, 1):
        convolution = nn.Conv2d(*pair, kernel_size=3, padding=1)  # if unit_stride
        convolution = nn.Conv2d(*pair, 3, padding=1, stride=given.stride if number in pooled else 1)  # if stride
        net.append(Layer(initialised(given, convolution, generator), given))
        if number in pooled:
            net.append(nn.MaxPool2d(2))  # if max_pooling
            net.append(given.pooling())  # if pooling
    features = given.width  # if average_ending
    net.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])  # if average_ending
    net.extend([given.ending(), nn.Flatten()])  # if ending
    features = net.eval()(torch.zeros(1, *input_shape)).numel()  # if ending
    net.train()  # if ending
    net.append(initialised(given, nn.Linear(features, classes), generator))
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it


def with_weights(net: nn.Module) -> list[nn.Linear | nn.Conv2d]:
    """The layers that have weights, input side first."""
    return [module for module in net.modules() if isinstance(module, nn.Linear | nn.Conv2d)]


def learned_weight(layer: nn.Linear | nn.Conv2d) -> Tensor:
    """What an optimiser changes, from which a norm or a dropout of weights makes those that are used."""
    parametrizations = getattr(layer, "parametrizations", None)  # if reweight
    if parametrizations is not None:  # if reweight
        return parametrizations.weight.original  # if reweight
    return layer.weight


def print_figures(name: str, figures: Mapping[str, Tensor]) -> None:
    """A line for each figure; those of several layers, shifts or domains beside each other."""
    for figure, values in figures.items():
        print(f"{name}  {figure}  {'  '.join(f'{value:.7g}' for value in values.detach().reshape(-1).tolist())}")


def gradient_norms(net: nn.Module) -> Tensor:
    """The L2 norm of each layer's weight gradient, input side first."""
    gradients = [learned_weight(layer).grad for layer in with_weights(net)]
    return torch.stack([torch.zeros(()) if gradient is None else gradient.norm() for gradient in gradients])


# %% Augmentation
def augmented(given: Variant, step: int, batch: Tensor, wanted: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """A batch as the net gets to see it, and its labels, which mixed images share; each change has its own random numbers."""
    for place, augment in given.augmentations.items():
        batch = augment(np.random.default_rng([SEED, step, place]), batch)
    for place, mix in given.mixings.items():
        batch, wanted = mix(np.random.default_rng([SEED, step, place]), batch, F.one_hot(wanted, classes).float())
    return batch, wanted


# %% Learning
def cosine(step: int) -> float:
    """From 1 to 0 over the run."""
    return (1 + math.cos(math.pi * step / STEPS)) / 2


def stairs(step: int, every: int, factor: float) -> float:
    """1, then factor times less or more each time that `every` steps have gone."""
    return factor ** (step // every)


def rate_factor(given: Variant, step: int) -> float:
    """What multiplies the learning rate at a step."""
    factor = 1.0
    factor *= given.schedule(step)  # if schedule
    factor *= min(1.0, (step + 1) / max(given.warmup_steps, 1))  # if warmup_steps
    return factor


def decay_groups(net: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weights decay; biases and normalisations' scales and shifts do not."""
    weights = [parameter for parameter in net.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in net.parameters() if parameter.ndim <= 1]
    return [{"params": weights, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


@dataclass(frozen=True)
class Trained:
    """A net after its last step, what that step's batch gave, and what the net is judged on."""

    net: nn.Module
    loss: Tensor
    logits: Tensor
    wanted: Tensor
    tested: Labelled
    learned: Labelled  # if trained
    held: Labelled  # if validation
    early: Early  # if patience
    teacher: nn.Module | None  # if teacher


def train(name: str, given: Variant, learned: Labelled, tested: Labelled) -> Trained | None:
    """Train one variant, printing the loss on a batch before that batch's update. None where it diverges."""  # if single
    """Train one variant. None where it diverges."""  # if sweep
    inputs, labels = learned
    held = inputs[-VALIDATION:], labels[-VALIDATION:]  # if validation
    inputs, labels = inputs[:-VALIDATION], labels[:-VALIDATION]  # if validation
    classes = labels.shape[1]  # if curve
    classes = int(labels.max()) + 1  # if all_classes
    classes = TASK_CLASSES or int(labels.max()) + 1  # if labels or task_classes or pretraining
    net = given.net(given, inputs.shape[1:], classes, Generator().manual_seed(SEED))
    seed_noise(net, SEED)  # if noise
    seed_masks(net, SEED)  # if masks
    seed_pools(net, SEED)  # if stochastic
    task = inputs, labels  # if lsuv
    task = task_of(inputs, labels)  # if labels or task_classes
    if given.init is lsuv:  # if lsuv
        tune(net, next(batches(*task))[0])  # if lsuv
    given.pretraining(given, net, inputs, labels)  # if pretraining
    teacher = trained_teacher(given, inputs, labels)  # if teacher
    inputs, labels = task  # if labels or task_classes
    tested = tested[0][tested[1] < classes], tested[1][tested[1] < classes]  # if task_classes
    learned = inputs, labels  # if trained
    share = over_all(given.smoothing, given.smoothing_over, classes)  # if smoothing
    if isinstance(net, Ensemble):  # if members
        inputs, labels = bagged(inputs, labels, given.members, SEED)  # if members
    axes = principal_axes(to_range(inputs, SCALE))  # if fancy_pca
    optimiser = given.optimiser(net.parameters(), lr=given.lr)  # if no_decay
    optimiser = given.optimiser(decay_groups(net, given.weight_decay), lr=given.lr)  # if weight_decay
    scheduler = optim.lr_scheduler.LambdaLR(optimiser, partial(rate_factor, given))  # if schedule or warmup_steps
    weights = [parameter for parameter in net.parameters() if parameter.ndim > 1]  # if l1 or max_norm
    early = Early(net, *held, F.cross_entropy, given.patience, given.look_every)  # if patience
    for step, (batch, wanted) in enumerate(islice(batches(inputs, labels), STEPS + 1)):
        last = step == STEPS
        if given.patience and early.enough(step, last):  # if patience
            last = True  # if patience
        if given.fancy_pca:  # if fancy_pca
            batch = fancy_pca(np.random.default_rng([SEED, step, 0]), batch, given.fancy_pca, SCALE, axes)  # if fancy_pca
        batch, wanted = augmented(given, step, batch, wanted, classes)  # if augmented
        logits = net(batch)
        loss = F.cross_entropy(logits, wanted)  # if hard_targets
        loss = F.cross_entropy(logits, wanted, label_smoothing=share)  # if smoothed
        loss = student_loss(given, teacher, batch, logits, wanted, share)  # if teacher
        loss = F.mse_loss(logits, wanted)  # if curve
        diverged = not math.isfinite(loss.item())
        if diverged or last or step % PRINT_EVERY == 0:  # if single
            print(f"{name}  step {step:>6}  loss {loss.item():.8g}")  # if counted
            print(f"{name}  step {PRETRAINING_STEPS + step:>6}  loss {loss.item():.8g}")  # if counted_on
        if diverged:
            return None
        optimiser.zero_grad()
        loss.backward()
        if step == 0:  # if gradients
            print_figures(name, {"first_grad_norm": gradient_norms(net)})  # if gradients
        if last:
            break
        if given.clip_value:  # if clip_value
            nn.utils.clip_grad_value_(net.parameters(), given.clip_value)  # if clip_value
        if given.clip_norm:  # if clip_norm
            nn.utils.clip_grad_norm_(net.parameters(), given.clip_norm)  # if clip_norm
        optimiser.step()
        if given.l1:  # if l1
            shrink(weights, optimiser.param_groups[0]["lr"] * given.l1)  # if l1
        if given.max_norm:  # if max_norm
            project(weights, given.max_norm)  # if max_norm
        scheduler.step()  # if schedule or warmup_steps
        if given.clip_weight:  # if clip_weight
            clip_weights(net, given.clip_weight)  # if clip_weight
    return Trained(
        net,
        loss,
        logits,
        wanted,
        tested,
        learned,  # if trained
        held,  # if validation
        early,  # if patience
        teacher,  # if teacher
    )


def trained_teacher(given: Variant, inputs: Tensor, labels: Tensor) -> nn.Module | None:
    """A net like the student's, trained on every label; None where there is none."""
    if not given.teacher:
        return None
    classes = int(labels.max()) + 1
    net = given.net(
        replace(given, width=given.teacher_width), inputs.shape[1:], classes, Generator().manual_seed(SEED + 1_000_003)
    )
    seed_noise(net, SEED + 1_000_003)  # if noise
    seed_pools(net, SEED + 1_000_003)  # if stochastic
    share = over_all(given.teacher_smoothing, given.smoothing_over, classes)
    optimiser = optim.Adam(net.parameters(), lr=given.pretraining_lr, fused=True)
    for batch, wanted in islice(batches(inputs, labels), PRETRAINING_STEPS):
        loss = F.cross_entropy(net(batch), wanted, label_smoothing=share)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net.eval()


def student_loss(
    given: Variant, teacher: nn.Module | None, batch: Tensor, logits: Tensor, wanted: Tensor, share: float
) -> Tensor:
    """Cross-entropy against the labels, and, where there is a teacher, against its softmax at the same temperature."""
    label_loss = F.cross_entropy(logits, wanted, label_smoothing=share)
    if teacher is None:
        return label_loss
    with torch.no_grad():
        told = (teacher(batch) / given.temperature).softmax(1)
    from_teacher = given.temperature**2 * F.cross_entropy(logits / given.temperature, told)
    return (1 - given.teacher_share) * label_loss + given.teacher_share * from_teacher


@torch.no_grad()
def clip_weights(net: nn.Module, size: float) -> None:
    """Cut each weight, but no bias, to ±size."""
    for parameter in net.parameters():
        if parameter.ndim > 1:
            parameter.clamp_(-size, size)


# %% What is compared
VARIANTS = {"A": Variant(mlp, depth=3, width=32, activation=F.relu, init=he, optimiser=optim.SGD, lr=0.1)}
