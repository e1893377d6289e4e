"""Dropout drawn: a net under one mask, means over many masks, one step of two nets, answers that spread, and maps with holes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Given, LivePlot, plot

NO_MASK = "Needs masks that are drawn one by one: choose the starting point “Mask by mask: a small fresh net”."
NO_TWIN = "Needs inverted dropout, mask by mask: choose it under Dropout."
NO_GAP = "Needs tests on the whole training set: choose a starting point that makes them."
NO_PASSES = "Needs images shown with masks: choose the starting point “Masks in the test: images of unknown classes”."
NO_MAPS = "Needs feature maps with dropout: choose the starting point “Feature maps: dots, blocks, whole channels”."

DIM = 0.2  # opacity of what is dropped
TERMS = ("a(h)", "D", "D ⊙ a(h)")
LEVELS = 32  # a map's highest value, as `dropped_maps` records it
KINDS = ("learned", "unknown")  # of classes
IMAGES = 8  # of each kind, as `mc_probability` records them


@plot
def masked_net(variants: Sequence[str], widths: tuple[int, ...] = (64, 16, 16, 10)) -> LivePlot:
    """Every unit and weight of a small net, inputs at the bottom; those that the mask at the cursor leaves are coloured.

    widths: units a row, from the inputs to the outputs. Diagnoses: dropout takes a unit with all its weights, so that few weights
    are left; DropConnect takes the same share of the weights one by one, and leaves every unit.
    """
    rows = range(len(widths))
    names = ["inputs", *(f"hidden {number}" for number in rows[1:-1]), "outputs"]
    bare = {"showgrid": False, "ticks": ""}
    x = theme.linear_axis("Units side by side", showticklabels=False, **bare)
    y = theme.linear_axis("Layer", tickvals=list(rows), ticktext=names, range=[-0.4, len(widths) - 0.6], **bare)
    chart = theme.beside("masked_net", variants, x, y, same_x=True)
    bindings, given = [], []
    lines, dots = _all_weights(widths), _all_units(widths)
    for place, variant in enumerate(variants, start=1):
        colour = theme.variant_colour(variant)
        first = len(chart.data)
        for mode, look in (
            ("lines", {"line": {"color": colour, "width": 1}, "opacity": DIM}),
            ("lines", {"line": {"color": colour, "width": 1.4}}),
            ("markers", {"marker": {"color": colour, "size": 11}, "opacity": DIM}),
            ("markers", {"marker": {"color": colour, "size": 12}}),
        ):
            chart.add_trace(go.Scatter(name=variant, mode=mode, hoverinfo="skip", showlegend=False, **look), row=1, col=place)
        for trace, (across, up) in ((first, lines), (first + 2, dots)):
            given += [Given(trace, "x", across), Given(trace, "y", up)]
        given += [Given(first + 1, "y", lines[1]), Given(first + 3, "y", _row_numbers(widths))]
        bindings += [
            Binding(first + 1, "x", "net_weights", variant, "rows"),
            Binding(first + 3, "x", "net_units", variant, "rows"),
        ]
    return LivePlot(
        "masked_net",
        chart,
        tuple(bindings),
        theme.per_variant("Weights left with both their ends", variants, NO_MASK, "net_kept", form="percent"),
        "Dots are units and lines are weights, pale where this mask drops them; move the cursor for another mask.",
        given=tuple(given),
    )


Points = tuple[float | str | None, ...]


def _all_weights(widths: Sequence[int]) -> tuple[Points, Points]:
    """x and y of every weight as a line from below to above, separated by None, in the order of `net_weights`."""
    x: list[float | str | None] = []
    y: list[float | str | None] = []
    for row, (below, above) in enumerate(pairwise(widths)):
        for upper in range(above):
            for lower in range(below):
                x += [lower - (below - 1) / 2, upper - (above - 1) / 2, None]
                y += [row, row + 1, None]
    return tuple(x[:-1]), tuple(y[:-1])


def _all_units(widths: Sequence[int]) -> tuple[Points, Points]:
    """x and y of every unit."""
    x = [place - (width - 1) / 2 for width in widths for place in range(width)]
    return tuple(x), tuple(row for row, width in enumerate(widths) for _unit in range(width))


def _row_numbers(widths: Sequence[int]) -> Points:
    """y for the matrix `net_units`, whose rows are all as long as the widest and are separated by None."""
    spread: list[float | str | None] = []
    for row in range(len(widths)):
        spread += [*[row] * max(widths), None]
    return tuple(spread[:-1])


@plot
def unit_by_unit(variants: Sequence[str], units: int = 16) -> LivePlot:
    """Hidden layer 1 unit by unit under the mask at the cursor: a(h), D and D ⊙ a(h), three rows a variant.

    units: of that layer. Diagnoses: a column that is 0 in its last row and not in its first is a unit that was dropped; with
    inverted dropout D is 1/q where a unit stays.
    """
    names = [f"{variant}: {term}" for variant in variants for term in TERMS]
    y = theme.category_axis("Factors and product", autorange="reversed", categoryorder="array", categoryarray=names)
    chart = theme.figure("unit_by_unit", theme.category_axis("Unit of hidden layer 1"), y)
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        where = {"x": [str(unit) for unit in range(1, units + 1)], "y": [f"{variant}: {term}" for term in TERMS]}
        drawn = go.Heatmap(name=variant, coloraxis="coloraxis", xgap=2, ygap=2, texttemplate="%{z:.2f}", **where)
        drawn.update(textfont_size=theme.FONT_SIZE - 3, hovertemplate="%{y}, unit %{x}: %{z:.3f}<extra></extra>")
        chart.add_trace(drawn)
        bindings.append(Binding(trace, "z", "unit_terms", variant, "matrix"))
    scale = {"colorscale": theme.MAGNITUDE_SCALE, "cmin": 0, "showscale": False}
    chart.update_layout(coloraxis=scale, hovermode="closest", margin_l=112)
    return LivePlot(
        "unit_by_unit",
        chart,
        tuple(bindings),
        theme.per_variant("Mean over the masks so far of one unit’s output", variants, NO_MASK, "followed_mean"),
        "What the activation gave, what the mask multiplies it by, and what the next layer gets, for one example.",
    )


@plot
def mean_over_masks(variants: Sequence[str]) -> LivePlot:
    """Mean of one unit's output over the masks so far, in the band where it may lie if its expectation is the output in a test.

    Diagnoses: a line that stays within its narrowing band has the test's output for its expectation; one that leaves it has not.
    """
    chart = theme.figure(
        "mean_over_masks",
        theme.log_axis("Masks drawn so far"),
        theme.linear_axis("Mean output of the unit", nticks=6),
        "dashed: in a test · band: ± 2 standard errors",
    )
    bindings: list[Binding] = []
    for variant in variants:
        first = len(chart.data)
        chart.add_trace(theme.band_edge(variant, filled=False))
        chart.add_trace(theme.band_edge(variant, filled=True))
        chart.add_trace(theme.line(variant, f"{variant}, test: %{{y:{theme.SHORT}}}", "dash", 1.5))
        chart.add_trace(theme.line(variant, f"{variant}, mean: %{{y:{theme.SHORT}}}"))
        for trace, end in enumerate(("low", "high", "tested", "mean"), first):
            bindings += [Binding(trace, attr, f"followed_{end}", variant) for attr in ("x", "y")]
    return LivePlot(
        "mean_over_masks",
        chart,
        tuple(bindings),
        theme.per_variant("Mean so far", variants, NO_MASK, "followed_mean"),
        "One unit of hidden layer 1: its mean over the masks runs into the test’s value where that is its expectation.",
    )


@plot
def output_gap_by_layer(variants: Sequence[str]) -> LivePlot:
    """How far the mean output over the masks so far is from the test's, by layer, and what sampling alone would make of that.

    Diagnoses: on the dotted line the test is the expectation; above it the test is an approximation.
    """
    return _gap(
        "output_gap_by_layer",
        variants,
        "output",
        "Outputs: mean against test (relative)",
        "Far from the dotted line a test is no expectation: a sum’s mean is exact, a ReLU of the sum is not.",
    )


@plot
def sum_gap_by_layer(variants: Sequence[str]) -> LivePlot:
    """The same for the sums z, before the activation.

    Diagnoses: the first sum behind dropped units, layer 2's, is linear in them, and lies on the dotted line.
    """
    return _gap(
        "sum_gap_by_layer",
        variants,
        "sum",
        "Sums z: mean against test (relative)",
        "The sums of the first layer that reads dropped units are exact on average; those above are behind a bent function.",
    )


def _gap(name: str, variants: Sequence[str], what: str, title: str, explain: str) -> LivePlot:
    note = "dotted: what sampling alone makes"
    chart = theme.figure(name, theme.layer_axis(), theme.log_axis(title), note)
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        for column, dash in ((f"{what}_gap", "solid"), (f"{what}_error", "dot")):
            trace = len(chart.data)
            line = theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}}", dash, 2.5 if dash == "solid" else 1.5)
            chart.add_trace(line.update(mode="lines+markers", marker={"size": 8, "symbol": theme.MARKERS[place]}))
            bindings += [Binding(trace, "x", "layers", variant, "layers"), Binding(trace, "y", column, variant, "layers")]
    start, layer = ("Gap of the net’s outputs", -1) if what == "output" else ("Gap of layer 2’s sums", 1)
    headline = theme.per_variant(start, variants, NO_MASK, f"{what}_gap", layer=layer, form="percent")
    return LivePlot(name, chart, tuple(bindings), headline, explain)


@plot
def twin_ratio_by_layer(variants: Sequence[str], keep: float = 0.5, only: tuple[str, ...] = ()) -> LivePlot:
    """Gradient of a net with inverted dropout over that of its twin with plain dropout, which computes the same.

    keep: q. only: the variants with inverted dropout. Diagnoses: 1/q in each layer that reads dropped units: its rate is η/q;
    layer 1 reads none.
    """
    y = theme.linear_axis("Gradient, inverted over plain (×)", rangemode="tozero")
    chart = theme.figure("twin_ratio_by_layer", theme.layer_axis(), y)
    theme.level(chart, 1 / keep, "1/q")
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        line = theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}} ×").update(mode="lines+markers", marker_size=9)
        chart.add_trace(line)
        bindings += [Binding(trace, "x", "layers", variant, "layers"), Binding(trace, "y", "twin_ratio", variant, "layers")]
    return LivePlot(
        "twin_ratio_by_layer",
        chart,
        tuple(bindings),
        theme.per_variant(
            "Gradient of the last layer, over its twin’s", only or variants, NO_TWIN, "twin_ratio", layer=-1, form="times"
        ),
        "Both nets give the same loss under the same mask: one has weights w, the other v = q w behind outputs over q.",
    )


@plot
def loss_gap_over_steps(variants: Sequence[str]) -> LivePlot:
    """Loss on the test set less loss on the training set, both in eval mode, over the run.

    Diagnoses: the higher, the more a net trusts what it knows by heart.
    """
    y = theme.linear_axis("Loss gap, test less training (nats)")
    chart = theme.figure("loss_gap_over_steps", theme.step_axis(), y)
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        chart.add_trace(theme.marked_line(variant, place, f"{variant}: %{{y:{theme.SHORT}}} nats"))
        bindings += [Binding(place, attr, "loss_gap", variant) for attr in ("x", "y")]
    return LivePlot(
        "loss_gap_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Loss gap at this step, nats", variants, NO_GAP, "loss_gap"),
        "How much worse each net’s loss is on images that it never saw than on those that it learned from.",
    )


@plot
def answers_with_masks(variants: Sequence[str], passes: int = 50) -> LivePlot:
    """What each pass with masks gives the class that is first on average, eight images of learned classes, then of unknown ones.

    passes: the experiment's own. Diagnoses: dots close together are an answer that does not hang on which units are there; dots
    from top to bottom are a guess.
    """
    x = theme.linear_axis(
        "8 images of learned | 8 of unknown classes",
        range=[-0.7, 2 * IMAGES - 0.3],
        showticklabels=False,
        showgrid=False,
        ticks="",
    )
    chart = theme.beside("answers_with_masks", variants, x, theme.linear_axis("Probability in one pass", range=[-0.03, 1.03]))
    bindings, given = [], []
    beside = tuple(value for image in range(2 * IMAGES) for value in (*_jittered(image, passes), None))[:-1]
    for trace, variant in enumerate(variants):
        marks = {"color": theme.variant_colour(variant), "size": 3.5, "opacity": 0.55}
        dots = go.Scatter(name=variant, mode="markers", marker=marks, showlegend=False)
        chart.add_trace(dots.update(hovertemplate=f"{variant}: %{{y:.0%}}<extra></extra>"), row=1, col=trace + 1)
        chart.add_vline(x=IMAGES - 0.5, line={"color": theme.NEUTRAL, "dash": "dot", "width": 1}, row=1, col=trace + 1)
        bindings.append(Binding(trace, "y", "mc_probability", variant, "rows"))
        given.append(Given(trace, "x", beside))
    chart.update_layout(hovermode="closest")
    return LivePlot(
        "answers_with_masks",
        chart,
        tuple(bindings),
        theme.per_variant("Spread of an answer, unknown classes", variants, NO_PASSES, "mc_spread", layer=1),
        "Each column is one image, each dot one pass with another mask: the probability of the class that is first on average.",
        given=tuple(given),
    )


def _jittered(image: int, passes: int) -> list[float]:
    return [round(image + 0.6 * (number / passes - 0.5), 3) for number in range(passes)]


@plot
def spread_over_steps(variants: Sequence[str]) -> LivePlot:
    """Standard deviation of an answer over masks, mean over images, over the run: learned classes solid, unknown ones dashed.

    Diagnoses: lines that part are a net that grows sure of what it learned, and only of that.
    """
    note = "solid: learned classes · dashed: unknown ones"
    y = theme.linear_axis("Spread of an answer (std)", rangemode="tozero")
    chart = theme.figure("spread_over_steps", theme.step_axis(), y, note)
    bindings: list[Binding] = []
    for variant in variants:
        for kind, dash in enumerate(("solid", "dash")):
            line = theme.line(variant, f"{variant}, {KINDS[kind]}: %{{y:{theme.SHORT}}}", dash).update(mode="lines+markers")
            bindings += [Binding(len(chart.data), attr, "mc_spread", variant, layer=kind) for attr in ("x", "y")]
            chart.add_trace(line)
    return LivePlot(
        "spread_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Spread of an answer, learned classes", variants, NO_PASSES, "mc_spread", layer=0),
        "How far the answers to one image lie apart from mask to mask, mean over a hundred images of each kind.",
    )


@plot
def maps_with_holes(variants: Sequence[str]) -> LivePlot:
    """An image and its first four maps in hidden layer 1, as the next layer gets them, a row a variant: holes are dropped.

    Diagnoses: single dots leave every stroke to be seen; blocks take a piece of it away.
    """
    chart = theme.dressed(make_subplots(rows=max(len(variants), 1), cols=1, vertical_spacing=0.04), "maps_with_holes")
    bare = {"showticklabels": False, "showgrid": False, "ticks": "", "constrain": "domain"}
    bindings: list[Binding] = []
    for row, variant in enumerate(variants, start=1):
        chart.add_trace(go.Heatmap(name=variant, coloraxis="coloraxis", hoverinfo="skip"), row=row, col=1)
        chart.update_xaxes(**theme.linear_axis("", **bare), row=row).update_xaxes(title=None, row=row)
        anchor = "x" if row == 1 else f"x{row}"
        y = theme.linear_axis(f"Maps of {variant}", autorange="reversed", scaleanchor=anchor, **bare)
        chart.update_yaxes(**y, row=row)
        bindings.append(Binding(row - 1, "z", "dropped_maps", variant, "matrix"))
    theme.x_title(chart, "The image, then four maps of layer 1")
    scale = {"colorscale": theme.MAGNITUDE_SCALE, "cmin": 0, "cmax": LEVELS, "showscale": False}
    chart.update_layout(coloraxis=scale, hovermode=False)
    return LivePlot(
        "maps_with_holes",
        chart,
        tuple(bindings),
        theme.per_variant("Dropped of layer 1", variants, NO_MAPS, "dropped_share", layer=0, form="percent"),
        "Each map is bright where its filter answers to the image at the left; where the ground shows through it is dropped.",
    )


@plot
def guess_error_over_steps(variants: Sequence[str]) -> LivePlot:
    """Error of guessing layer 1's dropped outputs from the nearest kept ones, over that of guessing their map's mean, squares.

    Diagnoses: near 0 nothing was taken away, since the neighbours tell it; near 1 or above it is really gone.
    """
    y = theme.linear_axis("Error of the guess (1: no better than the mean)", rangemode="tozero")
    chart = theme.figure("guess_error_over_steps", theme.step_axis(), y)
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        chart.add_trace(theme.marked_line(variant, place, f"{variant}: %{{y:{theme.SHORT}}}"))
        bindings += [Binding(place, attr, "guess_error", variant, layer=0) for attr in ("x", "y")]
    return LivePlot(
        "guess_error_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Error of the guess in layer 1", variants, NO_MAPS, "guess_error", layer=0),
        "Each dropped output is guessed as the mean of the nearest kept ones around it, and compared with what it was.",
    )
