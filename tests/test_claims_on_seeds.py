"""`make claims`: a lesson's claims on seeds that nobody recorded."""

import dataclasses
from collections.abc import Mapping

import pytest

from benchmarks import claims
from cnnviz import Experiment, Recording, lessons, record, replace
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset

SMALL = Experiment.of(dataset="moons", net="mlp", depth=2, width=4, train_examples=40, test_examples=20, steps=5, batch_size=8,
                      snapshots=2, histograms=0, evaluations=1)  # fmt: skip
SWEEP = replace(SMALL, sweep_over="lr", sweep_values=(0.01, 0.1), sweep_seeds=3)


def loss_sentence(recording: Recording) -> str:
    return f"Seed {recording.experiment.seed} ends at {float(recording.column('loss')[-1]):.6f}."


def holds_on_even_seeds(recordings: Mapping[str, Recording]) -> Measured | None:
    return Measured(recordings["A"].experiment.seed % 2 == 0, loss_sentence(recordings["B"]))


def always_holds(recordings: Mapping[str, Recording]) -> Measured | None:
    return Measured(True, "It does.")


def never_decides(recordings: Mapping[str, Recording]) -> Measured | None:
    return None


LESSON = Lesson(
    number=110,
    slug="little",
    title="A little lesson",
    question="Which one?",
    presets={
        "pair": Preset("Two depths", {"A": SMALL, "B": replace(SMALL, depth=3)}, "Compare them."),
        "other": Preset("One rate", {"A": replace(SMALL, lr=0.01)}, "Look at it."),
        "silent": Preset("Nothing is said of it", {"A": SMALL}, "Look at it."),
    },
    prediction=Prediction("Which one?", ("A", "B"), lambda recordings: None, ("a", "b")),
    claims=(
        Claim("Even seeds are better.", "pair", holds_on_even_seeds),
        Claim("It always does.", "pair", always_holds),
        Claim("Nobody knows.", "other", never_decides),
    ),
    try_this=(),
    references=(),
)


@pytest.fixture(autouse=True)
def _one_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons, "all_lessons", lambda: {"little": LESSON})


def test_the_table_says_on_how_many_seeds_each_claim_holds_and_what_was_measured_where_it_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert claims.main(["--seeds", "10", "11", "12", "13"]) == 0
    b = {seed: loss_sentence(record(replace(SMALL, depth=3, seed=seed))) for seed in (11, 13)}
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "little/pair  holds_on_even_seeds  holds on 2 of 4",
        f"    seed 11: {b[11]}",
        f"    seed 13: {b[13]}",
        "little/pair  always_holds         holds on 4 of 4",
        "little/other  never_decides       holds on 0 of 4",
        *(f"    seed {seed}: These recordings can't decide it." for seed in (10, 11, 12, 13)),
        "1 of 3 claims hold on all of 4 seeds.",
    ]
    assert err.splitlines()[:2] == ["little/pair: seed 10, 1 of 4", "little/pair: seed 11, 2 of 4"]


@pytest.mark.parametrize(
    ("arguments", "asked_for"),
    [
        ([], [("little/pair", "holds_on_even_seeds"), ("little/pair", "always_holds"), ("little/other", "never_decides")]),
        (["--lesson", "little/pair"], [("little/pair", "holds_on_even_seeds"), ("little/pair", "always_holds")]),
        (["--claim", "never_decides"], [("little/other", "never_decides")]),
    ],
)
def test_a_lesson_a_preset_or_a_claim_can_be_asked_for_alone(
    arguments: list[str], asked_for: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert claims.main(["--seeds", "2", *arguments]) == 0
    rows = [line.split()[:2] for line in capsys.readouterr().out.splitlines() if "  holds on " in line]
    assert [tuple(row) for row in rows] == asked_for


def test_rows_come_as_soon_as_their_preset_is_done(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    printed: list[str] = []

    def counted(recordings: Mapping[str, Recording]) -> Measured | None:
        printed.append(capsys.readouterr().out)
        return None

    later = dataclasses.replace(LESSON, claims=(*LESSON.claims[:2], Claim("Later.", "other", counted)))
    monkeypatch.setattr(lessons, "all_lessons", lambda: {"little": later})
    claims.main(["--seeds", "1", "2"])
    assert ["holds_on_even_seeds" in text for text in printed] == [True, False]


def test_a_seed_given_twice_counts_once(capsys: pytest.CaptureFixture[str]) -> None:
    claims.main(["--seeds", "7", "7", "--claim", "always_holds"])
    assert "holds on 1 of 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--lesson", "litle"], "There is no lesson 'litle'; try little."),
        (["--lesson", "little/pear"], "There is no preset of little 'pear'; try pair."),
        (["--lesson", "little/silent"], "little/silent has no claims; try little/pair, little/other."),
        (["--claim", "always_hold"], "There is no claim 'always_hold'; try always_holds."),
        (["--lesson", "little/pair", "--claim", "never_decides"], "There is no claim 'never_decides'; try holds_on_even_seeds, "
         "always_holds."),
        (["--seeds", "1", "2147483648"], "seed (=2.14748e+09) must be between 0 and 2.14748e+09."),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_one_sentence_before_anything_is_trained(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert claims.main(["--seeds", "1", *arguments]) == 2
    assert capsys.readouterr() == ("", f"python -m benchmarks.claims: {sentence}\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds"], "argument --seeds: expected at least one argument"),
        (["--seeds", "-1"], "argument --seeds: '-1' must be a whole number, 0 or more"),
        (["--seeds", "x"], "argument --seeds: 'x' must be a whole number, 0 or more"),
        ([], "the following arguments are required: --seeds"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        claims.main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr() == ("", f"python -m benchmarks.claims: {sentence}\n")


def test_sweeps_with_other_seeds_have_no_run_in_common() -> None:
    seeds = [[cell.seed for cell in claims.reseeded(SWEEP, seed).cells()][::2] for seed in (0, 10, 11)]
    assert seeds == [[0, 1, 2], [30, 31, 32], [33, 34, 35]]


def test_only_the_seed_differs_from_the_preset() -> None:
    for trial in claims.trials("little"):
        again = {letter: replace(experiment, seed=0) for letter, experiment in trial.with_seed(12).items()}
        assert again == trial.variants
