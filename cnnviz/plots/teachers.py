"""Teachers and students: how well each knows the task, and what a teacher says besides the right class."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, LivePlot, plot

NEEDS = "Needs teachers, which learn first: choose the starting point “Teachers and 60 labels”."


@plot
def students_and_teachers(variants: Sequence[str]) -> LivePlot:
    """Test accuracy over the run: the student's, solid, and its teacher's, dotted.

    Diagnoses: a student that comes nearer to its teacher than one without has learned from more than the labels; a better teacher
    with a worse student has kept what it knows to itself.
    """
    chart = theme.figure(
        "students_and_teachers",
        theme.step_axis(),
        theme.linear_axis("Test accuracy", range=[0, 1.02], tickformat=".0%"),
        "solid: student · dotted: its teacher",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for column, words, dash in (("test_accuracy", "student", "solid"), ("teacher_accuracy", "teacher", "dot")):
            bindings += [Binding(len(chart.data), attr, column, variant) for attr in ("x", "y")]
            line = go.Scatter(name=variant, legendgroup=variant, mode="lines", showlegend=dash == "solid")
            line.update(line={"color": theme.variant_colour(variant), "width": 2.5 if dash == "solid" else 1.8, "dash": dash})
            chart.add_trace(line.update(hovertemplate=f"{variant}, {words}: %{{y:.1%}}<extra></extra>"))
    return LivePlot(
        "students_and_teachers",
        chart,
        tuple(bindings),
        theme.per_variant("Student’s test accuracy at this step", variants, NEEDS, "test_accuracy", form="percent"),
        "How often each student is right on the test set while it learns, and how often its finished teacher is.",
    )


@plot
def teacher_loss_over_steps(variants: Sequence[str], only: tuple[str, ...] = ()) -> LivePlot:
    """The loss of each of a teacher's updates, against the targets that it learns from. only: those with a teacher.

    Diagnoses: smoothed targets leave at least their own entropy, so that curve ends higher; one that is still falling at its end
    is a teacher that has not learned its task yet.
    """
    shown = only or tuple(variants)
    chart = theme.figure("teacher_loss_over_steps", theme.step_axis(), theme.log_axis("Teacher’s loss (nats)", nticks=5))
    bindings: list[Binding] = []
    for trace, variant in enumerate(shown):
        bindings += [Binding(trace, attr, "pretraining_loss", variant) for attr in ("x", "y")]
        line = go.Scatter(name=variant, mode="lines", line={"color": theme.variant_colour(variant), "width": 2})
        chart.add_trace(line.update(hovertemplate=f"{variant}, teacher: loss %{{y:{theme.SHORT}}}<extra></extra>"))
    return LivePlot(
        "teacher_loss_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("The teacher’s loss at this step", shown, NEEDS, "pretraining_loss"),
        "Before the students begin, each teacher learns the whole training set; a student without one waits.",
    )


@plot
def teacher_says(variants: Sequence[str], only: tuple[str, ...] = ()) -> LivePlot:
    """What each teacher gives every class at its temperature, mean over the test images of a class. only: those with a teacher.

    Diagnoses: a row with shades says which classes an image resembles, which is what a student can learn beyond the label; a row
    of one shade beside the diagonal has nothing more to tell.
    """
    shown = only or tuple(variants)
    chart = theme.beside(
        "teacher_says",
        shown,
        theme.linear_axis("Class that is given a probability", dtick=3, showgrid=False),
        theme.linear_axis("True class", dtick=1, autorange="reversed", showgrid=False),
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(shown):
        hover = f"{variant}: class %{{y}} is given class %{{x}} with 10<sup>%{{z:.2f}}</sup><extra></extra>"
        chart.add_trace(go.Heatmap(name=variant, coloraxis="coloraxis", hovertemplate=hover), row=1, col=place + 1)
        bindings.append(Binding(place, "z", "teacher_says", variant, "matrix", transform="log10"))
    chart.update_layout(coloraxis=theme.magnitudes("Probability at the temperature", -3, 0), hovermode="closest", margin_b=118)
    return LivePlot(
        "teacher_says",
        chart,
        tuple(bindings),
        theme.per_variant("The teacher itself is right on the test set", shown, NEEDS, "teacher_accuracy", form="percent"),
        "Each row is what a teacher says of the images of one class, on average: bright is the class itself.",
    )
