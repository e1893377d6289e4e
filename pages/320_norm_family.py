"""When batch norm fails, and its family.

Needs: 310 batch normalisation. Leads to: 330 covariate shift.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.engine.words import NORMS_OVER_TIME
from cnnviz.lessons.norm_family import FAMILY, OFFERED
from cnnviz.plots.norms import top_singular_over_steps
from cnnviz.plots.sweeps import sweep_curve
from cnnviz.plots.time_steps import gradient_by_time_step, statistics_by_time_step
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps

lesson = lessons.load(__file__)
SETTINGS = ("norm", "groups", "power_steps", "batch_size", "lr", "optimiser", "depth", "steps", "seed")

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    swept, recurrent = knob.experiment().is_sweep, knob.experiment().net.net == "rnn"
    offered = NORMS_OVER_TIME if recurrent else OFFERED
    if not swept:
        knob.choice("norm", offered)
        knob.remedies("Changed in B: the norm (the last one chosen counts)", (*offered, *(("shared",) if recurrent else ())))
    knob.steps("groups", (1, 2, 4, 8, 16))
    if not swept:
        knob.slider("batch_size", low=2, high=256)
    knob.slider("lr", low=1e-3, high=1)
    knob.choice("optimiser")
    with st.expander("More settings"):
        if not recurrent:
            knob.slider("depth", low=2, high=12)
        if not (swept or recurrent):
            knob.steps("power_steps", (1, 2, 5, 10, 20, 50))
        if not swept:
            knob.slider("steps", low=50, high=2_000)
        knob.slider("seed", high=20)
    variants = knob.each(own=("norm",)) if swept else knob.variants()

SWEPT: ui.Tabs = {"Accuracy against batch size": (partial(sweep_curve, over="batch_size"),)}
WATCHED: ui.Tabs = {
    "Learning": (loss_over_steps, accuracy_over_steps),
    "Singular values": (top_singular_over_steps,),
}
normed = tuple(letter for letter, experiment in variants.items() if experiment.net.norm == "batch")
BY_ROWS: ui.Tabs = {
    "Learning": (loss_over_steps, accuracy_over_steps),
    "Time steps": (gradient_by_time_step, partial(statistics_by_time_step, only=normed)),
}
with knob.stage:
    recordings = ui.live(lesson, variants, SWEPT if swept else BY_ROWS if recurrent else WATCHED)
    ui.findings(lesson, recordings, guess)

ui.remark(
    guess,
    "On our scale batch norm fails like this only without maps. In a convolutional net on 8×8 digits each of its means runs over "
    "2 × 64 values at first and 2 × 4 at last, and it keeps up; Wu & He's nets have deeper stages and a thousand classes.",
)

st.caption(
    "On rows of digits no norm has a lead at 32 a batch. What speaks for layer norm in a recurrent net: it needs no batch, and "
    "no statistics of a time step that training never reached. Batch norm of each time step has nothing to test a ninth row "
    "with; beyond the longest training sequence Cooijmans et al. go on with the statistics of its last step."
)

st.subheader("What shares one mean and one variance", anchor=False)
ui.norm_cube(lesson)

ui.theory(
    knob.below.why,
    "One formula, several sets",
    (
        r"\hat{x}_i = \frac{x_i - \mu_{S(i)}}{\sqrt{\sigma^2_{S(i)} + \epsilon}}, \qquad y_i = \gamma_c\, \hat{x}_i + \beta_c",
        "Batch, layer, instance and group norm differ in the set *S(i)* alone: it is what lights up above.",
    ),
    (
        r"m = 2:\quad \hat{x}_{1,2} = \pm \frac{|x_1 - x_2| / 2}{\sqrt{(x_1 - x_2)^2 / 4 + \epsilon}} \approx \pm 1",
        "**Batch norm of two values** keeps their order and loses by how much they differ: the left end of curve A.",
    ),
    (
        r"h_t = f\!\left( \mathrm{BN}_t(W x_t + U h_{t-1} + b) \right), \qquad "
        r"\mathrm{BN}_t(z) = \gamma\, \frac{z - \mu_t}{\sqrt{\sigma_t^2 + \epsilon}} + \beta",
        "**Batch norm over time.** The weights, *γ* and *β* are the same at every step *t*, running mean and variance are not. "
        "Layer norm has neither: its *μ* and *σ* come from the units of this example's own sum. Cooijmans et al. normalise "
        "*Wx* and *Uh* apart and start at *γ* = 0.1; here it is their sum, and *γ* starts at 1.",
    ),
    (
        r"w = g\, \frac{v}{\lVert v \rVert}, \qquad \nabla_v L \perp v",
        "**Weight norm** learns length and direction apart. The gradient stands at right angles to *v*, so that plain gradient "
        "descent can only lengthen it.",
    ),
    (
        r"\bar{W} = \frac{W}{\sigma(W)}, \quad v \leftarrow \frac{W^\top u}{\lVert W^\top u \rVert}, \;"
        r"u \leftarrow \frac{W v}{\lVert W v \rVert}, \; \sigma \approx u^\top W v",
        "**Spectral norm** divides by the largest singular value, followed by power iteration: in the paper one step an update. "
        "A kernel counts as the matrix of its channels.",
    ),
    (
        r"\eta(m) = \eta(32) \cdot \frac{m}{32}, \qquad \text{updates}(m) = \frac{2500}{m}",
        "**A fair comparison** of batch sizes: as many examples seen, and a rate in proportion.",
    ),
)
st.subheader("The family", anchor=False)
ui.table(FAMILY)
ui.closing(lesson, knob, variants, recordings, guess)
