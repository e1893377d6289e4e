"""Vanishing and exploding gradients.

Needs: 120 gradient descent. Leads to: 230 initialisation, 530 skip connections.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.lessons import gradient_paths
from cnnviz.plots.chain import all_paths, chain_walk
from cnnviz.plots.distributions import activation_ridges, gradient_ridges
from cnnviz.plots.gradients import (
    gradient_by_layer,
    gradient_heatmap,
    gradient_over_steps,
    update_ratio_by_layer,
    weight_norm_over_steps,
)
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps

lesson = lessons.load(__file__)
SETTINGS = (
    "net", "depth", "width", "activation", "init", "init_scale", "norm", "skip",
    "optimiser", "lr", "weight_decay", "clip_norm", "steps", "batch_size", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    knob.remedies("Remedies, in B only")
    knob.instant()
    knob.choice("activation")
    knob.slider("depth", high=60)
    knob.choice("init")
    knob.slider("init_scale", low=0.01, high=20)
    knob.slider("lr", low=1e-4, high=10)
    with st.expander("More settings"):
        knob.choice("net", ("mlp", "cnn"))
        knob.slider("width", low=4, high=256)
        knob.switch("skip")
        knob.choice("norm")
        knob.choice("optimiser")
        knob.slider("weight_decay", low=1e-5, high=0.1)
        knob.slider("clip_norm", low=1e-3, high=100)
        knob.slider("batch_size", low=8, high=512)
        knob.slider("steps", low=100, high=5_000)
        knob.slider("seed", high=20)
    variants = knob.variants()


def tabs(variants: ui.Variants) -> ui.Tabs:
    loss = partial(loss_over_steps, classes=10)
    return {
        "Gradient": (gradient_by_layer, gradient_heatmap, gradient_over_steps, loss),
        "Learning": (loss, accuracy_over_steps, update_ratio_by_layer, weight_norm_over_steps),
        "Distributions": (activation_ridges, gradient_ridges),
        "Chain rule": (partial(chain_walk, paths=gradient_paths.counted(variants)), all_paths),
    }


with knob.stage:
    recordings = ui.live(lesson, variants, tabs, fresh=True, follows=knob)
    ui.findings(lesson, recordings, guess)

ui.theory(
    knob.below.why,
    "Why: a product of one factor a layer",
    (
        r"\frac{\partial \ell}{\partial w^{(1)}} = \frac{\partial \ell}{\partial o}"
        r"\cdot \frac{\partial o}{\partial a^{(L-1)}} \cdots \frac{\partial a^{(2)}}{\partial a^{(1)}}"
        r"\cdot \frac{\partial a^{(1)}}{\partial w^{(1)}}",
        "A weight of layer 1, along one path through the net. Each middle factor is one bar of the **Chain rule** tab.",
    ),
    (
        r"\frac{\partial a^{(l+1)}}{\partial a^{(l)}} = f'(z^{(l+1)})\, w^{(l+1)}",
        "A factor is the activation's slope times a weight. Sigmoid's slope is at most ¼, tanh's at most 1; ReLU's is 0 or 1.",
    ),
    (
        r"\delta^{(l)} = \big(W^{(l+1)\top}\, \delta^{(l+1)}\big) \odot f'(z^{(l)})",
        "All paths together: δ is the gradient before the activation of layer *l*. The **Gradient** tab shows what it leaves "
        "for each layer's weights.",
    ),
    (
        r"\begin{gathered} \mathbb{E}\Big(\frac{\partial \ell}{\partial a^{(l-1)}}\Big)^{\!2} \approx c^2\; "
        r"\mathbb{E}\Big(\frac{\partial \ell}{\partial a^{(l)}}\Big)^{\!2} \\ "
        r"c^2 = n\, \mathrm{Var}(w)\, \mathbb{E}\big[f'(z^{(l)})^2\big] \end{gathered}",
        "How they add up: weights around 0 have either sign, so of *n* terms the squares add up. A path may carry almost "
        "nothing; there are *n* times as many with each layer. He's Var(w) = 2/*n* makes up for ReLU's E[f′²] = ½.",
    ),
    (
        r"\sqrt{\mathbb{E}\Big(\frac{\partial \ell}{\partial a^{(1)}}\Big)^{\!2}} \approx c^{\,L} "
        r"\sqrt{\mathbb{E}\Big(\frac{\partial \ell}{\partial o}\Big)^{\!2}}",
        "A factor of typical size *c* at each of *L* layers: below 1 the gradient vanishes, above 1 it explodes, exponentially "
        "fast.",
    ),
    (
        r"g \leftarrow g \cdot \min\!\Big(1, \frac{\theta}{\lVert g \rVert_2}\Big)",
        "Clipping by norm: a gradient longer than θ keeps its direction and gets length θ. Clipping by value cuts each entry on "
        "its own.",
    ),
)
ui.closing(lesson, knob, variants, recordings, guess)
