"""A training batch on its way to the net, changed as an experiment's Augmentation says."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cnnviz.engine.augment import MIXINGS, OF_COLOURS, augmented
from cnnviz.engine.augment.colour import principal_axes, to_range
from cnnviz.engine.augment.scale import scale_of
from cnnviz.engine.examples import Examples
from cnnviz.engine.experiment import Experiment


class Augmenter:
    """What a run does to its training batches; it keeps no state, so that a step can be repeated."""

    def __init__(self, experiment: Experiment, found: Examples) -> None:
        self.strengths = experiment.augmentation.used
        self.seed, self.classes = experiment.seed, found.classes
        self.scale = scale_of(experiment) if self.strengths.keys() & set(OF_COLOURS) else None
        self.axes = None
        if self.scale and "fancy_pca" in self.strengths:
            self.axes = principal_axes(to_range(found.train_inputs, self.scale))
        self.mixes = bool(self.strengths.keys() & MIXINGS.keys())

    def __call__(self, step: int, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The inputs of a step as the net gets to see them, and their targets: the labels (N,), or weights (N, classes) where
        images are mixed. Without augmentation both are the very same tensors."""
        if not self.strengths:
            return inputs, labels
        targets = F.one_hot(labels, self.classes).to(inputs.dtype) if self.mixes else labels
        return augmented(inputs, targets, self.strengths, self.seed, step, self.scale, self.axes)
