"""When batch norm fails, and its family.

Needs: 310 batch normalisation. Leads to: 330 covariate shift.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.lessons.norm_family import FAMILY, OFFERED
from cnnviz.plots.norms import top_singular_over_steps
from cnnviz.plots.sweeps import sweep_curve
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps

lesson = lessons.load(__file__)
SETTINGS = ("norm", "groups", "power_steps", "batch_size", "lr", "optimiser", "depth", "steps", "seed")

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    swept = knob.experiment().is_sweep
    if not swept:
        knob.choice("norm", OFFERED)
        knob.remedies("Changed in B: the norm (the last one chosen counts)")
    knob.steps("groups", (1, 2, 4, 8, 16))
    if not swept:
        knob.slider("batch_size", low=2, high=256)
    knob.slider("lr", low=1e-3, high=1)
    knob.choice("optimiser")
    with st.expander("More settings"):
        knob.slider("depth", low=2, high=12)
        if not swept:
            knob.steps("power_steps", (1, 2, 5, 10, 20, 50))
            knob.slider("steps", low=50, high=2_000)
        knob.slider("seed", high=20)
    variants = knob.each(own=("norm",)) if swept else knob.variants()

SWEPT: ui.Tabs = {"Accuracy against batch size": (partial(sweep_curve, over="batch_size"),)}
WATCHED: ui.Tabs = {
    "Learning": (loss_over_steps, accuracy_over_steps),
    "Singular values": (top_singular_over_steps,),
}
with knob.stage:
    recordings = ui.live(lesson, variants, SWEPT if swept else WATCHED)

ui.findings(lesson, recordings, guess)
st.caption(
    "On our scale batch norm fails like this only without maps. In a convolutional net on 8×8 digits each of its means runs over "
    "2 × 64 values at first and 2 × 4 at last, and it keeps up; Wu & He's nets have deeper stages and a thousand classes."
)

st.subheader("What shares one mean and one variance", anchor=False)
ui.norm_cube(lesson)

ui.theory(
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
ui.closing(lesson, variants)
