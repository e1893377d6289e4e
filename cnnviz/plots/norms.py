"""What norms of weights do to a layer: how far it can stretch an input, over the run."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import LivePlot, plot


@plot
def top_singular_over_steps(variants: Sequence[str]) -> LivePlot:
    """Largest singular value of the weights of the first (solid) and the last hidden layer (dashed) over the run.

    Diagnoses: a line at 1 is a layer that can stretch no input; lines that rise multiply over the layers.
    """
    return lines.ends_over_steps(
        "top_singular_over_steps",
        variants,
        "top_singular",
        theme.linear_axis("Largest singular value of the weights", rangemode="tozero"),
        theme.per_variant(
            "Largest singular value of layer 1",
            variants,
            "Needs singular values: choose the starting point “Spectral norm, watched”.",
            "top_singular",
            layer=0,
        ),
        "How much longer a layer can make an input at most: 1 is not at all, and over the layers these numbers multiply.",
    )
