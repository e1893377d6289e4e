"""Augmentations in an exported script: the source of what a variant does to its batches. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature

from cnnviz.engine.augment import AUGMENTATIONS, MIXINGS, OF_COLOURS, ORDER
from cnnviz.engine.augment.scale import scale_of
from cnnviz.engine.augment.settings import Augmentation
from cnnviz.engine.experiment import Experiment

AUGMENTED = {
    "augmentations": {name: function for name, function in AUGMENTATIONS.items() if name != "fancy_pca"},
    "mixings": MIXINGS,
}


def rescales(variants: Mapping[str, Experiment]) -> bool:
    """Whether some variant's images are changed in units of the range from black to white."""
    return any(experiment.augmentation.used.keys() & set(OF_COLOURS) for experiment in variants.values())


def scale_text(experiment: Experiment) -> str:
    """The source of what its images were standardised by."""
    lines = [f"    np.array([{', '.join(map(str, part))}], np.float32),\n" for part in scale_of(experiment)]
    return f"(\n{''.join(lines)})"


def augmentations_text(augmentation: Augmentation, setting: str) -> str:
    """The source of a dict of augmentations or mixings by the number that keeps their draws apart, "" where none is on."""
    chosen = {name: strength for name, strength in augmentation.used.items() if name in AUGMENTED[setting]}
    parts = []
    for name, strength in chosen.items():
        meant = [*signature(AUGMENTED[setting][name]).parameters][3 if setting == "mixings" else 2]
        scale = ", scale=SCALE" if name in OF_COLOURS else ""
        parts.append(f"            {ORDER.index(name)}: partial({name}, {meant}={strength!r}{scale}),\n")
    return f"{{\n{''.join(parts)}        }}" if parts else ""
