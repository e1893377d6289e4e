"""A few shapes of each domain, as a net gets to see them: what it learned from, and what it is tested on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cnnviz.engine.data.shapes import CLASSES, of_domain
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.words import DOMAINS
from cnnviz.ui.controls import words

LARGER = 2  # pixels of the screen, each way, for one of the image
GAP = 4


def domains(variants: Mapping[str, Experiment]) -> None:
    """A strip of test images a domain, the same shapes in each, and who learned from it."""
    for column, domain in zip([*st.columns(3), *st.columns(3)], DOMAINS, strict=True):
        learners = [letter for letter, experiment in variants.items() if experiment.data.domain == domain]
        learned = f": {' and '.join(learners)} {'learn' if len(learners) > 1 else 'learns'} from these" if learners else ""
        caption = f"{words(domain)}{learned}"
        column.image(strip(domain, next(iter(variants.values())).seed), caption=caption, width="stretch", alt=caption)


@lru_cache(maxsize=48)  # of eight seeds
def strip(domain: str, seed: int) -> NDArray[np.uint8]:
    """One image of each class side by side: (height, width, 3)."""
    images, _labels = of_domain(len(CLASSES), seed, 1, domain)
    larger = images.transpose(0, 2, 3, 1).repeat(LARGER, axis=1).repeat(LARGER, axis=2)
    apart = np.pad(larger, ((0, 0), (0, 0), (0, GAP), (0, 0)), constant_values=128)
    return np.concatenate(list(apart), axis=1)[:, :-GAP]
