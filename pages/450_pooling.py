"""Pooling: what is left of a window, what is lost, and what a net then minds of where an image lies.

Needs: 110 convolution. Leads to: 520 network in network and Inception.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.lessons.pooling import KINDS, costs
from cnnviz.plots.overfitting import accuracy_on_both_sets, loss_on_both_sets
from cnnviz.plots.pooling import (
    accuracy_by_shift,
    change_by_shift,
    consistency_by_shift,
    consistency_over_steps,
    rebuilt_maps,
)
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps

lesson = lessons.load(__file__)
SETTINGS = (
    "pooling", "pool_p", "ending", "lr", "depth", "width", "optimiser", "train_examples", "batch_size", "steps", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    chosen = knob.each()
    if len({experiment.net.pooling for experiment in chosen.values()}) == 1:
        knob.choice("pooling")
    if len({experiment.net.ending for experiment in chosen.values()}) == 1:
        knob.choice("ending")
    knob.slider("pool_p", low=1, high=50, disabled=all(experiment.net.pooling != "lp" for experiment in knob.each().values()))
    knob.slider("lr", low=1e-4, high=0.1)
    knob.slider("steps", low=50, high=2_000)
    with st.expander("More settings"):
        knob.slider("depth", low=3, high=8)
        knob.slider("width", low=4, high=32)
        knob.choice("optimiser")
        knob.slider("train_examples", low=100, high=10_000)
        knob.slider("batch_size", low=8, high=128)
        knob.slider("seed", high=20)
    variants = knob.each()

measure = next(iter(variants.values())).measure
learning = (partial(loss_over_steps, classes=10), accuracy_over_steps)
MOVED: ui.Tabs = {"Moved images": (consistency_by_shift, accuracy_by_shift, change_by_shift, consistency_over_steps)}
REBUILT: ui.Tabs = {"Rebuilt maps": (rebuilt_maps,)}
GAP: ui.Tabs = {"Gap": (loss_on_both_sets, accuracy_on_both_sets)}
tabs: ui.Tabs = {
    **(MOVED if measure.shifts else {}),
    **(GAP if measure.training_set else {}),
    "Learning": learning,
    **(REBUILT if measure.unpooling else {}),
}
with knob.stage:
    recordings = ui.live(lesson, variants, tabs)
    ui.findings(lesson, recordings, guess)
    ui.numbers(costs(variants, ui.describe(variants)))

st.caption(
    "Each run here is a small net and a few hundred updates, and other seeds change the order of pools that are close. In test "
    "accuracy no pooling was reliably ahead. While this lesson was made, stochastic pooling narrowed the gap in loss for as long "
    "as the training set was not yet known by heart; after that it was level with max pooling again."
)

st.subheader("One map, every pool", anchor=False)
ui.pooled_maps(lesson)

st.subheader("Stochastic pooling: draw for yourself", anchor=False)
ui.region_draws(lesson)

st.subheader("What is lost", anchor=False)
ui.rebuilt_picture(lesson)
st.caption(
    "With switches the error can never be larger than with the same maxima in the corner: theory below. Whether it is smaller "
    "than that of spreading each maximum over its window depends on the map. Neighbours in a photograph are alike, and one "
    "stands well for all; after an edge filter most are 0, and there it matters where the large one stood."
)

ui.theory(
    knob.below.why,
    "Seven ways to make one number of four",
    (
        r"s_j = \max_{i \in R_j} a_i, \qquad s_j = \frac{1}{|R_j|} \sum_{i \in R_j} a_i",
        "**Max and average** over a region *R*ⱼ. The gradient of a maximum goes to one place; that of a mean to all.",
    ),
    (
        r"s_j = \Big( \frac{1}{|R_j|} \sum_{i \in R_j} |a_i|^p \Big)^{1/p}",
        "**Lp pooling**: *p* = 1 is the mean, *p* → ∞ the maximum. With a sum in place of the mean, as in PyTorch, the result is "
        "larger by the factor 4^(1/*p*), and *p* = 1 would be the sum.",
    ),
    (
        r"\begin{gathered} p_i = \frac{a_i}{\sum_{k \in R_j} a_k} \\ "
        r"s_j = a_l \;\text{ where }\; l \sim P(p_1, \dots, p_{|R_j|}) \end{gathered}",
        "**Stochastic pooling** in training. It takes activations as chances, so none may be negative: ReLU, ReLU6 or sigmoid. A "
        "region of zeros gives 0.",
    ),
    (
        r"\begin{gathered} s_j = \sum_{i \in R_j} p_i\, a_i \\ 0.4 \cdot 1.6 + 0.6 \cdot 2.4 = 2.08 \end{gathered}",
        "In a test, the mean of what would be drawn: nearer to the maximum than the average is.",
    ),
    (
        r"\tfrac{1}{16} \begin{pmatrix} 1 & 2 & 1 \\ 2 & 4 & 2 \\ 1 & 2 & 1 \end{pmatrix} * "
        r"\max_{2 \times 2,\ \text{stride } 1} a",
        "**Blur pooling**: the maximum of every window, one pixel apart, then this filter, and only then every second place is "
        "dropped. A number that moves by one pixel does not jump from one window to the next.",
    ),
    (
        r"\begin{aligned} \lVert x - \hat{x} \rVert^2 &= \sum_j \Big( \sum_{i \in R_j} a_i^2 - m_j^2 \Big) \\ "
        r"&+ \underbrace{\sum_j 2\, m_j (m_j - a_{j,1})}_{\text{without switches}} \end{aligned}",
        "**Unpooling** with each maximum *m*ⱼ in its own place, or in the corner where *a*ⱼ,₁ stood: the second sum is never "
        "negative.",
    ),
)
st.subheader("The kinds", anchor=False)
ui.table(KINDS)
ui.closing(lesson, knob, variants, recordings, guess)
