"""Dropout and its kin: masks drawn, what a test makes of them, and nets that learn with them.

Needs: 410 overfitting and weight penalties. Leads to: 430 augmentation.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.lessons import dropout as content
from cnnviz.plots.dropout import (
    answers_with_masks,
    guess_error_over_steps,
    loss_gap_over_steps,
    maps_with_holes,
    masked_net,
    mean_over_masks,
    output_gap_by_layer,
    spread_over_steps,
    sum_gap_by_layer,
    twin_ratio_by_layer,
    unit_by_unit,
)
from cnnviz.plots.gradients import weight_norm_over_steps
from cnnviz.plots.overfitting import accuracy_on_both_sets, largest_unit_by_layer, loss_on_both_sets
from cnnviz.plots.sweeps import sweep_curve
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps

lesson = lessons.load(__file__)
SETTINGS = (
    "keep", "block_size", "passes", "lr", "weight_decay", "train_examples", "depth", "width", "activation", "optimiser",
    "batch_size", "steps", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    base = knob.experiment()
    drawn, holes, asked = base.calculation.calculation != "none", base.measure.maps, base.measure.passes > 0
    if not base.is_sweep:
        knob.slider("keep", low=0.1)
    if holes:
        knob.slider("block_size", high=14)
    if asked:
        knob.slider("passes", low=2, high=100)
    knob.slider("lr", low=1e-3, high=1)
    if not drawn:
        knob.slider("train_examples", low=100, high=5_000)
    with st.expander("More settings"):
        knob.slider("width", low=2, high=8 if drawn else 256)
        knob.slider("depth", low=3, high=6)
        knob.choice("activation")
        knob.slider("weight_decay", low=1e-4, high=0.1)
        if not drawn:
            knob.choice("optimiser")
            knob.slider("batch_size", low=8, high=100)
        knob.slider("steps", low=20, high=2_000)
        knob.slider("seed", high=20)
    variants = knob.each()

LEARNS: ui.Tabs = {
    "Gap": (loss_on_both_sets, loss_gap_over_steps, accuracy_on_both_sets),
    "Learning": (partial(loss_over_steps, classes=10), accuracy_over_steps),
    "Weights": (weight_norm_over_steps, *([largest_unit_by_layer] if base.measure.weights else [])),
}
DRAWN: ui.Tabs = {
    "Mask": (partial(masked_net, widths=content.widths(base)), partial(unit_by_unit, units=base.net.width)),
    "Expectation": (mean_over_masks, output_gap_by_layer, sum_gap_by_layer),
    "One step": (partial(twin_ratio_by_layer, keep=base.dropout.keep, only=content.inverted(variants)),),
}
HOLES: ui.Tabs = {
    "Maps": (maps_with_holes, guess_error_over_steps),
    "Learning": (partial(loss_over_steps, classes=10), accuracy_over_steps),
}
ASKED: ui.Tabs = {
    "Masks in the test": (partial(answers_with_masks, passes=base.measure.passes), spread_over_steps),
    "Learning": (partial(loss_over_steps, classes=5), accuracy_over_steps),
}
SWEPT: ui.Tabs = {"Against q": (partial(sweep_curve, over="keep", measure=base.sweep.sweep_measure),)}
with knob.stage:
    tabs = SWEPT if base.is_sweep else DRAWN if drawn else HOLES if holes else ASKED if asked else LEARNS
    recordings = ui.live(lesson, variants, tabs, verb="Draw masks" if drawn else "Train")
    ui.findings(lesson, recordings, guess)
    step = content.step_table(recordings)
    if step:
        st.markdown("**One weight of layer 2, one step**: both nets compute the same under the same mask")
        ui.numbers(step)

ui.remark(
    guess,
    "With 300 images it is the loss that tells nets with and without dropout apart: right answers on the test set change by a "
    "point or two only. DropConnect draws one mask for a batch here, not one for each example as in its paper.",
)
st.subheader("A mask over weights, or over units", anchor=False)
st.markdown(
    "Seen from a layer's weights, both are a mask of zeros and ones. Dropout throws a coin for each unit, and a unit takes all "
    "its weights along; DropConnect throws one for each weight. *q* is the starting point's own, or what you set *Keep* to. "
    "After a figure of Wan et al. 2013."
)
ui.weight_masks(lesson, base.dropout.keep)
ui.theory(
    knob.below.why,
    "What is dropped, and what makes up for it",
    (
        r"\begin{gathered} f(h) = D \odot a(h), \quad D = (X_1, \dots, X_{d_h}) \\ "
        r"P(X_i = 0) = p, \; P(X_i = 1) = q = 1 - p \end{gathered}",
        "Behind the activation of a hidden layer, each unit of each example has a coin of its own, thrown anew in each pass. "
        "*Keep* is *q*. The starting point *Mask by mask* shows *D* on a small net.",
    ),
    (
        r"\text{train: } O_i = X_i\, a(h_i), \qquad \text{test: } O_i = q\, a(h_i)",
        "**Plain dropout.** A test uses every unit, scaled to what the next layer got on average: the dashed lines under "
        "*Expectation*. That is exact for the sums of the next layer, and an approximation behind its activation.",
    ),
    (
        r"\text{train: } O_i = \tfrac{1}{q} X_i\, a(h_i), \qquad \text{test: } O_i = a(h_i)",
        "**Inverted dropout.** The factor moves into training, and a test is left as it is.",
    ),
    (
        r"w \leftarrow w - \eta \Big( \frac{\partial F}{\partial w} + \lambda w \Big), \qquad "
        r"w \leftarrow w - \eta \Big( \frac{1}{q} \frac{\partial F}{\partial w} + \lambda w \Big)",
        "One step with L2, plain and inverted. With 1/*q* on the gradient alone, the **effective rate is η/q**, and the same λ "
        "weighs less: *One step* measures both, and *The same rate* trains with them.",
    ),
    (
        r"\lVert w_i \rVert_2 \le c",
        "**Max-norm.** Dropout does not bound the weights; this does, after each update. So does L2, more softly.",
    ),
    (
        r"a\big( (M \odot W)\, x + b \big), \qquad M_{ij} \in \{0, 1\}, \; P(M_{ij} = 1) = q",
        "**DropConnect** drops weights. A test takes their mean, *q W*: right for the sum, an approximation behind *a*.",
    ),
    (
        r"\gamma = \frac{1 - q}{b^2} \cdot \frac{s^2}{(s - b + 1)^2}",
        "**DropBlock** drops squares of *b* × *b* positions of a map of *s* × *s*; γ is the chance of a square to begin at a "
        "place. Squares may overlap, so a little less than 1 − *q* is gone. **Spatial dropout** takes whole channels.",
    ),
    (
        r"\bar{p} = \frac{1}{T} \sum_{t=1}^{T} p(y \mid x, D_t), \qquad "
        r"s^2 = \frac{1}{T} \sum_{t=1}^{T} \big( p(y \mid x, D_t) - \bar{p} \big)^2",
        "**MC dropout.** Masks stay on in the test, *T* passes for an image: their spread says how sure the net is.",
    ),
)
ui.closing(lesson, knob, variants, recordings, guess)
