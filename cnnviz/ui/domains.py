"""A few shapes of each domain, as a net gets to see them: what it learned from, and what it is tested on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import streamlit as st

from cnnviz.engine.data.shapes import CLASSES, of_domain
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.words import DOMAINS
from cnnviz.ui.strip import side_by_side
from cnnviz.ui.words import words

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
def strip(domain: str, seed: int) -> bytes:
    """One image of each class side by side, as a JPEG."""
    images, _labels = of_domain(len(CLASSES), seed, 1, domain)
    return side_by_side(images.transpose(0, 2, 3, 1), LARGER, GAP)
