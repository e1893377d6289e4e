"""Data augmentation: what a net learns from few images that are shown otherwise each time, and when that misleads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Recording
from cnnviz.engine.words import DOMAINS
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference, TooClose
from cnnviz.lessons.outcomes import close, standard_error
from cnnviz.lessons.tasks.augmentation import TASKS
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]
Table = NDArray[Any]  # a confusion matrix

LEAD = 0.1  # of the test set: what we call a lift
OFTEN = 3  # times as often as any other two digits are mixed up: what we call often
HARDLY = 0.02  # of the 6s and 9s: what we call hardly any
PAIRS = 45  # of ten digits
ALIKE, OTHERS = [6, 9], [0, 1, 2, 3, 4, 5, 7, 8]  # digits of which each, turned, looks like the other; and those that do not
CLOSE = 0.5  # of A's gap between batches and test set: what may be left of it in B

SHAPES = Experiment.of(
    dataset="shapes", net="cnn", ending="flatten", depth=4, width=12, optimiser="adam", lr=0.003, schedule="cosine",
    train_examples=500, test_examples=400, steps=500, batch_size=32, snapshots=50, histograms=0, evaluations=11,
)  # fmt: skip
FLIPPED_AND_SHIFTED = {"flip": 0.5, "translate": 0.1}
AGAINST_IMAGES = {"sweep_over": "train_examples", "sweep_values": (200, 500, 1_000, 2_000), "sweep_seeds": 2, "steps": 400}
DIGITS = replace(
    SHAPES, dataset="digits", ending="global_average", width=16, lr=0.005, test_examples=360, steps=1_000, confusion=True
)
RED = replace(
    SHAPES, domain="red", ending="global_average", norm="batch", depth=5, width=16, lr=0.005, train_examples=2_000,
    test_examples=200, steps=500, evaluations=5, domains=True,
)  # fmt: skip


def _without_and_with(base: Experiment, **augmentation: float) -> dict[str, Experiment]:
    return {"A": base, "B": replace(base, **augmentation)}


PRESETS = {
    "few": Preset(
        "500 shapes, flipped and shifted",
        _without_and_with(SHAPES, **FLIPPED_AND_SHIFTED),
        "Both nets meet the same shapes in the same order. In B hardly one looks the same twice.",
        "After Taylor & Nitschke 2017, who compare single augmentations on photographs.",
    ),
    "images": Preset(
        "Accuracy against training images",
        _without_and_with(replace(SHAPES, **AGAINST_IMAGES), **FLIPPED_AND_SHIFTED),
        "Sixteen small runs: without and with, four numbers of training images, two seeds.",
    ),
    "meaning": Preset(
        "Digits turned by any angle",
        _without_and_with(DIGITS, rotate=180.0),
        "B's digits are turned by up to 180 degrees either way, so a 6 may look like a 9. Both are tested on upright digits. See "
        "Confusion matrix.",
        tab="Confusion matrix",
    ),
    "colours": Preset(
        "Red shapes in any hue",
        _without_and_with(RED, hue=180.0),
        "Lesson 330's net that learns red shapes only; in B their hue is turned at random. See Domains.",
        tab="Domains",
    ),
}


def lifts_accuracy(recordings: Recordings) -> Measured | None:
    """Test accuracy at the end, without and with, from few images."""
    pair = _pair(recordings, "few")
    if pair is None:
        return None
    plain, augmented = (_test_accuracy(recording) for recording in pair)
    images = f"{pair[0].experiment.data.train_examples:,}"
    sentence = (
        f"With {images} training images, right on the test set: {percent_text(plain)} without, {percent_text(augmented)} with."
    )
    return Measured(augmented - plain >= LEAD, sentence)


def batches_are_harder(recordings: Recordings) -> Measured | None:
    """How far the training batches are ahead of the test set over the last tenth of the run, without and with."""
    pair = _pair(recordings, "few")
    if pair is None:
        return None
    batch = [_batch_accuracy(recording) for recording in pair]
    gaps = [ours - _test_accuracy(recording) for ours, recording in zip(batch, pair, strict=True)]
    sentence = (
        f"Right on its own batches at the end: {percent_text(batch[0])} without, {percent_text(batch[1])} with; ahead of the "
        f"test set by {_points(gaps[0])} and by {_points(gaps[1])}."
    )
    return Measured(bool(batch[1] < batch[0] and gaps[1] < CLOSE * gaps[0]), sentence)


def lead_shrinks(recordings: Recordings) -> Measured | None:
    """The lead with the fewest and with the most training images, means over the seeds."""
    leads = _leads(recordings)
    if leads is None:
        return None
    (few, lead_few), *_, (many, lead_many) = leads
    sentence = f"The lead is {_points(lead_few)} with {few:,.0f} training images and {_points(lead_many)} with {many:,.0f}."
    return Measured(lead_few >= LEAD and lead_many < CLOSE * lead_few, sentence)


def turning_mixes_up(recordings: Recordings) -> Measured | None:
    """How often upright 6s and 9s are taken for each other, without and with, and any two other digits; and right answers."""
    pair = _pair(recordings, "meaning")
    if pair is None:
        return None
    tables = [_confusion(recording) for recording in pair]
    count, (plain, turned) = int(tables[0][ALIKE].sum()), (int(table[6, 9] + table[9, 6]) for table in tables)
    usual = (tables[1].sum() - tables[1].trace() - turned) / (PAIRS - 1)
    alike, others = ([percent_text(_right(table, digits)) for table in tables] for digits in (ALIKE, OTHERS))
    sentence = (
        f"Of {count} upright 6s and 9s, A takes {plain} for the other of the two, B {turned}; any other two digits it mixes up "
        f"{number_text(usual)} times on average. Right on 6s and 9s: {alike[0]} without, {alike[1]} with; on the others "
        f"{others[0]} and {others[1]}."
    )
    return Measured(bool(plain <= HARDLY * count and turned > OFTEN * usual), sentence)


def hue_carries_over(recordings: Recordings) -> Measured | None:
    """Accuracy on green and blue shapes of nets that have only red ones to learn from."""
    pair = _pair(recordings, "colours")
    if pair is None:
        return None
    plain, turned = (min(_in_domain(recording, domain) for domain in ("green", "blue")) for recording in pair)
    sentence = f"Right in the worse of green and blue: {percent_text(plain)} without, {percent_text(turned)} with hues turned."
    return Measured(turned - plain >= 2 * LEAD, sentence)


def _pair(recordings: Recordings, preset: str) -> tuple[Recording, Recording] | None:
    """A and B where they are what the preset compares, at any strength, and both were tested."""
    if set(recordings) != {"A", "B"}:
        return None
    a, b = recordings["A"], recordings["B"]
    wanted = PRESETS[preset].variants["B"].augmentation.used
    column = {"colours": "domain_accuracy", "meaning": "confusion"}.get(preset, "test_accuracy")
    alike = a.experiment.data.dataset == PRESETS[preset].variants["A"].data.dataset and not a.experiment.augmentation.used
    asked = wanted.keys() <= b.experiment.augmentation.used.keys() and {column, "accuracy"} <= set(a.names) & set(b.names)
    return (a, b) if alike and asked else None


def _test_accuracy(recording: Recording) -> float:
    return float(recording.column("test_accuracy")[-1])


def _batch_accuracy(recording: Recording) -> float:
    """Mean over the last tenth of the snapshots."""
    values = recording.column("accuracy")
    return float(values[-max(1, len(values) // 10) :].mean())


def _confusion(recording: Recording) -> Table:
    """Test images at the end: true classes × classes that they are taken for."""
    return recording.column("confusion")[-1].astype(int)


def _right(table: Table, classes: list[int]) -> float:
    """The share of right answers on test images of these classes."""
    return float(table[classes, classes].sum() / table[classes].sum())


def _in_domain(recording: Recording, domain: str) -> float:
    return float(recording.column("domain_accuracy")[-1, DOMAINS.index(domain)])


def _leads(recordings: Recordings) -> list[tuple[float, float]] | None:
    """(training images, lead of B's mean over A's) along a sweep over training images that has ended."""
    if set(recordings) != {"A", "B"} or not all("sweep_mean" in recording.names for recording in recordings.values()):
        return None
    a, b = recordings["A"], recordings["B"]
    if a.experiment.sweep.sweep_over != "train_examples" or a.experiment.augmentation.used or not b.experiment.augmentation.used:
        return None
    means = [recording.column("sweep_mean")[-1].astype(float) for recording in (a, b)]
    return list(zip(a.experiment.sweep.sweep_values, (means[1] - means[0]).tolist(), strict=True))


def _points(share: float) -> str:
    return f"{number_text(100 * share)} points"


def harder_but_better(recordings: Recordings) -> int | TooClose | None:
    """Which option the run bears out."""
    pair = _pair(recordings, "few")
    if pair is None:
        return None
    batch, test = ([measure(recording) for recording in pair] for measure in (_batch_accuracy, _test_accuracy))
    count = pair[0].experiment.data.test_examples
    if close(test, [standard_error(share, count) for share in test]):
        return TooClose(f"On the test set A is right on {percent_text(test[0])}, B on {percent_text(test[1])}.")
    if test[1] < test[0]:
        return 2
    return 0 if batch[1] >= batch[0] else 1


LESSON = Lesson(
    number=430,
    slug="augmentation",
    title="Augmentation and fancy PCA",
    question="There are 500 images and there will be no more. Can the same ones teach a net twice as much?",
    presets=PRESETS,
    prediction=Prediction(
        "B gets each image flipped and shifted anew at every step. How will it end, compared with A?",
        (
            "Right more often, on its batches and on the test set",
            "Right less often on its batches, more often on the test set",
            "Right less often on both",
        ),
        harder_but_better,
        (
            "The changed images were no harder to learn than those as they are, and taught more of what holds for new ones.",
            "What changes at every step can't be learned by heart, so the batches stay hard. What is left to learn is what "
            "all versions of an image have in common, and that holds for new images, too.",
            "The changes made the task harder, and nothing was gained for it: the run is too short for as many versions, "
            "or they are not what new images look like.",
        ),
    ),
    claims=(
        Claim(
            "With 500 images, flips and shifts lift test accuracy by 10 points or more.",
            "few",
            lifts_accuracy,
            "Are there so many images that A manages alone, or too few steps for B to come to terms with its own?",
        ),
        Claim(
            "B's own batches stay harder, and its gap to the test set is less than half of A's.",
            "few",
            batches_are_harder,
            "Has A learned its images by heart yet?",
        ),
        Claim(
            "The fewer the images, the more it is worth: 10 points or more with the fewest, less than half of it with the most.",
            "images",
            lead_shrinks,
            "How far apart are the seeds?",
        ),
        Claim(
            "After digits at any angle, B mixes up 6 and 9 over three times as often as other pairs on average; A hardly ever.",
            "meaning",
            turning_mixes_up,
            "How far are they turned? A 6 is still a 6 when it leans a little. With more images and steps, has B learned how a "
            "turned 6 differs from a 9?",
        ),
        Claim(
            "Hues turned at random teach a net that has only red shapes to read green and blue, 20 points better or more.",
            "colours",
            hue_carries_over,
            "How far is the hue turned? 120 degrees are needed from red to green.",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "A. Krizhevsky, I. Sutskever, G. Hinton",
            2012,
            "ImageNet classification with deep convolutional neural networks",
            "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
            "Crops and flips, and fancy PCA.",
        ),
        Reference(
            "L. Taylor, G. Nitschke",
            2017,
            "Improving deep learning using generic data augmentation",
            "https://arxiv.org/abs/1708.06020",
            "One augmentation at a time, compared.",
        ),
        Reference(
            "T. DeVries, G. Taylor",
            2017,
            "Improved regularization of convolutional neural networks with cutout",
            "https://arxiv.org/abs/1708.04552",
        ),
        Reference(
            "H. Zhang, M. Cisse, Y. Dauphin, D. Lopez-Paz",
            2018,
            "mixup: beyond empirical risk minimization",
            "https://arxiv.org/abs/1710.09412",
        ),
        Reference(
            "S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe, Y. Yoo",
            2019,
            "CutMix: regularization strategy to train strong classifiers with localizable features",
            "https://arxiv.org/abs/1905.04899",
        ),
        Reference(
            "P. Simard, D. Steinkraus, J. Platt",
            2003,
            "Best practices for convolutional neural networks applied to visual document analysis",
            "https://doi.org/10.1109/ICDAR.2003.1227801",
            "Shifted and bent digits, long before.",
        ),
    ),
    summary="A net can learn few images by heart. If they are flipped, shifted or turned anew at every step it can't, and what "
    "it learns instead holds for new images; but a change that alters what an image means teaches it something false. Fancy PCA "
    "moves the colours of an image along the directions in which the colours of all images vary.",
)
