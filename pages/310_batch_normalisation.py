"""Batch normalisation: by hand on a mini-batch, then in nets that train with it and without.

Needs: 230 initialisation. Leads to: 320 the family of norms, 330 covariate shift.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.lessons import batch_normalisation as content
from cnnviz.plots.ages import ages_before_and_after
from cnnviz.plots.batch_norm import (
    batch_before_and_after,
    fold_difference_over_steps,
    gradients_by_hand,
    modes_over_steps,
    one_among_others,
    relative_errors,
    running_mean_gap,
    running_var_ratio,
)
from cnnviz.plots.distributions import activation_ridges
from cnnviz.plots.dropout import loss_gap_over_steps
from cnnviz.plots.gradients import gradient_by_layer, gradient_over_steps
from cnnviz.plots.overfitting import accuracy_on_both_sets, loss_on_both_sets
from cnnviz.plots.sweeps import sweep_map
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps

lesson = lessons.load(__file__)
SETTINGS = (
    "batch", "upstream", "gamma", "beta", "epsilon",
    "net", "depth", "width", "activation", "init_scale", "optimiser", "lr", "steps", "batch_size", "train_examples", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    base = knob.experiment()
    if base.calculation.calculation != "none":
        knob.listed("batch")
        knob.listed("upstream")
        knob.instant()
        knob.slider("gamma", low=-3, high=3)
        knob.slider("beta", low=-3, high=3)
        knob.slider("epsilon", low=1e-8, high=1)
    else:
        knob.remedies("Changed in B only")
        if not base.is_sweep:
            knob.slider("lr", low=1e-3, high=10)
            knob.slider("init_scale", low=0.1, high=10)
        knob.slider("batch_size", low=2, high=300)
        if base.measure.training_set:
            knob.slider("train_examples", low=100, high=5_000)
        knob.slider("depth", low=2, high=12)
        with st.expander("More settings"):
            knob.choice("activation")
            knob.choice("net", ("mlp", "cnn"))
            knob.slider("width", low=4, high=128)
            knob.choice("optimiser")
            knob.slider("steps", low=20, high=1_000)
            knob.slider("seed", high=20)
    variants = knob.variants()

BY_HAND: ui.Tabs = {"Forward": (batch_before_and_after,), "Backward": (gradients_by_hand, relative_errors)}
SWEPT: ui.Tabs = {
    "Map": (partial(sweep_map, columns=base.sweep.sweep_values, rows=base.sweep.sweep_across_values),),
}
TRAINS: ui.Tabs = {
    "Learning": (partial(loss_over_steps, classes=10), accuracy_over_steps),
    "Gradients": (gradient_by_layer, gradient_over_steps),
}
GAP: ui.Tabs = {"Gap": (loss_on_both_sets, loss_gap_over_steps, accuracy_on_both_sets), **TRAINS}
LEARNS: ui.Tabs = {
    **TRAINS,
    "Distributions": (activation_ridges,),
    "Train and eval": (
        modes_over_steps,
        one_among_others,
        partial(running_mean_gap, only=content.normed(variants)),
        partial(running_var_ratio, only=content.normed(variants)),
    ),
    "Folding": (fold_difference_over_steps,),
}
with knob.stage:
    if base.calculation.calculation != "none":
        recordings = ui.live(lesson, variants, BY_HAND, instant=True, follows=knob)
        ui.findings(lesson, recordings, guess)
        st.markdown(f"**Forward**: {content.moments(base)}")
        ui.numbers(content.forward_table(base))
        st.markdown("**Backward**: the six equations by hand beside autograd")
        ui.numbers(content.backward_table(base, recordings))
    else:
        recordings = ui.live(lesson, variants, SWEPT if base.is_sweep else GAP if base.measure.training_set else LEARNS)
        ui.findings(lesson, recordings, guess)

st.caption(
    "The starting points *By hand* are an editable mini-batch, every step of it forward and back in numbers. With ReLU layers, "
    "He's start and a rate of 0.1 batch norm was not reliably sooner in a net as small as these: the claim on speed is about "
    "sigmoids."
)
if base.measure.training_set:
    st.caption(
        "Means of the seeds 0 to 3, at the settings of this starting point. The gap in loss is 1.52 nats without batch norm and "
        "1.04 with it, while 74.0 % and 73.6 % of the test images are right: with batch norm the net errs as often, at a lower "
        "loss. The random company in a batch is not the only reason: with all 300 images in each batch the gap still falls, from "
        "1.47 to 1.18 nats, but there right answers fall too, from 73.7 % to 67.8 %. With 1,000 images and batches of 50 the gap "
        "is 0.88 nats either way."
    )
st.subheader("First, the inputs", anchor=False)
ui.picture(
    ages_before_and_after(),
    f"{lesson.slug}.ages",
    "Three mini-batches of people. In years they lie in different places, and a layer that learned from the first is surprised "
    "by the third. Standardised over all people, as inputs are before training, ages are near 0 but batches still differ. Each "
    "standardised by its own mean and spread, all look alike: that is batch norm, and it also removes what made them different.",
)
ui.theory(
    knob.below.why,
    "Forward and backward",
    (
        r"\mu = \frac{1}{m} \sum_i x_i, \qquad \sigma^2 = \frac{1}{m} \sum_i (x_i - \mu)^2",
        "Mean and variance of one feature over a mini-batch of *m* examples; in a convolution also over all positions.",
    ),
    (
        r"\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad y_i = \gamma \hat{x}_i + \beta",
        "Normalise, then a scale and a shift that are learned, so that the layer can still represent anything.",
    ),
    (
        r"\frac{\partial \ell}{\partial \hat{x}_i} = \frac{\partial \ell}{\partial y_i} \gamma, \qquad "
        r"\frac{\partial \ell}{\partial \sigma^2} = \sum_i \frac{\partial \ell}{\partial \hat{x}_i} (x_i - \mu) \cdot "
        r"\tfrac{-1}{2} (\sigma^2 + \varepsilon)^{-3/2}",
        "Back through the scale; then the part of the loss that hangs on the variance.",
    ),
    (
        r"\frac{\partial \ell}{\partial \mu} = \sum_i \frac{\partial \ell}{\partial \hat{x}_i} \frac{-1}{\sqrt{\sigma^2 + "
        r"\varepsilon}} + \frac{\partial \ell}{\partial \sigma^2} \frac{\sum_i -2 (x_i - \mu)}{m}",
        "The mean acts directly and through the variance. The second part is 0 but for rounding.",
    ),
    (
        r"\frac{\partial \ell}{\partial x_i} = \frac{\partial \ell}{\partial \hat{x}_i} \frac{1}{\sqrt{\sigma^2 + \varepsilon}} "
        r"+ \frac{\partial \ell}{\partial \sigma^2} \frac{2 (x_i - \mu)}{m} + \frac{\partial \ell}{\partial \mu} \frac{1}{m}",
        "An example acts by itself, and by moving the whole batch's variance and mean: that is why it must be in one equation "
        "with all others.",
    ),
    (
        r"\frac{\partial \ell}{\partial \gamma} = \sum_i \frac{\partial \ell}{\partial y_i} \hat{x}_i, \qquad "
        r"\frac{\partial \ell}{\partial \beta} = \sum_i \frac{\partial \ell}{\partial y_i}",
        "What the layer learns.",
    ),
    (
        r"w' = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}}\, w, \qquad "
        r"b' = \frac{\gamma (b - \mu)}{\sqrt{\sigma^2 + \varepsilon}} + \beta",
        "**Folding.** In eval mode μ and σ² are fixed running averages, so batch norm is a straight line and can be multiplied "
        "into the layer before it: it then costs nothing.",
    ),
)
ui.closing(lesson, knob, variants, recordings, guess)
