"""Names beside the marks of a chart, as many as fit without covering one another or a mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FONT = 11  # pixels
LETTER = 6.2  # pixels that a letter takes on average, at that size
POSITIONS = ("top right", "bottom left", "top left", "bottom right", "middle right", "middle left")
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Spot:
    """A mark with a name. x, y: its middle, in pixels from the plot area's upper left corner; radius: in pixels."""

    name: str
    x: float
    y: float
    radius: float

    @property
    def box(self) -> Box:
        return self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius


@dataclass(frozen=True)
class Scene:
    """A chart at one size of its plot area, in pixels: all its marks, by name."""

    width: float
    height: float
    spots: Mapping[str, Spot]

    def holds(self, box: Box) -> bool:
        return box[0] >= 0 and box[1] >= 0 and box[2] <= self.width and box[3] <= self.height


def placed(names: Sequence[str], scenes: Sequence[Scene]) -> dict[str, str]:
    """For each of the names that has room in every scene, the most important first, where it stands (Plotly's textposition)."""
    found: dict[str, str] = {}
    for name in names:
        fitting = (position for position in POSITIONS if all(_fits(name, position, found, scene) for scene in scenes))
        position = next(fitting, None)
        if position is not None:
            found[name] = position
    return found


def _fits(name: str, position: str, found: Mapping[str, str], scene: Scene) -> bool:
    box = box_of(scene.spots[name], position)
    others = [box_of(scene.spots[other], its) for other, its in found.items()]
    others += [spot.box for other, spot in scene.spots.items() if other != name]
    return scene.holds(box) and not any(overlap(box, other) for other in others)


def box_of(spot: Spot, position: str) -> Box:
    """The place that Plotly gives a name: beside the mark's circle, made a quarter larger."""
    vertical, horizontal = position.split()
    gap, length = spot.radius / 0.8 + 1, LETTER * len(spot.name)
    left = spot.x + gap if horizontal == "right" else spot.x - gap - length
    top = {"top": spot.y - gap - FONT, "bottom": spot.y + gap, "middle": spot.y - FONT / 2}[vertical]
    return left, top, left + length, top + FONT


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share a place."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
