"""Distillation: a teacher learns first, and its answers become targets of a student's. Hinton et al. 2015, arXiv 1503.02531."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, optim

from cnnviz.engine import nets
from cnnviz.engine.examples import Examples, batches
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.objectives import accuracy, smoothed
from cnnviz.engine.pretraining import OWN_SEED


class Teacher:
    """A net like the student's, of its own width, drawn and trained before the task on all of `found`."""

    def __init__(self, experiment: Experiment, found: Examples, device: torch.device) -> None:
        self.experiment, self.found = experiment, found
        net = replace(experiment.net, width=experiment.distillation.teacher_width)
        generator = Generator().manual_seed(experiment.seed + OWN_SEED)
        self.net = nets.build(net, found.input_shape, found.classes, generator).to(device)

    def losses(self) -> Iterator[Tensor]:
        """Train it with Adam on every label; the loss of each update, before it."""
        given = self.experiment
        settings = replace(given.targets, smoothing=given.distillation.teacher_smoothing)
        loss_of = smoothed(settings)
        optimiser = optim.Adam(self.net.parameters(), lr=given.pretraining.pretraining_lr, fused=True)
        met = batches(self.found, given.batch_size, given.seed)
        for inputs, labels in islice(met, given.pretraining.pretraining_steps):
            loss = loss_of(self.net(inputs), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            yield loss.detach()

    def __call__(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Targets for a student: (N, 2, classes), what the labels say and what the teacher says at its temperature."""
        told = self.says(inputs)
        wanted = targets if targets.ndim == 2 else F.one_hot(targets, told.shape[1]).to(told.dtype)
        return torch.stack([wanted, told], 1)

    @torch.no_grad()
    def says(self, inputs: Tensor) -> Tensor:
        """Softmax of its logits over the temperature, in eval mode: (N, …) to (N, classes)."""
        self.net.eval()
        return (self.net(inputs) / self.experiment.distillation.temperature).softmax(1)

    def columns(self, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """teacher_accuracy on the test set; teacher_says (classes, classes): what it gives each class, mean over the test
        examples of a true class, a row each."""
        told = self.says(inputs)
        rows = torch.stack([told[labels == label].mean(0) for label in range(told.shape[1])])
        return {"teacher_accuracy": accuracy(told, labels), "teacher_says": rows}
