"""Lesson 510, an explorer: the published networks, what each changed and what it cost; and what it asks about three of them."""

from __future__ import annotations

from collections.abc import Mapping

from cnnviz import zoo
from cnnviz.engine.records import Recording
from cnnviz.lessons import Counted, Explorer, Question, Reference, TooClose
from cnnviz.plots.numbers import cost_text, number_text, percent_text
from cnnviz.zoo.sizes import shape_at

Recordings = Mapping[str, Recording]

DEEP, SKIPPING, PLAIN = "vgg16", "resnet34", "plain34"
LARGE, SMALL = "resnet18", "mobilenet_v2"
AS_FAST = 0.8  # of the ratio in multiply-adds: from here on we call it as many times as fast
LITTLE = 0.01  # of the parameters


def where_the_weights_are(_recordings: Recordings) -> Counted:
    """Parameters of VGG-16's convolutions, of its first fully connected layer, and of the others."""
    rows = zoo.table(DEEP)
    first, *others = (row for row in rows if row.kind == "fc")
    kinds = (
        sum(row.params for row in rows if row.kind == "conv"),
        first.params,
        sum(row.params for row in others),
    )
    total, units = sum(row.params for row in rows), first.output_shape[0]
    sentence = (
        f"The convolutions have {_of(kinds[0], total)} of all parameters, {first.name} has {_of(kinds[1], total)}, "
        f"{' and '.join(row.name for row in others)} have {_of(kinds[2], total)}. Each of {first.name}'s {units:,} units "
        f"has a weight for each of the {first.macs // units:,} numbers of the last maps, and uses it once: "
        f"{percent_text(first.macs / sum(row.macs for row in rows))} of the multiply-adds."
    )
    return Counted(max(range(len(kinds)), key=lambda place: kinds[place]), sentence)


def _of(params: int, total: int) -> str:
    return f"{cost_text(params)} ({percent_text(params / total)})"


def is_it_six_times_as_fast(recordings: Recordings) -> Counted | TooClose | None:
    """Median times of a pass, against multiply-adds at the size that was timed; None until both were timed together."""
    timed = {r.experiment.timing.network: r for r in recordings.values() if "median" in r.names}
    if set(timed) != {LARGE, SMALL}:
        return None
    (slow, fast), macs = (timed[LARGE], timed[SMALL]), [_macs(timed[name]) for name in (LARGE, SMALL)]
    times, fewer = _last(slow, "median") / _last(fast, "median"), macs[0] / macs[1]
    told = "; ".join(_told(recording) for recording in (slow, fast))
    if _last(slow, "low") <= _last(fast, "high") and _last(fast, "low") <= _last(slow, "high"):
        return TooClose(f"{told}. The middle halves of their passes overlap.")
    option = 0 if times >= AS_FAST * fewer else 1 if times > 1 else 2
    sentence = (
        f"{told}: with {number_text(fewer)} times fewer multiply-adds, MobileNet v2 is {number_text(times)} times as fast. In a "
        f"second it does {_rate(fast)} × 10⁹ multiply-adds, ResNet-18 {_rate(slow)} × 10⁹. {_why(option)}"
    )
    return Counted(option, sentence)


def _why(option: int) -> str:
    """What an option's times come from."""
    if option == 0:
        return "So here a multiply-add takes about as long in both."
    depths = " against ".join(str(zoo.totals(name).depth) for name in (SMALL, LARGE))
    return (
        "A depthwise convolution does little with each number that it fetches from memory, and there are more layers to start, "
        f"one after the other: {depths} with weights."
    )


def _macs(recording: Recording) -> int:
    """Multiply-adds for one example at the side that was timed."""
    name = recording.experiment.timing.network
    side = shape_at(zoo.card(name), recording.experiment.timing.input_side)[-1]
    return zoo.costs(name)[side].macs


def _last(recording: Recording, column: str) -> float:
    return float(recording.column(column)[-1])


def _rate(recording: Recording) -> str:
    return number_text(_last(recording, "gigamacs_per_second"))


def _told(recording: Recording) -> str:
    median, low, high = (number_text(_last(recording, column)) for column in ("median", "low", "high"))
    return f"{zoo.card(recording.experiment.timing.network).title} takes {median} ms a pass (middle half {low} to {high})"


def what_skips_cost(_recordings: Recordings) -> Counted:
    """Parameters of ResNet-34 less those of Plain-34, and which of the skips have any."""
    with_skips, without = (zoo.totals(name).params for name in (SKIPPING, PLAIN))
    more = with_skips - without
    own = {row.name for row in zoo.table(PLAIN)}
    added = [row for row in zoo.table(SKIPPING) if row.name not in own]
    skips, fitted = (sum(row.kind == kind for row in added) for kind in ("add", "conv"))
    option = 0 if not more else 1 if more < LITTLE * without else 2
    sentence = (
        f"{with_skips:,} parameters with skips, {without:,} without: {more:,} more, {percent_text(more / without)}. "
        f"{skips - fitted} of the {skips} skips add what is there already and have none; the other {fitted} lead to maps of "
        "another size, and have a 1×1 convolution to fit them."
    )
    return Counted(option, sentence)


QUESTIONS = (
    Question(
        "VGG-16's weights",
        "Where are most of VGG-16's weights?",
        ("In its convolutions", "In the first fully connected layer", "In the other fully connected layers"),
        where_the_weights_are,
        shows={"view": "network", "network": DEEP},
    ),
    Question(
        "MobileNet's speed",
        "MobileNet v2 has about six times fewer multiply-adds than ResNet-18. Is it six times as fast here?",
        ("About six times, or more", "Faster, but far from six times", "Slower"),
        is_it_six_times_as_fast,
        "timing",
        "The timing will say: show the two, then press *Time it* under *One forward pass on this machine*.",
        {"view": "two", "network": LARGE, "other": SMALL},
    ),
    Question(
        "What skips cost",
        "How many more parameters has ResNet-34 than Plain-34, which is the same without skips?",
        ("None", "Less than 1 % more", "1 % more or above"),
        what_skips_cost,
        shows={"view": "two", "network": PLAIN, "other": SKIPPING},
    ),
)

EXPLORER = Explorer(
    number=510,
    slug="architectures",
    title="Architecture explorer",
    question="Thirty years of networks: what did each change, and what did it pay in weights and multiplications?",
    summary="Every published network of the course, drawn, counted, compared and exported.",
    try_this=(
        "Open VGG-16 and pick its first fully connected layer: where do its numbers come from? Then find out where ResNet-18 "
        "keeps its parameters.",
        "Set the side of ResNet-50's input to 448 pixels, twice its paper's. By how much does each line of memory grow, and "
        "why does one of them not?",
        "Compare ResNet-18 with MobileNet v2 and time both with 1 example at once, then with 16. Does the second catch up?",
        "Under *All networks*, look for a network with fewer multiply-adds and a lower error than VGG-16. What did it change?",
    ),
    questions=QUESTIONS,
    references=(
        Reference(
            "Khan, Sohail, Zahoora, Qureshi",
            2020,
            "A Survey of the Recent Architectures of Deep Convolutional Neural Networks",
            "https://arxiv.org/abs/1901.06032",
            "Its seven ways to improve a network are the filter above.",
        ),
        Reference(
            "Canziani, Paszke, Culurciello",
            2016,
            "An Analysis of Deep Neural Network Models for Practical Applications",
            "https://arxiv.org/abs/1605.07678",
            "Accuracy against operations, with bubbles for parameters.",
        ),
    ),
)
