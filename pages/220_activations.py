"""Activations: the curve, and what becomes of units where it is flat.

Needs: 210 vanishing and exploding gradients. Leads to: 230 initialisation.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.plots.curves import activation_gallery
from cnnviz.plots.distributions import activation_ridges
from cnnviz.plots.fit import convex_halves, error_over_steps, fitted_curve
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps
from cnnviz.plots.units import (
    dead_by_layer,
    dead_over_steps,
    dead_unit_map,
    inputs_on_curve,
    learned_slopes,
    mean_over_steps,
    saturated_map,
    slope_by_layer,
    top_over_steps,
)

lesson = lessons.load(__file__)
SETTINGS = (
    "curve", "heights", "pieces", "activation", "bias_init", "depth", "width", "init", "init_scale", "norm",
    "optimiser", "lr", "steps", "batch_size", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    fits = knob.experiment().data.dataset == "curve"
    knob.remedies("Changed in B only", ("pieces", "rate") if fits else [name for name in lesson.remedies if name != "pieces"])
    knob.instant()
    if fits:
        if knob.choice("curve") == "drawn":
            knob.heights("heights")
        knob.slider("pieces", high=16)
        knob.slider("init_scale", low=0.1, high=20)
    else:
        knob.choice("activation")
        if any(experiment.net.activation == "maxout" for experiment in knob.variants().values()):
            knob.slider("pieces", high=8)
        knob.slider("bias_init", low=-10, high=10)
        knob.slider("depth", low=3, high=20)
        knob.choice("init")
        knob.choice("norm")
    knob.slider("lr", low=1e-4, high=10)
    with st.expander("More settings"):
        if not fits:
            knob.slider("width", low=4, high=256)
            knob.slider("init_scale", low=0.01, high=20)
            knob.slider("batch_size", low=8, high=512)
        knob.choice("optimiser")
        knob.slider("steps", low=100, high=5_000)
        knob.slider("seed", high=20)
    variants = knob.variants()

loss = partial(loss_over_steps, classes=10)
LEARNS: ui.Tabs = {
    "Inputs on the curve": (inputs_on_curve, saturated_map),
    "Saturation": (mean_over_steps, top_over_steps, saturated_map, activation_ridges),
    "Dead units": (dead_unit_map, dead_by_layer, dead_over_steps, accuracy_over_steps),
    "PReLU's slope": (slope_by_layer, learned_slopes, inputs_on_curve),
    "Learning": (loss, accuracy_over_steps),
    "All curves": (activation_gallery,),
}


def fitting(variants: ui.Variants) -> ui.Tabs:
    """The tabs of a fit; the first chart also shows the target that the next run is to fit."""
    data = variants["A"].data
    target = partial(fitted_curve, curve=data.curve, heights=data.heights)
    return {"Fit": (target, convex_halves, error_over_steps), "All curves": (activation_gallery,)}


with knob.stage:
    recordings = ui.live(lesson, variants, fitting if fits else LEARNS, fresh=True, follows=knob)
    ui.findings(lesson, recordings, guess)

ui.theory(
    knob.below.why,
    "Why: a unit learns only where its curve has a slope",
    (
        r"\frac{\partial \ell}{\partial w_{ij}} = \delta_i\, x_j, \qquad \delta_i = \frac{\partial \ell}{\partial a_i}\, f'(z_i)",
        "All that a unit's weights are told passes through the slope at its input *z*: the dashed curve, where the ridges stand.",
    ),
    (
        r"f(z) = \max(0, z) + a \min(0, z)",
        "ReLU has *a* = 0, leaky ReLU 0.01; PReLU learns it. With *a* = 0, a unit that is off on every example gets no gradient "
        "from any of them: it is dead. It comes back only where momentum still carries its weights, or the layers below move its "
        "inputs: see layer 1 of *Dying ReLU* in its first five steps.",
    ),
    (
        r"h_i = \max_{j \le k} z_{ij}, \qquad \mathrm{ReLU}(x) = \max(0, x), \quad |x| = \max(x, -x)",
        "A maxout unit is the largest of *k* sums with weights of their own. ReLU and |x| are two of its shapes, with *k* = 2. "
        "The largest of straight lines is always convex.",
    ),
    (
        r"g(x) = \max_j (a_j x + b_j) - \max_j (c_j x + d_j)",
        "Two units are enough: put every upward bend of a piecewise-linear *g* into the first and every downward bend, turned "
        "over, into the second. Each is then convex, so each is a maxout, and straight pieces come as close to any continuous "
        "curve as you like.",
    ),
)
ui.closing(lesson, knob, variants, recordings, guess)
