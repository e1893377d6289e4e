"""Overfitting and weight penalties: nets on points in the plane, and polynomials through ten points.

Needs: 330 covariate shift. Leads to: 420 dropout and its kin.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.lessons import overfitting as content
from cnnviz.lessons.polynomials import coefficient_table
from cnnviz.plots.boundary import decision_boundary
from cnnviz.plots.committee import accuracy_of_members, gate_regions, loss_of_members
from cnnviz.plots.overfitting import (
    accuracy_on_both_sets,
    largest_unit_by_layer,
    loss_on_both_sets,
    validation_over_steps,
    zero_weights_over_steps,
)
from cnnviz.plots.polynomial import coefficient_paths, coefficient_sizes, error_by_degree, polynomial_fit

lesson = lessons.load(__file__)
SETTINGS = (
    "degree", "shrinkage", "strength", "points",
    "members", "weight_decay", "l1", "max_norm", "patience", "look_every", "dropout", "keep", "lr", "dataset", "train_examples",
    "depth", "width", "activation", "optimiser", "steps", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    polynomial = knob.experiment().calculation.calculation == "polynomial"
    if polynomial:
        knob.instant()
        knob.slider("degree")
        knob.choice("shrinkage")
        lasso = any(experiment.polynomial.shrinkage == "lasso" for experiment in knob.each().values())
        knob.slider("strength", low=1e-5 if lasso else 1e-18, high=10)
        knob.slider("points", high=200)
        knob.slider("seed", high=20)
    else:
        committees = content.committees(knob.each())
        if committees:
            knob.slider("members", low=2, high=20 if "ensemble" in committees.values() else 8)
        knob.slider("weight_decay", low=1e-4, high=0.1)
        knob.slider("l1", low=1e-3, high=1)
        knob.slider("max_norm", low=0.5, high=10)
        if not committees:
            knob.choice("dropout", ("none", "plain", "inverted", "drop_connect"))
            if any(experiment.dropout.dropout != "none" for experiment in knob.each().values()):
                knob.slider("keep", low=0.2)
        stops = knob.experiment().stopping.validation > 0
        if stops:
            knob.steps("patience", (0, 1, 2, 4, 8, 16, 32))
            knob.steps("look_every", (1, 2, 5, 10, 20, 50))
        knob.slider("train_examples", low=261 if stops else 211, high=2_000)
        with st.expander("More settings"):
            knob.choice("dataset", ("border", "moons", "circles", "spirals"))
            knob.slider("width", low=4, high=128)
            knob.slider("depth", low=2, high=6)
            knob.choice("activation")
            knob.choice("optimiser")
            knob.slider("lr", low=1e-3, high=1)
            knob.slider("steps", low=100, high=3_000)
            knob.slider("seed", high=20)
    variants = knob.each()


def points(variants: ui.Variants) -> ui.Tabs:
    errors = partial(error_by_degree, degrees=content.degrees(variants))
    return {"Fit": (polynomial_fit, errors, coefficient_sizes), "Paths": (coefficient_paths, errors)}


PLANE: ui.Tabs = {
    "Border": (decision_boundary,),
    "Early stopping": (validation_over_steps,),
    "Members": (accuracy_of_members, loss_of_members),
    "Gate": (partial(gate_regions, only=content.gated(variants), experts=next(iter(variants.values())).net.members),),
    "Training and test": (accuracy_on_both_sets, loss_on_both_sets),
    "Weights": (zero_weights_over_steps, largest_unit_by_layer),
}
with knob.stage:
    if polynomial:
        recordings = ui.live(lesson, variants, points, instant=True, follows=knob)
    else:
        recordings = ui.live(lesson, variants, {tab: PLANE[tab] for tab in content.tabs(variants)})
    ui.findings(lesson, recordings, guess)

if polynomial:
    st.markdown("**The lecture's coefficients**: computed here, and in brackets as they are printed there")
    ui.numbers(coefficient_table())
    st.caption(
        "The ten points are known to six digits. They decide the coefficients of degree 9 to about six digits, too: where those "
        "differ in the last place, it is the points' own rounding."
    )
else:
    st.markdown("**Beside the lecture**: share of right answers without anything, with L2 and with dropout")
    if ui.answered(guess, "The lecture's accuracies stand here beside those of your run"):
        ui.numbers(content.beside_the_lecture(recordings))
    st.caption(
        "The lecture's points are not published with it. Its accuracies are multiples of 1/211 and 1/200, so this set has as "
        "many points, drawn on both sides of a wavy border: compare the pattern, not the digits. For the same matter in a "
        "model that can be solved by hand, choose *Polynomials* under “Start from”."
    )
ui.theory(
    knob.below.why,
    "Why: large weights, and how to keep them small",
    (
        r"y(x, w) = \sum_{j=0}^{M} w_j x^j, \qquad E(w) = \frac{1}{2} \sum_{n=1}^{N} \big( y(x_n, w) - t_n \big)^2",
        "A polynomial of degree *M*, and what least squares makes small. With *M* + 1 = *N* it can be 0.",
    ),
    (
        r"\tilde{E}(w) = E(w) + \frac{\lambda}{2} \sum_j w_j^2 \quad\Rightarrow\quad "
        r"w = (\Phi^\top \Phi + \lambda I)^{-1} \Phi^\top t",
        "**Ridge**, or L2. The solution is one formula; every coefficient shrinks, none to 0.",
    ),
    (
        r"\tilde{E}(w) = E(w) + \lambda \sum_j |w_j| \quad\Rightarrow\quad |\varphi_j^\top (t - \Phi w)| \le \lambda",
        "**Lasso**, or L1. A coefficient leaves 0 only where its pull on the error reaches λ: under **Paths**, the corners.",
    ),
    (
        r"w \leftarrow w - \eta \Big( \frac{\partial L}{\partial w} + \lambda w \Big)",
        "**L2 in a net**: weight decay, in weights and never in biases.",
    ),
    (
        r"w \leftarrow \operatorname{sign}(w) \max(|w| - \eta \lambda_1,\ 0)",
        "**L1 in a net**, after each update. Put into the loss, |w| would make weights jitter around 0; this step lets them "
        "arrive. With weight decay as well it is the **elastic net**.",
    ),
    (
        r"\vec{w}_i \leftarrow \vec{w}_i \cdot \min\!\Big( 1,\ \frac{c}{\lVert \vec{w}_i \rVert} \Big)",
        "**Max-norm**: a unit's incoming weights are scaled back to the length *c* where they exceed it.",
    ),
    (
        r"p(y \mid x) = \frac{1}{M} \sum_{m=1}^{M} p_m(y \mid x) \quad\Rightarrow\quad "
        r"-\log p \le \frac{1}{M} \sum_m \big( -\log p_m \big)",
        "**Bagging**: *M* nets, each from a bootstrap sample, answer by their mean. −log is convex, so the mean costs no more "
        "than the members do on average.",
    ),
    (
        r"p(y \mid x) = \sum_i g_i(x)\, p_i(y \mid x), \qquad g(x) = \operatorname{softmax}(V x)",
        "**Mixture of experts**: how much each expert counts depends on *x*. All learn together from −log *p*, so an expert is "
        "changed most where it counts and does well.",
    ),
    (
        r"t^* = \arg\min_t\ L_{\text{held out}}(w_t)",
        "**Early stopping** keeps the weights of the step whose loss on held-out examples is lowest so far, and ends after "
        "so many looks without a new lowest. The test set has no say in it: what is chosen by it could not be judged by it.",
    ),
)
ui.closing(lesson, knob, variants, recordings, guess)
