"""Which class the test images of each class are taken for."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot

NEEDS = "Needs a run that counts which class is taken for which: press Train."
LETTER = 7  # pixels that a letter of a class name takes


@plot
def confusion_matrix(variants: Sequence[str], letters: int = 1) -> LivePlot:
    """How many test images of each true class are taken for each class, one map a variant; the colour is the share of the row.

    letters: of the longest class name, which needs room. Diagnoses: a bright diagonal is a net that is right; two bright cells
    that mirror each other in it are two classes that the net can't tell apart; a bright column is a class that it says too often.
    """
    upright = letters > 2
    x = theme.category_axis("Class that the net says", showgrid=False, tickangle=-90 if upright else 0, dtick=1)
    y = theme.category_axis("True class", autorange="reversed", showgrid=False, dtick=1)
    chart = theme.beside("confusion_matrix", variants, x, y)
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        hover = f"{variant}: %{{y}} is taken for %{{x}} in %{{text}} images, %{{z:.0%}} of its row<extra></extra>"
        cells = go.Heatmap(name=variant, coloraxis="coloraxis", texttemplate="%{text}", xgap=1, ygap=1, hovertemplate=hover)
        chart.add_trace(cells.update(textfont_size=theme.FONT_SIZE - 3), row=1, col=place + 1)
        bindings += [Binding(place, attr, "confusion", variant, "names") for attr in ("x", "y")]
        bindings += [
            Binding(place, "z", "confusion", variant, "matrix", transform="share"),
            Binding(place, "text", "confusion", variant, "counts"),
        ]
    room = LETTER * letters if upright else 0
    chart.update_layout(coloraxis=theme.shares("Share of the true class’s test images"), hovermode="closest")
    chart.update_layout(margin={"l": theme.MARGIN["l"] + room, "b": 118 + room})
    chart.layout.annotations[0].yshift -= room  # the title of x, below upright names
    return LivePlot(
        "confusion_matrix",
        chart,
        tuple(bindings),
        _headline(variants),
        "Each row is the test images of one class, each cell how many of them are taken for which class; the diagonal is right.",
    )


def _headline(variants: Sequence[str]) -> Headline:
    """The largest number beside the diagonal, and what is taken for what there."""
    told = ", ".join(f"{v} {{{v}_true}} for {{{v}_said}} ({{{v}}} of {{{v}_of}})" for v in variants)
    numbers: dict[str, Quantity] = {}
    for v in variants:
        numbers |= {f"{v}_true": Quantity(v, "confused_most", 0, names="confusion")}
        numbers |= {f"{v}_said": Quantity(v, "confused_most", 1, names="confusion")}
        numbers |= {v: Quantity(v, "confused_most", 2), f"{v}_of": Quantity(v, "confused_most", 3)}
    return Headline(f"Most often mistaken: {told}", numbers, NEEDS)
