"""Pooling: how maps get smaller, what that loses, and how much a net then minds where an image lies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnviz.engine import plan
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Recording
from cnnviz.engine.words import UNPOOLINGS
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference, TooClose
from cnnviz.lessons.outcomes import largest, standard_error
from cnnviz.lessons.tasks.pooling import TASKS
from cnnviz.plots.numbers import number_text, percent_text, times_text

Recordings = Mapping[str, Recording]

IMAGE, CLASSES = (1, 28, 28), 10  # of Fashion-MNIST
COMPARED = ("max", "average", "stochastic", "lp", "strided", "blur")
WORDS = {
    "max": "max", "average": "average", "stochastic": "stochastic", "lp": "Lp", "strided": "strided", "blur": "blur",
    "none": "no pooling",
}  # fmt: skip
ONE, TWO, FAR = 1, 2, 4  # pixels, and places in the columns of shifts
STEADIER = 0.03  # of the test set: how many answers more blur pooling must keep at one pixel than a strided convolution
FAR_STEADIER = 0.1  # of the test set: how many more a global average must keep at four pixels than flattened maps
COSTLIER = 3.0  # times the multiply-adds
LEVEL = 0.05  # of the test set: the most that no pooling may be ahead
SMALLER = 0.95  # times the gap between test and training loss
PLACES_WORTH = 0.9  # times the error: the most that switches may leave of it

MOVED = Experiment.of(
    net="cnn", depth=4, width=8, ending="flatten", optimiser="adam", lr=0.005, steps=300, batch_size=32, train_examples=4_000,
    test_examples=300, snapshots=40, histograms=0, evaluations=5, shifts=True, unpooling=True,
)  # fmt: skip
ENDS = replace(MOVED, ending="global_average", lr=0.01, steps=600, unpooling=False)
WHOLE = replace(ENDS, steps=300)
FEW = replace(
    MOVED, width=12, lr=0.003, steps=140, train_examples=300, test_examples=500, shifts=False, unpooling=False,
    training_set=True, evaluations=6,
)  # fmt: skip


def _pooled(base: Experiment, *poolings: str) -> dict[str, Experiment]:
    return {letter: replace(base, pooling=pooling) for letter, pooling in zip("ABCDEF", poolings, strict=False)}


PRESETS = {
    "moved": Preset(
        "Six poolings, and images that move",
        _pooled(MOVED, *COMPARED),
        "The same net from the same weights; what differs is how its maps get smaller. See Moved images.",
        "After Zhang 2019.",
        tab="Moved images",
    ),
    "ends": Preset(
        "How the maps end: global average or flattened",
        {"A": ENDS, "B": replace(ENDS, ending="flatten")},
        "A's output layer reads each map's mean, B's every position of every map. See Moved images, four pixels to the right.",
        "After Lin et al. 2014, section 3.2: a global average sums up spatial information and learns nothing.",
        tab="Moved images",
    ),
    "whole": Preset(
        "No pooling at all",
        _pooled(WHOLE, "max", "none"),
        "B's layers all work on 28 × 28 maps. Compare the cost below the panel; and who is steadier under Moved images?",
        tab="Moved images",
    ),
    "few": Preset(
        "Three hundred images: stochastic against max and average",
        _pooled(FEW, "max", "average", "stochastic"),
        "After 140 updates all three know most of their images by heart. See Gap: what they lose on images that they never saw.",
        "After Zeiler & Fergus 2013: stochastic pooling fits the training set more slowly, and overfits it less.",
        tab="Gap",
    ),
}


def blur_keeps_answers(recordings: Recordings) -> Measured | None:
    """Answers that survive a shift by one pixel: with blur pooling and with strided convolutions."""
    found = _by_pooling(recordings, "shift_consistency")
    if not {"blur", "strided"} <= set(found):
        return None
    kept = {name: float(found[name].column("shift_consistency")[-1, ONE]) for name in found}
    told = ", ".join(f"{WORDS[name]} {percent_text(kept[name])}" for name in COMPARED if name in kept)
    return Measured(kept["blur"] - kept["strided"] > STEADIER, f"Same answer after one pixel: {told}.")


def places_are_worth_it(recordings: Recordings) -> Measured | None:
    """Error of the first maps rebuilt from their maxima, pooled once: with and without their places, the worst of the nets."""
    found = [r.column("unpooled_once")[-1] for r in recordings.values() if "unpooled_once" in r.names]
    if not found:
        return None
    switches, corner, spread = (np.array([errors[UNPOOLINGS.index(way)] for errors in found]) for way in UNPOOLINGS)
    told = [percent_text(float(errors.mean())) for errors in (switches, corner, spread)]
    sentence = (
        f"Lost of a net's first maps, mean of {len(found)} nets: {told[0]} with switches, {told[1]} with each maximum in its "
        f"window's corner, {told[2]} with it in all four places."
    )
    return Measured(bool((switches < PLACES_WORTH * corner).all()), sentence)


def global_average_minds_less(recordings: Recordings) -> Measured | None:
    """Answers that survive a shift by four pixels: with a global average at the end and with flattened maps."""
    found = {r.experiment.net.ending: r for r in recordings.values() if "shift_consistency" in r.names}
    if set(found) != {"global_average", "flatten"}:
        return None
    average, flat = (float(found[name].column("shift_consistency")[-1, FAR]) for name in ("global_average", "flatten"))
    right = [float(found[name].column("test_accuracy")[-1]) for name in ("global_average", "flatten")]
    sentence = (
        f"Same answer after four pixels: {percent_text(average)} with a global average, {percent_text(flat)} with flattened "
        f"maps; right where nothing moves: {percent_text(right[0])} and {percent_text(right[1])}."
    )
    return Measured(average - flat > FAR_STEADIER, sentence)


def pooling_saves_work(recordings: Recordings) -> Measured | None:
    """Multiply-adds for an image and test accuracy, with max pooling and without any."""
    found = _by_pooling(recordings, "test_accuracy")
    if not {"max", "none"} <= set(found):
        return None
    costs = [plan.multiply_adds(found[name].experiment.net, IMAGE, CLASSES) for name in ("max", "none")]
    right = [float(found[name].column("test_accuracy")[-1]) for name in ("max", "none")]
    sentence = (
        f"Without pooling an image costs {number_text(costs[1])} multiply-adds instead of {number_text(costs[0])}, "
        f"{times_text(costs[1] / costs[0])} as many; right on the test set: {percent_text(right[1])} without, "
        f"{percent_text(right[0])} with max pooling."
    )
    return Measured(costs[1] > COSTLIER * costs[0] and right[1] - right[0] < LEVEL, sentence)


def drawing_narrows_the_gap(recordings: Recordings) -> Measured | None:
    """Test loss less training loss at the end, both without drawing: stochastic pooling against max."""
    found = _by_pooling(recordings, "train_loss")
    if not {"max", "stochastic"} <= set(found):
        return None
    gaps = {name: float(r.column("test_loss")[-1] - r.column("train_loss")[-1]) for name, r in found.items()}
    right = {name: percent_text(float(r.column("test_accuracy")[-1])) for name, r in found.items()}
    told = ", ".join(f"{WORDS[name]} {number_text(gaps[name])} ({right[name]} right)" for name in COMPARED if name in gaps)
    return Measured(gaps["stochastic"] < SMALLER * gaps["max"], f"Test loss less training loss, in nats: {told}.")


def _by_pooling(recordings: Recordings, column: str) -> dict[str, Recording]:
    """Recordings that have the column by their pooling, those of one ending only."""
    found = {r.experiment.net.pooling: r for r in recordings.values() if column in r.names}
    return found if len({r.experiment.net.ending for r in found.values()}) == 1 else {}


ASKED = (("max", "strided"), ("average",), ("blur",))


def least_steady(recordings: Recordings) -> int | TooClose | None:
    """Which of the kinds in the question keeps the fewest answers after one pixel, on average; None where one is missing."""
    nets = _by_pooling(recordings, "shift_consistency")
    if not {name for kind in ASKED for name in kind} <= set(nets):
        return None
    changed = [float(np.mean([1 - nets[name].column("shift_consistency")[-1, ONE] for name in kind])) for kind in ASKED]
    examples = next(iter(nets.values())).experiment.data.test_examples
    errors = [standard_error(share, examples) for share in changed]
    return largest(changed, errors, [" and ".join(WORDS[name] for name in kind) for kind in ASKED], percent_text)


def costs(variants: Mapping[str, Experiment], words: Mapping[str, str]) -> dict[str, list[str]]:
    """What each variant's forward pass costs: rows for a table. words: what each has that the others have not."""
    nets = [experiment.net for experiment in variants.values()]
    work = [plan.multiply_adds(net, IMAGE, CLASSES) for net in nets]
    last = [list(plan.stages(net, IMAGE))[-1].passes_on for net in nets]
    return {
        "variant": [f"{letter}, {words[letter]}" for letter in variants],
        "multiply-adds an image": [number_text(number) for number in work],
        "of A's": [percent_text(number / work[0]) for number in work],
        "weights and biases": [f"{plan.parameters(net, IMAGE, CLASSES):,}" for net in nets],
        "last maps": [f"{height} × {width}" for height, width in last],
    }


KINDS = (
    ("Pool", "What is left of a window", "Where the gradient goes", "Learned", "Train = test?", "Paper"),
    ("Max", "the largest", "to that one place", "nothing", "yes", "Scherer et al. 2010"),
    ("Average", "the mean", "to all, in equal parts", "nothing", "yes", "LeCun et al. 1998, with a learned factor"),
    ("Global average", "a whole map's mean", "to all, in equal parts", "nothing", "yes", "Lin et al. 2014"),
    ("Stochastic", "one, drawn with p = a/Σa", "to the one drawn", "nothing", "no: Σ p·a in tests", "Zeiler & Fergus 2013"),
    ("Lp", "(mean of aᵖ)^(1/p)", "to all, the larger the more", "nothing here", "yes", "Sermanet et al. 2012"),
    ("Strided convolution", "one of four sums, computed alone", "through its weights", "the weights it has anyway", "yes",
     "Springenberg et al. 2015"),
    ("Blur", "maxima of all windows, filtered", "to several windows' maxima", "nothing", "yes", "Zhang 2019"),
    ("None", "everything", "straight on", "nothing", "yes", ""),
)  # fmt: skip

LESSON = Lesson(
    number=450,
    slug="pooling",
    title="Pooling",
    question="Four numbers become one, again and again: what should be left of them, and what does it matter where they stood?",
    presets=PRESETS,
    prediction=Prediction(
        "Six nets that differ in their pooling alone are tested on images moved by a single pixel. Whose answers change most "
        "often?",
        ("Those that keep one place of four: max pooling, strided convolution", "Average pooling's", "Blur pooling's"),
        least_steady,
        (
            "What stood at the place that is kept stands at another one after the shift, and is passed on no more. A mean takes "
            "in all four places, and a blur lets a number fade from one window into the next.",
            "Its means change with every shift, if only a little; in this run more answers hung on little differences.",
            "A blur lets a number fade from one window into the next, which should keep answers; in this run the net "
            "learned too little for it to show.",
        ),
    ),
    claims=(
        Claim(
            "Moved by one pixel, a net with blur pooling keeps at least 3 points more of its answers than one with strided "
            "convolutions.",
            "moved",
            blur_keeps_answers,
            "Do both know the images where nothing is moved? Whoever guesses the same of every image is steady, too.",
        ),
        Claim(
            "With switches, what is rebuilt of the first maps lies nearer to them, by a tenth at least, than the same maxima put "
            "in the corner, in every net.",
            "moved",
            places_are_worth_it,
            "Are the maps nearly level, so that all four places say the same?",
        ),
        Claim(
            "Moved by four pixels, a net with a global average at its end keeps at least 10 points more of its answers than one "
            "that reads flattened maps.",
            "ends",
            global_average_minds_less,
            "Has the net with the global average learned enough by now to have answers that could change?",
        ),
        Claim(
            "Without pooling an image costs more than three times the multiply-adds, and the net is not 5 points better.",
            "whole",
            pooling_saves_work,
            "How wide is the net, and after which of its layers do the pools stand?",
        ),
        Claim(
            "With 300 images and 140 updates, test and training loss lie nearer by at least a twentieth with stochastic pooling "
            "than with max pooling.",
            "few",
            drawing_narrows_the_gap,
            "How long does it train? Drawing delays learning by heart, and does not prevent it.",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "M. Zeiler, R. Fergus",
            2013,
            "Stochastic pooling for regularization of deep convolutional neural networks",
            "https://arxiv.org/abs/1301.3557",
            "The region of 1.6 and 2.4 is its figure 1.",
        ),
        Reference(
            "M. Zeiler, R. Fergus",
            2014,
            "Visualizing and understanding convolutional networks",
            "https://arxiv.org/abs/1311.2901",
            "Unpooling with switches, to see what a unit looks at.",
        ),
        Reference(
            "R. Zhang",
            2019,
            "Making convolutional networks shift-invariant again",
            "https://arxiv.org/abs/1904.11486",
            "Blur pooling, and consistency under shifts.",
        ),
        Reference(
            "M. Lin, Q. Chen, S. Yan", 2014, "Network in network", "https://arxiv.org/abs/1312.4400", "Global average pooling."
        ),
        Reference(
            "J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller",
            2015,
            "Striving for simplicity: the all convolutional net",
            "https://arxiv.org/abs/1412.6806",
            "Strides in place of pools.",
        ),
        Reference(
            "P. Sermanet, S. Chintala, Y. LeCun",
            2012,
            "Convolutional neural networks applied to house numbers digit classification",
            "https://arxiv.org/abs/1204.3968",
            "Lp pooling in a convolutional net.",
        ),
    ),
    summary="A pool keeps one number of four: the largest, the mean, one that is drawn, or one in between. Each saves three "
    "quarters of the work above it and forgets where the number stood. How much a net minds a shift depends on what is left out: "
    "a strided convolution skips places, a blur lets them fade.",
)
