"""Label smoothing: targets that can be met, and what that does to margins, confidence and classes.

Needs: 130 softmax and cross-entropy, 410 overfitting. Leads to: 450 pooling, 540 Inception.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.lessons import label_smoothing as content
from cnnviz.plots.clusters import cluster_spread_over_steps, clusters_tested, clusters_trained
from cnnviz.plots.confidence import (
    calibration_error_over_steps,
    confidence_histogram,
    logits_and_weights,
    margin_over_steps,
    reliability_diagram,
)
from cnnviz.plots.sweeps import sweep_curve
from cnnviz.plots.teachers import students_and_teachers, teacher_loss_over_steps, teacher_says
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps

lesson = lessons.load(__file__)
SETTINGS = (
    "smoothing", "smoothing_over", "temperature", "teacher_share", "labels", "teacher_width", "pretraining_steps",
    "train_examples", "lr", "depth", "width", "activation", "weight_decay", "optimiser", "steps", "batch_size", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    base = knob.experiment()
    teaches = base.distillation.teacher
    if teaches:
        knob.slider("temperature")
        knob.slider("teacher_share")
        knob.slider("labels", low=20, high=1_000)
        knob.slider("teacher_width", low=16, high=400)
        knob.slider("pretraining_steps", low=100, high=3_000)
    elif not base.is_sweep:
        knob.slider("smoothing")
    if not teaches:
        knob.choice("smoothing_over")
        knob.steps("train_examples", content.training_sets(base))
    knob.slider("lr", low=1e-4, high=0.1)
    with st.expander("More settings"):
        knob.slider("depth", low=2, high=8)
        knob.slider("width", low=4, high=256)
        knob.choice("activation")
        knob.slider("weight_decay", low=1e-5, high=0.1)
        knob.choice("optimiser")
        knob.slider("steps", low=100, high=5_000)
        knob.slider("batch_size", low=8, high=100)
        knob.slider("seed", high=20)
    variants = knob.each()

CALIBRATION: ui.Tabs = {
    "Calibration": (confidence_histogram, reliability_diagram, calibration_error_over_steps),
}
MARGIN: ui.Tabs = {"Margin": (margin_over_steps, logits_and_weights)}
names = content.class_names(base)
CLUSTERS: ui.Tabs = {
    "Clusters": (partial(clusters_trained, names=names), partial(clusters_tested, names=names), cluster_spread_over_steps)
}
LEARNING: ui.Tabs = {"Learning": (partial(loss_over_steps, classes=10), accuracy_over_steps)}
SWEPT: ui.Tabs = {"Calibration against ε": (partial(sweep_curve, over="smoothing", measure="ece"),)}
TEACHING: ui.Tabs = {
    "Students": (
        students_and_teachers,
        partial(teacher_says, only=content.taught(variants)),
        partial(teacher_loss_over_steps, only=content.taught(variants)),
    ),
    "Learning": (accuracy_over_steps,),
}
with knob.stage:
    if teaches:
        recordings = ui.live(lesson, variants, TEACHING)
    elif base.is_sweep:
        recordings = ui.live(lesson, variants, SWEPT)
    elif knob.preset_name == "margin":
        recordings = ui.live(lesson, variants, {**MARGIN, **CALIBRATION, **LEARNING})
    elif knob.preset_name == "clusters":
        recordings = ui.live(lesson, variants, {**CLUSTERS, **CALIBRATION, **MARGIN, **LEARNING})
    else:
        recordings = ui.live(lesson, variants, {**CALIBRATION, **MARGIN, **CLUSTERS, **LEARNING})
    ui.findings(lesson, recordings, guess)

st.caption(
    "The loss under Learning is the one that is minimised, against the targets that are taught: smoothed ones cost at least "
    "their own entropy. Losses on the test set are plain. While this lesson was made, heaps were tighter on training examples, "
    "on new ones only where the net knew its task well, and only in the plane that the output layer reads: in the whole space "
    "of the last hidden layer, the spread within classes stayed about the same or grew. And with all labels, a student "
    "gained nothing from a teacher here."
)
st.subheader("Which targets, and which logits meet them", anchor=False)
ui.smoothed_targets(lesson)
ui.theory(
    knob.below.why,
    "A target that can be met",
    (
        r"y = \big[\,1 - \varepsilon,\; \tfrac{\varepsilon}{K - 1},\; \dots,\; \tfrac{\varepsilon}{K - 1}\,\big]",
        "**The lecture's form**: a share ε is taken from the true class and dealt out to the *K* − 1 others.",
    ),
    (
        r"\begin{gathered} y = (1 - \varepsilon)\,\mathrm{onehot} + \tfrac{\varepsilon}{K} \\ "
        r"\varepsilon_{\text{PyTorch}} = \tfrac{K}{K - 1}\,\varepsilon_{\text{lecture}} \end{gathered}",
        "**PyTorch's form**, and that of the Inception paper: ε goes to all classes, the true one among them. With that ratio of "
        "the two ε the targets are the same.",
    ),
    (
        r"\begin{gathered} L = -\sum_k y_k \log p_k, \quad p_k = \frac{e^{z_k}}{\sum_j e^{z_j}} \\ "
        r"\frac{\partial L}{\partial z_k} = p_k - y_k \end{gathered}",
        "The gradient is 0 only where the softmax equals the target. With hard targets that is nowhere: *p* never is 1.",
    ),
    (
        r"\begin{aligned} z_{\text{true}} - z_{\text{other}} &= \log \frac{y_{\text{true}}}{y_{\text{other}}} \\ "
        r"&= \log \frac{(1 - \varepsilon)(K - 1)}{\varepsilon} \end{aligned}",
        "**The gap** where it does: the dotted line under **Margin**. It is the same for every example and every other class, "
        "which is what pulls a class together. For PyTorch's form it is log(1 + (1 − ε) *K*/ε).",
    ),
    (
        r"\mathrm{ECE} = \sum_{b=1}^{15} \frac{|B_b|}{n} \, \big| \mathrm{acc}(B_b) - \mathrm{conf}(B_b) \big|",
        "**Expected calibration error**: answers in bins of equal confidence, and how far apart confidence and accuracy are in "
        "each; the hatched parts under **Calibration**.",
    ),
    (
        r"\begin{aligned} u_1 &\propto w_2 - w_1 \\ u_2 &\propto (w_3 - w_1) - \big((w_3 - w_1) \cdot u_1\big)\, u_1 \\ "
        r"h &\mapsto (h \cdot u_1,\, h \cdot u_2) \end{aligned}",
        "**The plane under Clusters**: *w* are the output layer's weights for three classes, *h* what it reads of an example. "
        "Distances are shown in units of that between the centres.",
    ),
    (
        r"\begin{aligned} L = {}&(1 - \alpha)\, H\big(y, p(1)\big) \\ &+ \alpha\, T^2\, H\big(q(T), p(T)\big) \\ "
        r"p_k(T) = {}&\frac{e^{z_k / T}}{\sum_j e^{z_j / T}} \end{aligned}",
        "**Distillation**: *q* is the teacher's softmax and *p* the student's, both at temperature *T*; *H* is the "
        "cross-entropy, α the *Teacher's share*. T² makes up for gradients that shrink with it.",
    ),
)
ui.closing(lesson, knob, variants, recordings, guess)
