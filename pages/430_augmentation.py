"""Data augmentation, and fancy PCA.

Needs: 410 overfitting and weight penalties. Leads to: 440 label smoothing.
"""

from functools import partial

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.engine.words import COLOURED
from cnnviz.plots.confusion import confusion_matrix
from cnnviz.plots.shift import accuracy_by_domain, domains_over_steps
from cnnviz.plots.sweeps import sweep_curve
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps

lesson = lessons.load(__file__)
SETTINGS = (
    "flip", "translate", "rotate", "crop", "crop_padding", "jitter", "hue", "fancy_pca", "pixel_noise", "cutout", "mixup",
    "cutmix", "train_examples", "ending", "lr", "depth", "width", "batch_size", "steps", "seed",
)  # fmt: skip

ui.opening(lesson)
guess = ui.predict(lesson)

with ui.controls(lesson, SETTINGS) as knob:
    asked = knob.experiment()
    swept, coloured = asked.is_sweep, asked.data.dataset in COLOURED
    st.markdown("**Done to B's training images**, anew at every step; 0 is off")
    knob.slider("flip")
    knob.slider("translate", high=0.4)
    knob.slider("rotate")
    knob.slider("cutout", high=0.8)
    with st.expander("Cropped"):
        knob.slider("crop")
        knob.slider("crop_padding", high=0.4)
    with st.expander("Coloured, noisy"):
        knob.slider("jitter")
        if coloured:
            knob.slider("hue")
            knob.slider("fancy_pca", high=5)
        knob.slider("pixel_noise", high=2)
    with st.expander("Mixed with another image"):
        knob.slider("mixup", high=2, disabled=bool(asked.augmentation.cutmix and not asked.augmentation.mixup))
        knob.slider("cutmix", high=2, disabled=bool(asked.augmentation.mixup))
    if not swept:
        knob.slider("train_examples", low=100, high=2_000 if coloured else 1_400)
    with st.expander("More settings"):
        knob.choice("ending")
        knob.slider("lr", low=1e-4, high=0.1)
        knob.slider("depth", low=2, high=8)
        knob.slider("width", low=4, high=64)
        knob.slider("batch_size", low=8, high=100)
        knob.slider("steps", low=50, high=2_000)
        knob.slider("seed", high=20)
    variants = knob.augmented()

classes = 8 if coloured else 10
WATCHED: ui.Tabs = {"Learning": (accuracy_over_steps, partial(loss_over_steps, classes=classes))}
SWEPT: ui.Tabs = {"Accuracy against training images": (partial(sweep_curve, over="train_examples"),)}
DOMAINS: ui.Tabs = {"Domains": (accuracy_by_domain, domains_over_steps)}
COUNTED: ui.Tabs = {"Confusion matrix": (partial(confusion_matrix, letters=9 if coloured else 1),)}
tabs: ui.Tabs = {
    **(DOMAINS if asked.measure.domains else {}),
    **(COUNTED if asked.measure.confusion else {}),
    **WATCHED,
}
with knob.stage:
    recordings = ui.live(lesson, variants, SWEPT if swept else tabs)
    ui.findings(lesson, recordings, guess)
    if asked.measure.domains:
        ui.domains(variants)

ui.remark(
    guess,
    "The start was chosen because the effect is large in it: a shape may lie anywhere and at any angle, 500 of them are few, "
    "and an output layer that reads whole maps has to learn each place by itself. Two more seeds gave leads of 20 and 16 "
    "points. With 2,000 shapes and as few steps none was left. On the 8×8 digits, which are centred already, and on "
    "Fashion-MNIST a change that keeps the meaning moved test accuracy by a point or two, up or down, while this lesson was "
    "made. At any angle all digits are harder to learn, not only 6 and 9. On twelve seeds B took 5 to 24 of the 72 test "
    "images of a 6 or a 9 for the other, A none; on eleven of them 6 and 9 also lost more accuracy than the other digits. B "
    "mixed them up over three times as often as other pairs on 19 of 20 seeds, and 2.5 times as often on the other. With "
    "1,400 images and 2,000 steps it was 3 to 19 of 72, on nine seeds: a 6 is not written quite like a turned 9, and a net "
    "can learn the difference.",
)

st.subheader("One picture under each augmentation", anchor=False)
st.markdown("First the picture as it is, then six draws, at B's strength above where B has it. Mixup and CutMix take in others.")
ui.own_picture()
ui.gallery(lesson, variants.get("B", variants["A"]))

st.subheader("Fancy PCA, seen", anchor=False)
ui.fancy_pca(lesson)
st.caption(
    "**Our choices.** The paper takes the covariance over the whole training set; here it is over five photographs, or one. It "
    "does not say in which unit λ is. Counted from 0 to 255, λ is 65,025 times as large as from 0 to 1, and αλ, beside "
    "the range, 255 times: with α from N(0, 0.1) an image would drown in one colour. From 0 to 1, as here and in training, the "
    "step is a few hundredths of the range at most. What goes beyond black or white is cut off in the pictures only."
)

ui.theory(
    knob.below.why,
    "More from the same images",
    (
        r"\min_\theta\; \frac{1}{n} \sum_i \mathbb{E}_T\; \ell\big(f_\theta(T x_i),\, y_i\big)",
        "**Augmentation.** *T* is drawn anew for each image at each step. It helps as far as *T x* still means *y*: the net need "
        "not find out from examples what we know already.",
    ),
    (
        r"\begin{gathered} I_{xy} + [p_1\, p_2\, p_3]\,[\alpha_1\lambda_1,\, \alpha_2\lambda_2,\, \alpha_3\lambda_3]^\top \\ "
        r"\alpha_i \sim N(0,\, 0.1^2) \end{gathered}",
        "**Fancy PCA.** *p* and *λ* are eigenvectors and eigenvalues of the 3×3 covariance of red, green and blue. All pixels of "
        "an image move by the same colour, most of all along *p*₁, along which the colours differ most.",
    ),
    (
        r"\operatorname{Cov}(P \Lambda \alpha) = 0.1^2\, P \Lambda^2 P^\top",
        "What is added has mean 0 and the axes of the colours, with *λ* in the place of √*λ*: small axes all but vanish.",
    ),
    (
        r"x' = m \odot x, \qquad m = 0 \text{ in a square}",
        "**Cutout.** 0 is the mean colour of the training set. Part of the square may lie outside of the image.",
    ),
    (
        r"\begin{gathered} \tilde{x} = \lambda x_i + (1 - \lambda) x_j \\ \tilde{y} = \lambda y_i + (1 - \lambda) y_j \\ "
        r"\lambda \sim \mathrm{Beta}(\alpha, \alpha) \end{gathered}",
        "**Mixup.** Images and labels are averaged alike; *y* are vectors with a 1 for the class.",
    ),
    (
        r"\tilde{x} = m \odot x_i + (1 - m) \odot x_j, \qquad \lambda = \overline{m}",
        "**CutMix.** A square of another image, and as much of its label as it has of the area.",
    ),
)
st.markdown(
    "Where several are on, this is their order: fancy PCA, colour jitter, hue, flip, crop, padded crop, shift, rotation, noise, "
    "cutout, then mixup or CutMix. Each draws from random numbers of its own, so that switching one on changes nothing in the "
    "others. Test images are never changed."
)
ui.closing(lesson, knob, variants, recordings, guess)
