"""What training images were standardised by, for those augmentations that must know black and white."""

from __future__ import annotations

from typing import Any

from cnnviz.engine import data
from cnnviz.engine.augment.colour import Scale
from cnnviz.engine.experiment import Experiment

WHITE = {"digits": 16}  # where it is not 255


def loaded(experiment: Experiment) -> data.Dataset:
    """An experiment's images, as its training has them."""
    wanted = experiment.data
    domain: tuple[Any, ...] = (wanted.domain,) if wanted.dataset == "shapes" and wanted.domain != "any" else ()
    return data.load(wanted.dataset, wanted.train_examples, wanted.test_examples, experiment.seed, *domain)


def scale_of(experiment: Experiment) -> Scale:
    """Mean and standard deviation of each channel of its training images, float32, of a range from 0 to 1."""
    found, white = loaded(experiment), WHITE.get(experiment.data.dataset, 255)
    return found.mean / white, found.std / white
