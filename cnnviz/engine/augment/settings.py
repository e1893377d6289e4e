"""Augmentation: the part of an experiment that says how a training batch is changed before the net sees it."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.engine.fields import Checked, real


def _strength(high: float, label: str, unit: str, help: str) -> float:
    field: float = real(0.0, 0.0, high, label, unit, off=0.0, help=help)
    return field


@dataclass(frozen=True)
class Augmentation(Checked):
    """What happens to each training batch, in this order, anew at every step; 0 switches each off. Test images are left alone."""

    fancy_pca: float = _strength(
        5.0, "Fancy PCA", "σ of α", "Each image moves along the main axes of the training set's colours."
    )
    jitter: float = _strength(1.0, "Colour jitter", "±", "Brightness, contrast and saturation of each image.")
    hue: float = _strength(180.0, "Hue", "± degrees", "Colours turn about grey: by 120 degrees red becomes green.")
    flip: float = _strength(1.0, "Flip", "of the images", "Left becomes right.")
    crop: float = _strength(0.9, "Crop", "of the area at most", "So much is cut away, and the rest enlarged.")
    crop_padding: float = _strength(
        0.5, "Padded crop", "of the side", "A margin of the mean colour, then a crop of the old size."
    )
    translate: float = _strength(0.5, "Shift", "± of the side", "Edges are continued.")
    rotate: float = _strength(180.0, "Rotation", "± degrees", "About the middle; edges are continued.")
    pixel_noise: float = _strength(3.0, "Noise", "σ of the pixels", "Another normal number for each pixel.")
    cutout: float = _strength(1.0, "Cutout", "of the side", "A square of the mean colour.")
    mixup: float = _strength(10.0, "Mixup", "α", "Two images and their labels are averaged, with a weight from Beta(α, α).")
    cutmix: float = _strength(10.0, "CutMix", "α", "A square of another image, and of its label: its area from Beta(α, α).")

    @property
    def used(self) -> dict[str, float]:
        """Those that are on, with their strengths, in order."""
        return self.changed()
