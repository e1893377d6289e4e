"""Covariate shift: inputs that change, between data sets and inside a net, and what batch norm really does about it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Recording
from cnnviz.engine.words import DOMAINS
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference
from cnnviz.lessons.over_the_run import LAYER, mean_loss, middle
from cnnviz.lessons.slices import batch_norm_widens, frozen_statistics_do_not, sliced
from cnnviz.lessons.tasks.covariate_shift import TASKS
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]

COLOURED = ("red", "green", "blue", "grey")
LOWER = 0.9  # times the mean loss without norm: the most that noise after batch norm may leave of it

DEEP = Experiment.of(
    depth=10, width=64, lr=0.2, noise_mean=0.7, steps=500, batch_size=64, train_examples=4_000,
    snapshots=60, histograms=30, evaluations=8, shift=True, landscape=True,
)  # fmt: skip
SIGMOID = replace(DEEP, depth=4, width=100, activation="sigmoid", init="glorot", lr=0.5)
RED = Experiment.of(
    net="cnn", dataset="shapes", domain="red", depth=5, width=16, optimiser="adam", lr=0.005, steps=300, batch_size=32,
    train_examples=2_000, test_examples=200, snapshots=40, histograms=0, evaluations=5, domains=True,
)  # fmt: skip


def _norms(base: Experiment) -> dict[str, Experiment]:
    return {letter: replace(base, norm=norm) for letter, norm in zip("ABC", ("none", "batch", "noisy_batch"), strict=True)}


PRESETS = {
    "noisy": Preset(
        "Batch norm, and noise after it",
        _norms(DEEP),
        "C is B with each unit moved and stretched anew at every step. See Shift first, then Learning.",
        "After Santurkar et al. 2018, figures 2 and 4.",
        tab="Shift",
    ),
    "inputs": Preset(
        "What a sigmoid unit gets to see",
        {letter: replace(SIGMOID, norm=norm) for letter, norm in zip("AB", ("none", "batch"), strict=True)},
        "Three hidden layers of 100 sigmoids. See Shift: the band of a unit's inputs, with and without batch norm.",
        "After Ioffe & Szegedy 2015, fig. 1: percentiles stay level with batch norm and wander without.",
        tab="Shift",
    ),
    "domains": Preset(
        "Learn on red shapes, meet other colours",
        {"A": RED, "B": replace(RED, norm="batch"), "C": replace(RED, norm="batch", domain="any")},
        "A and B see red shapes only, C shapes of any colour. All meet the same shapes in the same order. See Domains.",
        "After Li et al. 2016, who renew batch norm's statistics on the new domain.",
        tab="Domains",
    ),
}

SLICES = {
    "slice": Preset(
        "A plane through the loss",
        {letter: sliced(experiment) for letter, experiment in _norms(DEEP).items()},
        "Which net can be moved farther before it is no better than a guess?",
        "After Li et al. 2018: two random directions, filter-normalised.",
    ),
    "slice_running": Preset(
        "The same plane with running statistics",
        {letter: sliced(experiment, surface_statistics="running") for letter, experiment in _norms(DEEP).items()},
        "The same trained nets; batch norm goes on with the statistics that training left.",
    ),
}


def noise_trains_better_than_nothing(recordings: Recordings) -> Measured | None:
    """Mean loss and shift of layer 3's inputs over the run, without norm and with noisy batch norm."""
    plain, noisy = _with_norm(recordings, "none"), _with_norm(recordings, "noisy_batch")
    if plain is None or noisy is None:
        return None
    shifts, losses = [middle(r, "input_shift") for r in (plain, noisy)], [mean_loss(r) for r in (plain, noisy)]
    sentence = (
        f"From snapshot to snapshot layer 3's inputs moved by {number_text(shifts[0])} σ without norm and by "
        f"{number_text(shifts[1])} σ with noise after batch norm; over the run the loss was {number_text(losses[0])} and "
        f"{number_text(losses[1])} on average."
    )
    return Measured(bool(shifts[1] > shifts[0] and losses[1] < LOWER * losses[0]), sentence)


def loss_range_is_narrower(recordings: Recordings) -> Measured | None:
    """Width of the loss range along the step, median of the run after its first fifth, without norm and with batch norm."""
    plain, normed = _with_norm(recordings, "none"), _with_norm(recordings, "batch")
    if plain is None or normed is None:
        return None
    first, second = (middle(recording, "loss_along_range") for recording in (plain, normed))
    betas = [middle(recording, "smoothness") for recording in (plain, normed)]
    sentence = (
        f"Over 0.5 to 4 times the step the loss spans {number_text(first)} nats without norm, {number_text(second)} with batch "
        f"norm; the effective β is {number_text(betas[0])} and {number_text(betas[1])}."
    )
    return Measured(second < first / 2, sentence)


def batch_norm_holds_inputs_still(recordings: Recordings) -> Measured | None:
    """Shift of layer 3's inputs without norm and with batch norm."""
    plain, normed = _with_norm(recordings, "none"), _with_norm(recordings, "batch")
    if plain is None or normed is None:
        return None
    first, second = (middle(recording, "input_shift") for recording in (plain, normed))
    sentence = f"Layer 3's inputs move by {number_text(first)} σ without norm and by {number_text(second)} σ with batch norm."
    return Measured(second < first / 3, sentence)


def accuracy_falls_elsewhere(recordings: Recordings) -> Measured | None:
    """A net with batch norm that learned one domain: its accuracy there and in the other colours."""
    found = _one_colour(recordings)
    if found is None:
        return None
    own, others, _adapted = found
    sentence = (
        f"Right on the domain that it learned: {percent_text(own)}; on the other colours, on average: {percent_text(others)}."
    )
    return Measured(own - others > 0.2, sentence)


def renewing_does_not_teach_colours(recordings: Recordings) -> Measured | None:
    """The same net on the other colours, before and after its statistics are renewed there."""
    found = _one_colour(recordings)
    if found is None:
        return None
    _own, others, adapted = found
    sentence = f"On the other colours: {percent_text(others)} as learned, {percent_text(adapted)} with statistics renewed there."
    return Measured(adapted - others < 0.1, sentence)


def many_colours_carry_over(recordings: Recordings) -> Measured | None:
    """The worst of the four coloured domains: of the net that learned one, and of the net that learned any."""
    mixed = [r for r in recordings.values() if r.experiment.data.domain == "any" and "domain_accuracy" in r.names]
    single = [r for r in recordings.values() if r.experiment.data.domain in COLOURED and "domain_adapted" in r.names]
    if not (mixed and single):
        return None
    worst = [min(_in_domain(found[0], "domain_accuracy", name) for name in COLOURED) for found in (single, mixed)]
    sentence = (
        f"In the worst of four colours: {percent_text(worst[0])} after one colour, {percent_text(worst[1])} after any colour."
    )
    return Measured(worst[1] > worst[0] + 0.2, sentence)


def _with_norm(recordings: Recordings, norm: str) -> Recording | None:
    """The variant with this norm that measured shift and landscape on at least three layers."""
    for recording in recordings.values():
        known = {"input_shift", "loss_along_range"} <= set(recording.names) and len(recording.layers) > LAYER
        if recording.experiment.net.norm == norm and known:
            return recording
    return None


def _in_domain(recording: Recording, column: str, domain: str) -> float:
    return float(recording.column(column)[-1, DOMAINS.index(domain)])


def _one_colour(recordings: Recordings) -> tuple[float, float, float] | None:
    """Of the net with batch norm that learned one colour: accuracy there, and on the others, as learned and adapted."""
    for recording in recordings.values():
        own = recording.experiment.data.domain
        if own in COLOURED and "domain_adapted" in recording.names:
            others = [name for name in COLOURED if name != own]
            plain, adapted = (
                float(np.mean([_in_domain(recording, column, name) for name in others]))
                for column in ("domain_accuracy", "domain_adapted")
            )
            return _in_domain(recording, "domain_accuracy", own), plain, adapted
    return None


def noisy_trains_like(recordings: Recordings) -> int | None:
    """Which option the losses bear out, for the net and the rate that the question is about."""
    found = [_with_norm(recordings, norm) for norm in ("none", "batch", "noisy_batch")]
    if any(recording is None for recording in found):
        return None
    plain, normed, noisy = (mean_loss(recording) for recording in found if recording is not None)
    if noisy >= plain:
        return 0
    return 2 if noisy <= normed else 1


LESSON = Lesson(
    number=330,
    slug="covariate_shift",
    title="Covariate shift, and why batch norm really helps",
    question="Batch norm was made to keep each layer's inputs from shifting. Is that why it helps?",
    presets=PRESETS,
    prediction=Prediction(
        "Noise after batch norm, drawn anew at every step, brings the shift back. How will the net with noise train, by its mean "
        "loss over the run?",
        (
            "No better than without any norm",
            "Better than without norm, worse than batch norm",
            "As well as batch norm, or better",
        ),
        noisy_trains_like,
        (
            "Here the noise took away all that batch norm had gained: at this rate, or for as short a run, a steady "
            "distribution seems to matter.",
            "If a steady distribution were all there is to it, noise would undo it. It costs a part of batch norm's lead; "
            "the rest is there for another reason: a loss whose value and slope change less along the step.",
            "The noise cost nothing, though it brings the shift back: what helps is another thing, a loss whose value and "
            "slope change less along the step.",
        ),
    ),
    claims=(
        Claim(
            "Noisy batch norm shifts its inputs more than no norm does, and yet its mean loss over the run is at least a tenth "
            "lower.",
            "noisy",
            noise_trains_better_than_nothing,
            "Is the rate so small that the net without norm has no trouble, or does the noise drown what is learned?",
        ),
        Claim(
            "Along the step the loss spans less than half as much with batch norm.",
            "noisy",
            loss_range_is_narrower,
            "Does the net without norm learn at all? On a plateau nothing changes along the step either.",
        ),
        Claim(
            "Batch norm does hold its layers' inputs still: they shift by less than a third.",
            "noisy",
            batch_norm_holds_inputs_still,
            "How small is the batch? Its mean and spread shift by chance alone.",
        ),
        Claim(
            "A net that learned one colour loses more than 20 points on others.",
            "domains",
            accuracy_falls_elsewhere,
            "Has it learned its own colour yet?",
        ),
        Claim(
            "New statistics do not help it: on other colours it gains less than 10 points.",
            "domains",
            renewing_does_not_teach_colours,
            "Do its filters compare channels, or only look for what is bright?",
        ),
        Claim(
            "A net that saw any colour is at least 20 points better in its worst colour.",
            "domains",
            many_colours_carry_over,
            "Shapes of any colour are harder to learn: has it had the time?",
        ),
        Claim(
            "In a plane through the loss, half as many points again beat guessing with batch norm.",
            "slice",
            batch_norm_widens,
            "Do the two nets beat guessing by far at the centre? Do other directions say the same?",
        ),
        Claim(
            "With the statistics that training left, the plane is hardly wider with batch norm, if at all.",
            "slice_running",
            frozen_statistics_do_not,
            "Which of the two planes is the one that training went down?",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "H. Shimodaira",
            2000,
            "Improving predictive inference under covariate shift by weighting the log-likelihood function",
            "https://doi.org/10.1016/S0378-3758(00)00115-4",
            "Where the name comes from.",
        ),
        Reference(
            "S. Ioffe, C. Szegedy",
            2015,
            "Batch normalization: accelerating deep network training by reducing internal covariate shift",
            "https://arxiv.org/abs/1502.03167",
            "The method, and the first explanation.",
        ),
        Reference(
            "S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry",
            2018,
            "How does batch normalization help optimization?",
            "https://arxiv.org/abs/1805.11604",
            "The second one, with the noise and the landscape of this page.",
        ),
        Reference(
            "Y. Li, N. Wang, J. Shi, J. Liu, X. Hou",
            2016,
            "Revisiting batch normalization for practical domain adaptation",
            "https://arxiv.org/abs/1603.04779",
            "Renewed statistics for a new domain: AdaBN.",
        ),
        Reference(
            "H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein",
            2018,
            "Visualizing the loss landscape of neural nets",
            "https://arxiv.org/abs/1712.09913",
            "Slices of the loss with filter normalisation.",
        ),
    ),
    slices=SLICES,
    summary="A net that learned one colour fails on others: its inputs have shifted. Inside a net every layer's inputs shift, "
    "too, and batch norm holds them still. But noise that brings this shift back costs only a part of the lead: batch "
    "norm helps because loss and gradient change less along the step.",
)
