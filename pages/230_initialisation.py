"""Initialisation and variance.

Needs: 210 vanishing gradients. Leads to: 240 pre-training, 310 batch normalisation.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.lessons import initialisation as content
from cnnviz.lessons.derivation import derivation
from cnnviz.lessons.frameworks import FORMULAS, in_frameworks
from cnnviz.plots.distributions import activation_ridges
from cnnviz.plots.lsuv import lsuv_loop
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps
from cnnviz.plots.variance import (
    activation_variance_by_layer,
    gradient_variance_by_layer,
    gram_image,
    row_difference_over_steps,
    variance_by_layer,
    weight_image,
)

lesson = lessons.load(__file__)
SETTINGS = (
    "net", "pooling", "depth", "width", "activation", "init", "init_std", "init_scale",
    "optimiser", "lr", "steps", "batch_size", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    knob.remedies("Changed in B only")
    knob.instant()
    knob.choice("init")
    knob.slider("init_std", low=1e-3, high=5, disabled=not content.uses_std(knob.variants()))
    knob.slider("init_scale", low=0.1, high=5)
    knob.choice("activation")
    knob.slider("depth")
    knob.slider("width", low=4, high=512)
    with st.expander("More settings"):
        if knob.choice("net", ("mlp", "cnn")) == "cnn":
            knob.choice("pooling", ("max", "strided", "none"))
        knob.choice("optimiser")
        knob.slider("lr", low=1e-4, high=1)
        knob.slider("batch_size", low=8, high=512)
        knob.slider("steps", low=20, high=2_000)
        knob.slider("seed", high=20)
    variants = knob.variants()


def fresh_tabs(variants: ui.Variants) -> ui.Tabs:
    theory = partial(content.curves, variants)
    return {
        "Variance": (
            partial(variance_by_layer, curves=theory("z_var")),
            partial(gradient_variance_by_layer, curves=theory("activation_grad_var")),
        ),
        "Activations": (partial(activation_variance_by_layer, curves=theory("activation_var")),),
        "Weights": (weight_image, gram_image),
    }


loss = partial(loss_over_steps, classes=10)
TRAINED: ui.Tabs = {
    "Learning": (loss, accuracy_over_steps),
    "Variance": (variance_by_layer, gradient_variance_by_layer),
    "Symmetry": (weight_image, row_difference_over_steps),
    "Distributions": (activation_ridges,),
}
with knob.stage:
    measured, trains = st.tabs(["Fresh weights", "Does it then train?"])
    with measured:
        fresh = ui.live(lesson, variants, fresh_tabs, instant=True, follows=knob)
    with trains:
        trained = ui.live(lesson, variants, TRAINED)
    recordings = content.newest(fresh, trained, variants)
    ui.findings(lesson, recordings, guess)
    st.caption(
        "Measured anew while a slider moves, and whenever a control changes. Dashed is what the lines below predict for an "
        "infinitely wide net with weights drawn around 0; for convolutions place by place, since a padded edge reads less, and "
        "only without max pooling: a maximum depends on how alike neighbours are. For equal weights they predict nothing."
    )

for letter, recording in content.loops(fresh):
    st.subheader(f"LSUV's loop, as it went in {letter}", anchor=False)
    ui.picture(
        lsuv_loop(recording.layers, recording.about["lsuv"], letter),
        f"{lesson.slug}.lsuv.{letter}",
        "From below: a batch goes through the layers that are done, the next one's variance is measured, its weights are "
        "divided by its square root, and it is measured again. Layers without a bar have not been reached.",
    )

ui.theory(knob.below.why, "The derivation, line by line, with the numbers of A", *derivation(fresh if ui.answered(guess) else {}))

st.subheader("The chosen scheme in three frameworks", anchor=False)
for letter, experiment in variants.items():
    st.markdown(f"**{letter}**: ${FORMULAS[experiment.net.init]}$")
    words = in_frameworks(experiment)
    for tab, text in zip(st.tabs(list(words)), words.values(), strict=True):
        tab.code(text, language="python")

ui.closing(lesson, knob, variants, recordings, guess)
