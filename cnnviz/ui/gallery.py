"""One picture under each augmentation: a strip of draws at the strength that the page's controls say."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cnnviz.engine import data
from cnnviz.engine.augment import MIXINGS, ORDER, augmented
from cnnviz.engine.augment.colour import Axes, Scale, principal_axes, to_range
from cnnviz.engine.augment.scale import loaded, scale_of
from cnnviz.engine.experiment import Experiment, rule
from cnnviz.engine.photographs import axes_of, photographs, visible
from cnnviz.engine.words import COLOURED
from cnnviz.lessons import Lesson
from cnnviz.plots.numbers import number_text
from cnnviz.ui.own_picture import OWN, kept, picture_choice
from cnnviz.ui.strip import side_by_side

DRAWS = 6
GAP = 6  # pixels between two of a strip
LEAST_SIDE = 96  # of an image on the screen, in pixels
TYPICAL = {
    "fancy_pca": 0.5, "jitter": 0.3, "hue": 60.0, "flip": 0.5, "crop": 0.5, "crop_padding": 0.2, "translate": 0.15,
    "rotate": 20.0, "pixel_noise": 0.5, "cutout": 0.4, "mixup": 1.0, "cutmix": 1.0,
}  # fmt: skip
OTHERS = 8  # images to mix with


@st.fragment
def gallery(lesson: Lesson, experiment: Experiment) -> None:
    """Draw the choice and the strips. experiment: whose data the training image is from, and whose strengths are shown; what is
    off in it is shown at a typical strength, and said to be."""
    wanted = experiment.data
    left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
    training = f"image of the training set ({wanted.train_examples:,})"
    name = picture_choice(left, "Picture", f"{lesson.slug}.gallery.name", next(iter(photographs())), [training])
    place = int(
        middle.number_input(
            "Number of the training image",
            1,
            wanted.train_examples,
            1,
            key=f"{lesson.slug}.gallery.place",
            disabled=name != training,
            persist_state="session",
        )
    )
    key = f"{lesson.slug}.gallery.step"
    step = int(st.session_state.setdefault(key, 0))
    right.button("Draw again", on_click=_next, args=(key,), icon=":material/casino:")
    own = kept() if name == OWN else None
    source = Experiment(data=wanted, seed=experiment.seed).to_json() if name == training else name
    draw = partial(_own_strip, own.digest, own.pixels) if own else partial(strip, source, place - 1)
    strengths = experiment.augmentation.used
    grey = name == training and wanted.dataset not in COLOURED
    shown = [each for each in ORDER if not (grey and each in ("fancy_pca", "hue"))]
    for number in range(0, len(shown), 2):
        for column, each in zip(st.columns(2, gap="medium"), shown[number : number + 2], strict=False):
            strength = strengths.get(each, TYPICAL[each])
            drawn = draw(each, strength, step)
            caption = told(each, strength, each in strengths)
            column.image(drawn, caption=caption, width="stretch", alt=f"The picture and {DRAWS} draws. {caption}")


def told(name: str, strength: float, on: bool) -> str:
    """An augmentation with its strength, and whether B is trained with it."""
    wanted = rule(name)
    text = f"{wanted.label}, {wanted.unit}: {number_text(strength)}"
    return f"{text} · on in B" if on else f"{text} · off, typical strength shown"


def _next(key: str) -> None:
    st.session_state[key] += 1


@st.cache_data(max_entries=96, show_spinner=False)
def strip(source: str, place: int, name: str, strength: float, step: int) -> bytes:
    """The picture as it is, then DRAWS of it, side by side, as a JPEG. source: a photograph's name, or the JSON of an
    experiment whose training image at `place` is shown."""
    place = list(photographs()).index(source) if source in photographs() else place
    return _drawn(*pictures(source), place, name, strength, step)


@st.cache_data(max_entries=len(ORDER), scope="session", show_spinner=False)
def _own_strip(digest: str, _image: NDArray[np.float32], name: str, strength: float, step: int) -> bytes:
    """The same of a learner's own picture, among the photographs: for that learner alone, as many as a page shows."""
    inputs, scale, axes = pictures(next(iter(photographs())))
    inputs = np.concatenate([inputs, data.scaled(_image, *scale)])
    return _drawn(inputs, scale, axes, len(inputs) - 1, name, strength, step)


def _drawn(inputs: NDArray[np.float32], scale: Scale, axes: Axes, place: int, name: str, strength: float, step: int) -> bytes:
    """A strip of the input at `place`; mixing takes in those after it."""
    others = [(place + 1 + number) % len(inputs) for number in range(OTHERS)]
    images = np.ascontiguousarray(inputs[[place] * DRAWS + (others if name in MIXINGS else [])])
    changed, _ = augmented(images, np.zeros((len(images), 1)), {name: strength}, 0, step, scale, axes)
    drawn = visible(to_range(np.concatenate([images[:1], changed[:DRAWS]]), scale))
    larger = max(1, round(LEAST_SIDE / drawn.shape[1]))
    return side_by_side(drawn.repeat(3 // drawn.shape[3], axis=3), larger, GAP)


@lru_cache(maxsize=4)
def pictures(source: str) -> tuple[NDArray[np.float32], Scale, Axes]:
    """All photographs, or all training images of an experiment, standardised as in training; by what; and their colours' axes."""
    if source in photographs():
        everything = np.concatenate(list(photographs().values()))
        scale = data.channel_moments(everything)
        return data.scaled(everything, *scale), scale, axes_of(tuple(photographs()))
    experiment = Experiment.from_json(source)
    inputs, scale = loaded(experiment).train_inputs, scale_of(experiment)
    return inputs, scale, principal_axes(to_range(inputs, scale))
