"""Committees drawn: an ensemble or a mixture against its own members, and the regions that a gate gives to its experts."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot
from cnnviz.plots.plane import plane

# Paul Tol's "light" scheme (SRON technical note, 2021): eight regions that are told apart, and none that looks like a variant.
REGIONS = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#AAAA00")
EDGE = {"color": "#222222", "width": 1}
MARKS = (  # hollow circles for the first class, full squares for the second
    {"color": "#FFFFFF", "size": 5, "symbol": "circle", "line": EDGE},
    {"color": "#222222", "size": 5, "symbol": "square", "line": EDGE},
)

NEEDS = "Needs several nets that vote: choose the starting point “In the plane: one net and ten that vote”."
GATE = "Needs a net with a gate: choose the starting point “In the plane: one tiny net and four with a gate”."
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
        theme.per_variant("Right answers together", variants, NEEDS, "test_accuracy", form="percent"),
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
        theme.per_variant("Loss on the test set together", variants, NEEDS, "test_loss"),
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
    chart, bindings = plane("gate_regions", shown, "gate", _regions, 2.5, MARKS)
    chart.update_layout(coloraxis=_experts(experts))
    told = ", ".join(f"{v} {{{v}}}" for v in shown)
    numbers = {v: Quantity(v, "experts_in_use") for v in shown}
    return LivePlot(
        "gate_regions",
        chart,
        tuple(bindings),
        Headline(f"Experts that count most for one point in twenty or more: {told}", numbers, GATE),
        "Each colour is the region in which one expert counts most; the black line is where both classes are equally probable.",
    )


def _regions(variant: str) -> go.Heatmap:
    where = f"{variant}, (%{{x:.2f}}, %{{y:.2f}}): expert %{{z}}<extra></extra>"
    return go.Heatmap(name=variant, coloraxis="coloraxis", zsmooth=False, hovertemplate=where)


def _experts(count: int) -> dict[str, object]:
    """A colour axis of so many steps, eight at most."""
    count = min(count, len(REGIONS))
    scale = [[place / count, colour] for step, colour in enumerate(REGIONS[:count]) for place in (step, step + 1)]
    bar = theme.shares("Expert")["colorbar"] | {"tickformat": "d", "tickvals": list(range(1, count + 1)), "nticks": None}
    return {"colorscale": scale, "cmin": 0.5, "cmax": count + 0.5, "colorbar": bar}


def _line(variant: str, dash: str, number: str) -> go.Scatter:
    told = "together" if dash == "solid" else "mean member"
    return theme.line(variant, f"{variant}, {told}: {number}", dash, 2.8 if dash == "solid" else 1.8)
