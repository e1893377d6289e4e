"""Committees drawn: an ensemble or a mixture against its own members, and the regions that a gate gives to its experts."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot

WAITING = "No net has been tested yet"
# Paul Tol's "light" scheme (SRON technical note, 2021): eight regions that are told apart, and none that looks like a variant.
REGIONS = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#AAAA00")
NOTE = "dashed: mean member · solid: together"


@plot
def accuracy_of_members(variants: Sequence[str]) -> LivePlot:
    """Share of right answers on the test set over the run: together (solid), and of the members alone, mean (dashed) and range.

    Diagnoses: a solid line above the band is a committee that is better than its best member; one far below a mixture's is made
    of experts that know their own part only.
    """
    y = theme.linear_axis("Test accuracy (share of right answers)", tickformat=".0%", autorangeoptions={"clipmin": 0.6})
    chart = theme.figure("accuracy_of_members", theme.step_axis(), y, NOTE)
    bindings: list[Binding] = []
    for variant in variants:
        first = len(chart.data)
        for edge in ("lowest", "highest"):
            chart.add_trace(theme.band_edge(variant, filled=edge == "highest"))
        for dash in ("dash", "solid"):
            chart.add_trace(_line(variant, dash, "%{y:.1%}"))
        for trace, column in enumerate(("member_lowest", "member_highest", "member_accuracy", "test_accuracy"), start=first):
            bindings += [Binding(trace, attr, column, variant) for attr in ("x", "y")]
    return LivePlot(
        "accuracy_of_members",
        chart,
        tuple(bindings),
        theme.per_variant("Right answers together", variants, WAITING, "test_accuracy", form="percent"),
        "How often a committee is right on the test set, and how often its members alone are: mean, and all of them as a band.",
    )


@plot
def loss_of_members(variants: Sequence[str]) -> LivePlot:
    """Cross-entropy on the test set over the run: of the committee (solid) and of its members alone, mean (dashed).

    Diagnoses: the mean of probabilities never costs more than the members do on average, as −log is convex: the solid line of an
    ensemble is always below its dashed one.
    """
    y = theme.log_axis("Test loss (cross-entropy, nats)", nticks=5)
    chart = theme.figure("loss_of_members", theme.step_axis(), y, NOTE)
    bindings: list[Binding] = []
    for variant in variants:
        for dash, column in (("dash", "member_loss"), ("solid", "test_loss")):
            trace = len(chart.data)
            chart.add_trace(_line(variant, dash, f"%{{y:{theme.SHORT}}}"))
            bindings += [Binding(trace, attr, column, variant) for attr in ("x", "y")]
    return LivePlot(
        "loss_of_members",
        chart,
        tuple(bindings),
        theme.per_variant("Loss on the test set together", variants, WAITING, "test_loss"),
        "What the committee's answers cost on the test set, and what its members' own answers cost on average.",
    )


@plot
def gate_regions(variants: Sequence[str], only: tuple[str, ...] = (), experts: int = 8) -> LivePlot:
    """Which expert the gate counts most at each place of the plane, and the border between the classes (black), among the
    training points. only: the variants that have a gate, all of them where none are named. experts: how many the colours tell
    apart.

    Diagnoses: straight seams, as the gate is one linear layer; within each region one expert draws the border.
    """
    shown = [variant for variant in variants if not only or variant in only]
    axis = {"nticks": 5}
    x, y = (theme.linear_axis(f"{name} coordinate (σ)", **axis) for name in ("First", "Second"))
    chart = theme.beside("gate_regions", shown, x, y, same_x=True)
    bindings: list[Binding] = []
    for place, variant in enumerate(shown, start=1):
        for trace, column in ((_regions(variant), "gate"), (_edge(variant), "boundary")):
            number = len(chart.data)
            chart.add_trace(trace, row=1, col=place)
            bindings += [Binding(number, attr, "boundary_at", variant, "rows") for attr in ("x", "y")]
            bindings.append(Binding(number, "z", column, variant, "matrix"))
        for label in (0, 1):
            number = len(chart.data)
            chart.add_trace(_points(variant, label), row=1, col=place)
            bindings += [Binding(number, attr, f"points_{attr}_{label}", variant, "rows") for attr in ("x", "y")]
    chart.update_layout(coloraxis=_experts(experts), hovermode="closest", margin_b=118)
    told = ", ".join(f"{v} {{{v}}}" for v in shown)
    numbers = {v: Quantity(v, "experts_in_use") for v in shown}
    return LivePlot(
        "gate_regions",
        chart,
        tuple(bindings),
        Headline(f"Experts that count most for one point in twenty or more: {told}", numbers, WAITING),
        "Each colour is the region in which one expert counts most; the black line is where both classes are equally probable.",
    )


def _regions(variant: str) -> go.Heatmap:
    where = f"{variant}, (%{{x:.2f}}, %{{y:.2f}}): expert %{{z}}<extra></extra>"
    return go.Heatmap(name=variant, coloraxis="coloraxis", zsmooth=False, hovertemplate=where)


def _edge(variant: str) -> go.Contour:
    """The border, whose map is in per cent: on the experts' colour axis, of which it uses none."""
    return go.Contour(
        name=variant,
        coloraxis="coloraxis",
        contours={"start": 50, "end": 50, "size": 1, "coloring": "none"},
        line={"color": "#000000", "width": 2.5},
        hoverinfo="skip",
        showlegend=False,
    )


def _points(variant: str, label: int) -> go.Scatter:
    """Hollow circles for the first class, full squares for the second."""
    edge = {"color": "#222222", "width": 1}
    marks = {"color": ("#FFFFFF", "#222222")[label], "size": 5, "symbol": ("circle", "square")[label], "line": edge}
    line = {"color": theme.variant_colour(variant)}  # the variant's own, though marks alone are drawn
    return go.Scatter(name=variant, mode="markers", marker=marks, line=line, hoverinfo="skip", showlegend=False)


def _experts(count: int) -> dict[str, object]:
    """A colour axis of so many steps, eight at most."""
    count = min(count, len(REGIONS))
    scale = [[place / count, colour] for step, colour in enumerate(REGIONS[:count]) for place in (step, step + 1)]
    bar = theme.shares("Expert")["colorbar"] | {"tickformat": "d", "tickvals": list(range(1, count + 1)), "nticks": None}
    return {"colorscale": scale, "cmin": 0.5, "cmax": count + 0.5, "colorbar": bar}


def _line(variant: str, dash: str, number: str) -> go.Scatter:
    told = "together" if dash == "solid" else "mean member"
    return go.Scatter(
        name=variant,
        legendgroup=variant,
        showlegend=dash == "solid",
        mode="lines",
        line={"color": theme.variant_colour(variant), "width": 2.8 if dash == "solid" else 1.8, "dash": dash},
        hovertemplate=f"{variant}, {told}: {number}<extra></extra>",
    )
