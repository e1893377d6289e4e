"""Label smoothing: asking for less than certainty, and what becomes of logits, confidence and classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnviz.engine.data.fashion_mnist import CLASSES as CLOTHES
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference
from cnnviz.lessons.tasks.label_smoothing import TASKS
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]

MEETS = 0.03  # of the formula: how near the margin must come
GROWS = 0.05  # from half of the run to its end: the least that we call growing
TIGHTER = 1 / 1.5  # of the spread with hard targets
CARRIED_OVER = 0.8  # of it on the test set: the most that we call gathering of new examples
LEAD = 0.03  # of the test set: the least that we call better
EDGES = (0.8, 0.9)

SURE = Experiment.of(
    dataset="fashion_mnist", train_examples=300, test_examples=1_000, depth=3, width=100, optimiser="adam", lr=0.003,
    steps=600, batch_size=50, smoothing=0.1, snapshots=60, histograms=0, evaluations=16, confidence=True, clusters=True,
)  # fmt: skip
BY_HEART = replace(SURE, dataset="digits", train_examples=200, test_examples=360, width=64, steps=1_500, clusters=False)
DIGITS = replace(BY_HEART, train_examples=1_437, depth=4, lr=0.002, steps=800, batch_size=64, clusters=True)
AGAINST_EPSILON = replace(
    SURE,
    steps=400,
    clusters=False,
    sweep_over="smoothing",
    sweep_values=(0, 0.02, 0.05, 0.1, 0.2, 0.4),
    sweep_seeds=3,
    sweep_measure="ece",
)
STUDENT = Experiment.of(
    dataset="digits", train_examples=1_437, test_examples=360, labels=60, depth=3, width=32, optimiser="adam", lr=0.003,
    steps=600, batch_size=32, pretraining_steps=800, pretraining_lr=0.002, teacher=True, teacher_width=200,
    snapshots=60, histograms=0, evaluations=16,
)  # fmt: skip


def _against_hard(base: Experiment) -> dict[str, Experiment]:
    return {"A": base, "B": replace(base, smoothing=0.0)}


PRESETS = {
    "sure": Preset(
        "300 clothes, learned by heart",
        _against_hard(SURE),
        "A is asked for 90 %, B for all of it. Both soon make no mistake in training. See how sure they are of clothes that they "
        "never saw.",
        "After Guo et al. 2017, figure 1, and Müller et al. 2019, section 3: confidence beside accuracy, and the same smoothed.",
    ),
    "margin": Preset(
        "200 digits, trained on and on",
        {**_against_hard(BY_HEART), "C": replace(BY_HEART, smoothing=0.01)},
        "Long after every digit is learned. See Margin: two of the three have somewhere to arrive.",
        tab="Margin",
    ),
    "clusters": Preset(
        "Three classes in a plane",
        _against_hard(DIGITS),
        "All 1,437 digits. See Clusters and pull the cursor from the start to the end.",
        "After Müller et al. 2019, figure 1: with smoothing, the examples of a class gather in tight groups, equally far from "
        "all other classes.",
        tab="Clusters",
    ),
    "against_epsilon": Preset(
        "Calibration against ε",
        {"A": AGAINST_EPSILON, "B": replace(AGAINST_EPSILON, dropout="inverted")},
        "Thirty-six small runs on the 300 clothes: six ε, three seeds, B with half of its units dropped. Each point appears as "
        "its runs end.",
    ),
    "teachers": Preset(
        "Teachers and 60 labels",
        {"A": STUDENT, "B": replace(STUDENT, teacher_smoothing=0.1), "C": replace(STUDENT, teacher=False)},
        "A's teacher learned all digits from hard targets, B's from smoothed ones. Then three students get 60 labelled digits; "
        "A and B hear their teacher on the same 60.",
        "After Hinton et al. 2015, section 6, where soft targets make 3 % of the data enough, and Müller et al. 2019, section 4: "
        "students of smoothed teachers fall behind.",
    ),
}


def margin_meets_the_formula(recordings: Recordings) -> Measured | None:
    """Mean margin of the last tenth of the snapshots over the formula, for every smoothed net that has learned its batches."""
    smoothed = [r for r in _measured(recordings).values() if _epsilon(r) and _learned(r)]
    if not smoothed:
        return None
    found = [(_epsilon(r), _late(r, "margin"), float(r.column("margin_limit")[-1])) for r in smoothed]
    told = ", ".join(f"with ε = {number_text(e)} at {margin:.2f} (formula: {limit:.2f})" for e, margin, limit in found)
    return Measured(all(abs(margin / limit - 1) < MEETS for _e, margin, limit in found), f"The margin ends {told}.")


def hard_margin_grows(recordings: Recordings) -> Measured | None:
    """Growth of the margin from half of the run to its end, with hard targets and with smoothed ones."""
    pair = _pair(recordings)
    if pair is None or not all(map(_learned, pair)):
        return None
    smooth, hard = (_late(r, "margin") / float(r.at("margin", int(r.steps[-1]) // 2)) - 1 for r in pair)
    sentence = (
        f"In the second half of the run the margin changed by {percent_text(hard)} with hard targets and by "
        f"{percent_text(abs(smooth))} with ε = {number_text(_epsilon(pair[0]))}."
    )
    return Measured(hard > GROWS and abs(smooth) < hard / 2, sentence)


def calibration_improves(recordings: Recordings) -> Measured | None:
    """The expected calibration error at the end, with smoothed targets and with hard ones."""
    pair = _pair(recordings)
    if pair is None:
        return None
    smooth, hard = (float(r.column("ece")[-1]) for r in pair)
    told = [f"{percent_text(_last(r, 'confidence'))} sure and {percent_text(_last(r, 'test_accuracy'))} right" for r in pair]
    sentence = (
        f"The calibration error is {percent_text(hard)} with hard targets ({told[1]}) and {percent_text(smooth)} with "
        f"ε = {number_text(_epsilon(pair[0]))} ({told[0]})."
    )
    return Measured(smooth < hard / 2, sentence)


def clusters_are_tighter(recordings: Recordings) -> Measured | None:
    """Spread within classes over the distance between them, on both sets, with smoothed and with hard targets."""
    pair = _pair(recordings)
    if pair is None or "train_cluster_spread" not in pair[0].names:
        return None
    (smooth, tested), (hard, hard_tested) = ([_last(r, f"{split}_cluster_spread") for split in ("train", "test")] for r in pair)
    sentence = (
        f"Spread over distance of centres, in training: {percent_text(hard)} with hard targets and {percent_text(smooth)} with "
        f"smoothed ones; on the test set {percent_text(hard_tested)} and {percent_text(tested)}: new examples "
        f"{_gather(tested / hard_tested)}."
    )
    return Measured(smooth < TIGHTER * hard, sentence)


def _gather(share: float) -> str:
    """What new examples do, by their spread with smoothed targets over that with hard ones."""
    if share >= 1:
        return "lie no closer together"
    return "gather too" if share < CARRIED_OVER else "hardly lie closer together"


def new_examples_cluster_too(recordings: Recordings) -> Measured | None:
    """The same on test examples alone, of nets that know the task well."""
    pair = _pair(recordings)
    if pair is None or "test_cluster_spread" not in pair[0].names or min(_last(r, "test_accuracy") for r in pair) < 0.9:
        return None
    smooth, hard = (_last(r, "test_cluster_spread") for r in pair)
    return Measured(
        smooth < CARRIED_OVER * hard,
        f"On test examples: {percent_text(hard)} with hard targets, {percent_text(smooth)} with smoothed ones.",
    )


def a_little_is_best(recordings: Recordings) -> Measured | None:
    """Calibration error over ε, mean of the seeds: at 0, at its least, and at the largest ε."""
    found = next((r for r in recordings.values() if r.experiment.sweep.sweep_measure == "ece" and len(r)), None)
    if found is None or found.experiment.sweep.sweep_over != "smoothing":
        return None
    cells: Array = found.column("sweep_cells")[-1].astype(float)
    values = found.experiment.sweep.sweep_values
    if not np.isfinite(cells).all() or values[0] != 0 or len(values) < 3:
        return None
    means = cells.mean(1)
    best = int(means.argmin())
    sentence = (
        f"Mean of the seeds: {percent_text(means[0])} at ε = 0, {percent_text(means[best])} at {number_text(values[best])}, "
        f"{percent_text(means[-1])} at {number_text(values[-1])}."
    )
    apart = cells[best].max() < min(cells[0].min(), cells[-1].min())
    return Measured(bool(0 < best < len(values) - 1 and apart), sentence)


def a_teacher_helps(recordings: Recordings) -> Measured | None:
    """Test accuracy of the student without a teacher, and of that whose teacher learned from hard targets."""
    found = _students(recordings)
    if found is None or not {"none", "hard"} <= set(found):
        return None
    alone, taught = (_last(found[kind], "test_accuracy") for kind in ("none", "hard"))
    labels = number_text(found["none"].experiment.pretraining.labels)
    sentence = (
        f"With {labels} labels the student is right on {percent_text(alone)} of the test set without a teacher, on "
        f"{percent_text(taught)} with one that is right on {percent_text(_last(found['hard'], 'teacher_accuracy'))}."
    )
    return Measured(taught > alone + LEAD, sentence)


def a_smoothed_teacher_teaches_worse(recordings: Recordings) -> Measured | None:
    """Test accuracies of both teachers and of their students."""
    found = _students(recordings)
    if found is None or not {"smoothed", "hard"} <= set(found):
        return None
    pair = [found["hard"], found["smoothed"]]
    (hard, smoothed), (first, second) = ([_last(r, c) for r in pair] for c in ("test_accuracy", "teacher_accuracy"))
    sentence = (
        f"The teacher with hard targets is right on {percent_text(first)} of the test set and its student on "
        f"{percent_text(hard)}; the smoothed one on {percent_text(second)}, its student on {percent_text(smoothed)}."
    )
    return Measured(hard > smoothed + LEAD and second > first - LEAD, sentence)


def _students(recordings: Recordings) -> dict[str, Recording] | None:
    """Students by what their teacher learned from: "hard", "smoothed" or "none"; None where nobody has a teacher."""
    found: dict[str, Recording] = {}
    for recording in recordings.values():
        given = recording.experiment.distillation
        if "test_accuracy" in recording.names and (not given.teacher or "teacher_accuracy" in recording.names):
            kind = "none" if not given.teacher else "smoothed" if given.teacher_smoothing else "hard"
            found.setdefault(kind, recording)
    return found if set(found) - {"none"} else None


def taught(variants: Mapping[str, Experiment]) -> tuple[str, ...]:
    """The letters of those with a teacher."""
    return tuple(letter for letter, experiment in variants.items() if experiment.distillation.teacher)


def _measured(recordings: Recordings) -> dict[str, Recording]:
    return {letter: r for letter, r in recordings.items() if "margin" in r.names and "ece" in r.names}


def _epsilon(recording: Recording) -> float:
    return recording.experiment.targets.smoothing


def _pair(recordings: Recordings) -> tuple[Recording, Recording] | None:
    """The first smoothed variant and the first with hard targets."""
    found = _measured(recordings).values()
    smooth = next((r for r in found if _epsilon(r)), None)
    hard = next((r for r in found if not _epsilon(r)), None)
    return None if smooth is None or hard is None else (smooth, hard)


def _late(recording: Recording, column: str) -> float:
    """Mean of a column over the last tenth of the snapshots."""
    values = recording.column(column).astype(float)
    return float(values[-max(1, len(values) // 10) :].mean())


def _last(recording: Recording, column: str) -> float:
    return float(recording.column(column)[-1])


def _learned(recording: Recording) -> bool:
    """Whether its last batches were right."""
    return _late(recording, "accuracy") > 0.99


def how_sure_with_hard_targets(recordings: Recordings) -> int | None:
    """Which option the confidence of the net with hard targets bears out, on clothes only."""
    pair = _pair(recordings)
    if pair is None or pair[1].experiment.data.dataset != "fashion_mnist":
        return None
    confidence = _last(pair[1], "confidence")
    return 0 if confidence < EDGES[0] else 1 if confidence < EDGES[1] else 2


def training_sets(experiment: Experiment) -> tuple[int, ...]:
    """Sizes to choose from, no larger than what there is."""
    return (100, 200, 500, 1_000, 1_437) if experiment.data.dataset == "digits" else (100, 300, 1_000, 3_000, 10_000)


def class_names(experiment: Experiment) -> tuple[str, str, str]:
    """The three classes whose clusters are drawn."""
    return CLOTHES[:3] if experiment.data.dataset == "fashion_mnist" else ("0", "1", "2")


LESSON = Lesson(
    number=440,
    slug="label_smoothing",
    title="Label smoothing",
    question="A softmax never gives one class all of the probability. What does a net do that is asked for it all the same, and "
    "what changes when it is asked for less?",
    presets=PRESETS,
    prediction=Prediction(
        "With hard targets, a net learns 300 pictures of clothes by heart. Of new clothes it gets three out of four right. How "
        "sure of its answers is it then, on average?",
        ("As sure as it is right: less than 80 %", "80 to 90 %", "More than 90 %"),
        how_sure_with_hard_targets,
        (
            "This net did not get as far as to be sure: its logits had not grown, or its targets are not hard.",
            "Its logits have grown on the training set, and with them its certainty on images that it has never seen; a "
            "longer run makes it surer.",
            "Hard targets reward every further bit of certainty on the training set, and the logits that grow there are as "
            "large on images that it has never seen.",
        ),
    ),
    claims=(
        Claim(
            "With smoothed targets the calibration error on the test set is less than half of that with hard ones.",
            "sure",
            calibration_improves,
            "Which of the two is surer than it is right, and which less? A net that is nearly always right needs no doubt.",
        ),
        Claim(
            "In the plane that the output layer reads, the training examples of a class, and not always new ones, lie 1.5 times "
            "as close together or closer.",
            "sure",
            clusters_are_tighter,
            "Has it been trained for long enough to bring every example to the same margin?",
        ),
        Claim(
            "The margin comes within 3 % of the formula.",
            "margin",
            margin_meets_the_formula,
            "Can the net fit its training set, and had it the time? A smaller ε takes longer.",
        ),
        Claim(
            "With hard targets the margin goes on growing long after every training example is right; smoothed, it does so less "
            "than half as much.",
            "margin",
            hard_margin_grows,
            "Is the smoothed net still on its way, or has something else stopped the weights?",
        ),
        Claim(
            "Where the net knows its task, new examples gather as well.",
            "clusters",
            new_examples_cluster_too,
            "How many of the stray marks are mistakes?",
        ),
        Claim(
            "There is a best ε between none and 0.4: no seed of it is as badly calibrated as any at either end.",
            "against_epsilon",
            a_little_is_best,
            "Does the net overfit at all without smoothing?",
        ),
        Claim(
            "A teacher's answers are worth more than 3 points to a student with few labels.",
            "teachers",
            a_teacher_helps,
            "Is the temperature so low that the teacher says no more than the label does, or are the labels enough?",
        ),
        Claim(
            "A smoothed teacher knows the task no worse and teaches it worse: its student is more than 3 points behind.",
            "teachers",
            a_smoothed_teacher_teaches_worse,
            "See what each teacher says beside the right class. Is anything left in the smoothed one's rows?",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna",
            2016,
            "Rethinking the Inception architecture for computer vision",
            "https://arxiv.org/abs/1512.00567",
            "Section 7: label smoothing, with ε = 0.1.",
        ),
        Reference(
            "G. Pereyra, G. Tucker, J. Chorowski, Ł. Kaiser, G. Hinton",
            2017,
            "Regularizing neural networks by penalizing confident output distributions",
            "https://arxiv.org/abs/1701.06548",
            "The same idea as a penalty on certainty.",
        ),
        Reference(
            "C. Guo, G. Pleiss, Y. Sun, K. Weinberger",
            2017,
            "On calibration of modern neural networks",
            "https://arxiv.org/abs/1706.04599",
            "Reliability diagrams, and the calibration error of this page.",
        ),
        Reference(
            "R. Müller, S. Kornblith, G. Hinton",
            2019,
            "When does label smoothing help?",
            "https://arxiv.org/abs/1906.02629",
            "Clusters, calibration, and why a smoothed teacher is a worse one.",
        ),
        Reference(
            "G. Hinton, O. Vinyals, J. Dean",
            2015,
            "Distilling the knowledge in a neural network",
            "https://arxiv.org/abs/1503.02531",
            "Soft targets at a temperature.",
        ),
    ),
    summary="No finite logit gives a class all of the probability, so a net with hard targets makes its logits larger for as "
    "long as it trains, and becomes far surer than it is right. Ask for a little less, and margins settle at a gap that a "
    "formula gives, confidence comes nearer to accuracy, and the training examples of each class draw together.",
)
