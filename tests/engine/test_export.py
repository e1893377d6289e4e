"""Code export: script and notebook print the losses that the engine records, hold only what is used, and need no cnnviz."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from exported import Losses, printed_losses, recorded_losses, run_notebook, run_script_here

from cnnviz import Experiment, ExperimentError, record_together, replace
from cnnviz.engine import bundle, export, words
from cnnviz.settings import ASSETS, settings

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = Experiment.of(
    dataset="digits", train_examples=200, test_examples=10, depth=4, width=12, steps=12, batch_size=32, lr=0.05,
    snapshots=2_000, histograms=0, evaluations=0, seed=7,
)  # fmt: skip
CNN = replace(TINY, net="cnn", width=6)

SCRIPTS = {
    "mlp, sigmoid, sgd": {"A": replace(TINY, activation="sigmoid", init="glorot", optimiser="sgd")},
    "cnn, ReLU, He, momentum, norm and clipping": {
        "A": replace(CNN, optimiser="momentum", norm="batch", clip_norm=0.5, clip_value=0.1, clip_weight=0.6)
    },
    "adam, cosine, warm-up": {
        "A": replace(TINY, activation="gelu", optimiser="adam", lr=0.01, schedule="cosine", warmup_steps=4)
    },
    "two maxout units on a drawn curve": {
        "A": replace(
            TINY,
            dataset="curve",
            curve="drawn",
            heights=(0, 1, 0, -1, 0.5, 0, 0, 1, 0),
            net="maxout_difference",
            pieces=5,
            init_scale=4,
            optimiser="adam",
        )
    },
    "every pre-training, few labels": {
        letter: replace(TINY, task_classes=5, labels=20, pretraining_steps=14, corruption=0.2, pretraining=scheme)
        for letter, scheme in zip("ABCD", words.PRETRAININGS, strict=True)
    },
    "maxout and a spread of its own, pre-trained": {
        "A": replace(TINY, activation="maxout", pieces=3, pretraining="autoencoder", pretraining_steps=9),
        "B": replace(TINY, activation="maxout", norm="batch", pretraining="greedy", pretraining_steps=9),
        "C": replace(TINY, init="normal", init_std=0.2, pretraining="greedy", pretraining_steps=9),
    },
    "LSUV with fewer labels than a batch, and statistics that it leaves alone": {
        "A": replace(TINY, init="lsuv", norm="batch", labels=20),
        "B": replace(TINY, init="lsuv", labels=20),
    },
    "LSUV on a cnn, and beside an init that sees no data": {"A": replace(CNN, init="lsuv"), "B": replace(CNN, init="he_fan_out")},
    "norms of weights, pre-trained": {
        letter: replace(TINY, norm=norm, pretraining="greedy", pretraining_steps=9, clip_norm=0.5, clip_weight=0.3)
        for letter, norm in zip("ABC", ("none", "weight", "spectral"), strict=True)
    },
    "noisy batch norm on a mlp": {"A": replace(TINY, norm="noisy_batch", noise_mean=0.8), "B": TINY},
    "noisy batch norm on grey shapes": {
        "A": replace(CNN, dataset="shapes", domain="grey", norm="noisy_batch", train_examples=64, noise_scale=2.0)
    },
    "recurrent: norms, and whose statistics": {
        **{letter: replace(TINY, net="rnn", norm=norm) for letter, norm in zip("ABC", ("none", "batch", "layer"), strict=True)},
        "D": replace(TINY, net="rnn", norm="batch", norm_over_time="shared"),
        "E": replace(TINY, net="rnn", norm="group", activation="prelu"),
    },
    "recurrent: maxout on coloured shapes": {
        "A": replace(TINY, net="rnn", activation="maxout", norm="batch", dataset="shapes", train_examples=64)
    },
    "dropout of units and weights, pre-trained": {
        letter: replace(TINY, dropout=dropout, norm=norm, keep=0.8, pretraining="greedy", pretraining_steps=9, skip=True)
        for letter, dropout, norm in (
            ("A", "none", "none"),
            ("B", "plain", "none"),
            ("C", "inverted", "spectral"),
            ("D", "drop_connect", "noisy_batch"),
        )
    },
    "an ensemble and a mixture of experts": {
        "A": replace(TINY, net="ensemble", members=3, optimiser="adam", lr=0.01, l1=0.01),
        "B": replace(TINY, net="mixture", members=3, norm="batch", optimiser="momentum"),
        "C": TINY,
    },
    "an ensemble of points, early stopping": {
        "A": replace(TINY, net="ensemble", members=2, dataset="border", validation=40, patience=2, look_every=3, lr=0.5)
    },
    "shapes in negative": {"A": replace(CNN, dataset="shapes", domain="negative", train_examples=64)},
    "stochastic and strided pools, and whole maps at the end": {
        "A": replace(CNN, pooling="stochastic", ending="flatten", norm="batch"),
        "B": replace(CNN, pooling="strided", ending="flatten", norm="noisy_batch"),
        "C": CNN,
    },
    "every augmentation of places": {
        "A": replace(CNN, flip=0.5, crop=0.4, crop_padding=0.1, translate=0.2, rotate=20, pixel_noise=0.2, cutout=0.3),
        "B": CNN,
    },
    "every augmentation of colours, on few labels": {
        "A": replace(CNN, dataset="shapes", train_examples=64, labels=40, fancy_pca=0.5, jitter=0.4, hue=60),
        "B": replace(CNN, dataset="shapes", train_examples=64, labels=40, flip=0.5),
    },
    "mixed images": {"A": replace(TINY, mixup=0.4), "B": replace(TINY, cutmix=1.0, flip=0.5), "C": replace(TINY, flip=0.5)},
    "fancy PCA alone": {"A": replace(TINY, dataset="shapes", train_examples=64, fancy_pca=0.5)},
    "a teacher with hard targets, one with smoothed ones, and none": {
        letter: replace(TINY, labels=40, pretraining_steps=15, teacher_width=20, temperature=3.0, **settings)
        for letter, settings in {
            "A": {"teacher": True, "norm": "batch"},
            "B": {"teacher": True, "teacher_smoothing": 0.2, "smoothing_over": "all", "smoothing": 0.1, "mixup": 0.5},
            "C": {},
        }.items()
    },
    "with and without skips": {"A": replace(TINY, depth=9), "B": replace(TINY, depth=9, skip=True, norm="layer")},
}

SWEPT = {
    "activation": words.ACTIVATIONS,
    "init": words.INITS,
    "norm": words.NORMS,
    "dropout": words.DROPS,
    "keep": (0.5, 0.8, 1.0),
    "block_size": (1, 2, 3),
    "optimiser": words.OPTIMISERS,
    "schedule": words.SCHEDULES,
    "net": ("mlp", "cnn", "rnn"),
    "pooling": words.POOLINGS,
    "pool_p": (1.5, 4.0),
    "ending": words.ENDINGS,
    "pieces": (2, 3),
    "groups": (2, 3),
    "power_steps": (1, 4),
    "bias_init": (0.0, -0.5),
    "weight_decay": (0.0, 0.1),
    "init_scale": (1.0, 0.5),
    "init_std": (0.01, 0.2),
    "momentum": (0.0, 0.5),
    "clip_norm": (0.0, 0.1),
    "clip_value": (0.0, 0.01),
    "clip_weight": (0.0, 0.2),
    "l1": (0.0, 0.05),
    "max_norm": (0.0, 0.8),
    "patience": (0, 1, 3),
    "warmup_steps": (0, 5),
    "smoothing": (0.0, 0.1, 0.4),
    "smoothing_over": words.SMOOTHED_OVER,
    "depth": (2, 3, 6),
}
NEEDED_BESIDE = {
    "activation": {"init_scale": 2.5, "lr": 0.002},  # inputs beyond 6, where ReLU6 is not ReLU
    "pieces": {"activation": "maxout", "net": "cnn", "width": 6},
    "init_std": {"init": "uniform"},
    "norm": {"net": "cnn", "width": 6, "groups": 2, "weight_decay": 0.1},
    "pooling": {"net": "cnn", "width": 6},
    "pool_p": {"net": "cnn", "width": 6, "pooling": "lp"},
    "ending": {"net": "cnn", "width": 6, "pooling": "blur"},
    "groups": {"norm": "group"},
    "dropout": {"net": "cnn", "width": 6},
    "keep": {"dropout": "inverted"},
    "block_size": {"net": "cnn", "width": 6, "dropout": "drop_block", "keep": 0.8},
    "power_steps": {"norm": "spectral"},
    "weight_decay": {"optimiser": "adamw", "norm": "batch"},
    "optimiser": {"weight_decay": 0.1, "lr": 0.01},
    "l1": {"schedule": "cosine", "weight_decay": 0.1, "clip_weight": 0.3},
    "patience": {"validation": 40, "look_every": 2, "lr": 0.5, "norm": "batch"},
    "max_norm": {"l1": 0.01, "net": "cnn", "width": 6},
    "momentum": {"optimiser": "nesterov"},
    "schedule": {"decay_every": 5, "decay_factor": 0.5},
    "depth": {"net": "cnn", "width": 6, "norm": "layer"},
    "smoothing": {"task_classes": 4},
    "smoothing_over": {"smoothing": 0.2},
}


def engine_losses(variants: Mapping[str, Experiment]) -> Losses:
    """The losses that the engine records: by variant, by step."""
    return recorded_losses(record_together(variants))


def assert_same(printed: Losses, recorded: Losses) -> None:
    assert printed.keys() == recorded.keys()
    for name, losses in recorded.items():
        assert printed[name].keys() == losses.keys()
        assert [*printed[name].values()] == pytest.approx([*losses.values()], rel=1e-6)


def run_script(text: str, folder: Path, *arguments: str, threads: str = "1") -> subprocess.CompletedProcess[str]:
    """Run a script where there is no cnnviz to import."""
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": threads}
    command = [sys.executable, "-W", "error", str(path), *arguments]
    return subprocess.run(command, cwd=folder, env=bare, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("title", SCRIPTS)
def test_a_script_prints_the_losses_that_the_engine_records(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = SCRIPTS[title]
    assert_same(printed_losses(run_script_here(export.script(variants), monkeypatch)), engine_losses(variants))


@pytest.mark.parametrize("setting", SWEPT)
def test_a_notebook_prints_them_for_every_value_of_a_setting(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    base = replace(TINY, **{"optimiser": "momentum"} | NEEDED_BESIDE.get(setting, {}))
    variants = {chr(ord("A") + i): replace(base, **{setting: value}) for i, value in enumerate(SWEPT[setting])}
    printed = printed_losses(run_notebook(export.notebook(variants), monkeypatch))
    assert len({tuple(losses.values()) for losses in printed.values()}) == len(SWEPT[setting]), "a setting that changes nothing"
    assert_same(printed, engine_losses(variants))


@pytest.mark.parametrize("dataset", words.DATASETS)
def test_a_notebook_prints_them_for_every_data_set(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = {"A": replace(TINY, dataset=dataset)}
    assert_same(printed_losses(run_notebook(export.notebook(variants), monkeypatch)), engine_losses(variants))


def test_a_script_ends_a_diverged_variant_and_goes_on_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    variants = {"A": replace(TINY, activation="linear", lr=10), "B": TINY}
    printed = printed_losses(run_notebook(export.notebook(variants), monkeypatch))
    last = max(printed["A"])
    recorded = engine_losses(variants)
    assert not np.isfinite(printed["A"].pop(last))
    assert last < TINY.steps
    assert_same(printed, recorded)


def test_a_long_run_prints_about_fifty_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    variants = {"A": replace(TINY, depth=2, width=4, steps=470)}
    steps = [*printed_losses(run_notebook(export.notebook(variants), monkeypatch))["A"]]
    assert steps == [*range(0, 470, 9), 470]


def test_a_script_sets_the_threads_that_the_pages_workers_train_with() -> None:
    text = export.script(PLAIN)
    assert f"\nTHREADS = {settings.thread_count}\n" in text
    assert "torch.set_num_threads(THREADS)" in text


def test_a_script_in_a_folder_of_its_own_needs_its_data_file_and_no_threads_from_outside(tmp_path: Path) -> None:
    """With as many threads as torch takes by itself where none are set, the script still prints the page's losses."""
    variants = SCRIPTS["with and without skips"]
    alone = run_script(export.script(variants), tmp_path, threads="4")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert alone.stderr == (
        "There is no data file digits.npz here. The lesson's page offers it beside this script; it also lies in the course's "
        "folder assets. Put it into this folder.\n"
    )
    shutil.copy(ASSETS / "digits.npz", tmp_path)
    done = run_script(export.script(variants), tmp_path, threads="4")
    assert done.returncode == 0, done.stderr
    assert_same(printed_losses(done.stdout), engine_losses(variants))


def test_a_script_beside_another_file_of_that_name_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits.npz").write_text("no arrays")
    with pytest.raises(
        SystemExit, match=r"^digits.npz is another file than the one offered on the lesson's page: take that one.$"
    ):
        run_script_here(export.script({"A": TINY}), monkeypatch, tmp_path)


def test_a_script_with_too_small_a_data_file_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = r"^digits.npz holds 1437 training images; this experiment needs 2000.$"
    with pytest.raises(SystemExit, match=sentence):
        run_script_here(export.script({"A": replace(TINY, train_examples=2_000)}), monkeypatch)


PLAIN = {"A": replace(TINY, activation="sigmoid", init="glorot", optimiser="sgd")}
ABSENT = {
    "clipping": ("clip", replace(TINY, clip_norm=1.0)),
    "skips": ("skip", replace(TINY, skip=True)),
    "norm": ("self.norm", replace(TINY, norm="batch")),
    "norms of weights": ("class SpectralNorm", replace(TINY, norm="spectral")),
    "dropout": ("drop", replace(TINY, dropout="plain")),
    "masks": ("seed_masks", replace(TINY, dropout="drop_connect")),
    "the L1 step": ("def shrink", replace(TINY, l1=0.1)),
    "members": ("bagged", replace(TINY, net="ensemble", members=2)),
    "early stopping": ("class Early", replace(TINY, validation=20, patience=2)),
    "a validation set": ("VALIDATION", replace(TINY, validation=20)),
    "max-norm": ("def project", replace(TINY, max_norm=1.0)),
    "other pools": ("class LpPool", replace(CNN, pooling="lp")),
    "strides": ("stride", replace(CNN, pooling="strided")),
    "draws of a pool": ("seed_pools", replace(CNN, pooling="stochastic")),
    "other ends of the maps": ("ending", replace(CNN, ending="flatten")),
    "decay": ("decay", replace(TINY, weight_decay=0.1)),
    "schedules": ("schedule", replace(TINY, schedule="cosine")),
    "warm-up": ("warmup", replace(TINY, warmup_steps=3)),
    "convolutions": ("Conv2d(", CNN),
    "tuning on data": ("def tune", replace(TINY, init="lsuv")),
    "other inits": ("def orthogonal", replace(TINY, init="orthogonal")),
    "other data": ("def spirals", replace(TINY, dataset="spirals")),
    "the initial bias": ("bias_init", replace(TINY, bias_init=1.0)),
    "pieces": ("pieces", replace(TINY, activation="maxout")),
    "curves": ("mse_loss", replace(TINY, dataset="curve")),
    "few labels": ("task_of", replace(TINY, labels=20)),
    "pre-training": ("pretraining", replace(TINY, pretraining="greedy", pretraining_steps=6)),
    "corruption's layers": ("def rebuild", replace(TINY, pretraining="autoencoder", pretraining_steps=6)),
    "teachers": ("trained_teacher", replace(TINY, teacher=True, pretraining_steps=6)),
    "label smoothing": ("smoothing", replace(TINY, smoothing=0.1)),
    "augmentation": ("augmented", replace(TINY, flip=0.5)),
    "colours' axes": ("principal_axes", replace(TINY, dataset="shapes", train_examples=64, fancy_pca=0.1)),
    "rotation": ("def between", replace(TINY, rotate=5)),
    "the initial scale": ("init_scale", replace(TINY, init_scale=2.0)),
}


@pytest.mark.parametrize("part", ABSENT)
def test_a_script_holds_a_part_only_where_it_is_used(part: str) -> None:
    word, user = ABSENT[part]
    assert word in export.script({"A": user})
    assert word not in export.script(PLAIN)


EVERYTHING = SCRIPTS | {
    "plain": PLAIN,
    "all": {"A": replace(CNN, optimiser="adamw", weight_decay=0.1, schedule="step", warmup_steps=2, skip=True, init_scale=2.0)},
    "smoothed": {"A": TINY, "B": replace(TINY, smoothing=0.1)},
    **{dataset: {"A": replace(TINY, dataset=dataset)} for dataset in words.DATASETS},
}


@pytest.mark.parametrize("title", EVERYTHING)
def test_a_script_is_formatted_and_imports_and_defines_only_what_it_uses(title: str) -> None:
    text = export.script(EVERYTHING[title])
    for command in (["check", "--select=E,F,I,B,C4,UP"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", command[0], "--quiet", "--isolated", "--line-length=130", *command[1:], "-"]
        done = subprocess.run(ruff, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    tree = ast.parse(text)
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert {name for statement in tree.body for name in bundle.defined(statement)} - read == set()


@pytest.mark.parametrize("title", EVERYTHING)
def test_a_script_names_neither_cnnviz_nor_a_marker(title: str) -> None:
    text = export.script(EVERYTHING[title])
    assert re.findall(r"cnnviz|# if |type: ignore|noqa", text) == []


def test_a_notebook_is_of_format_4_5_and_opens_with_what_it_is() -> None:
    book = json.loads(export.notebook(SCRIPTS["with and without skips"]))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    first, *_ = book["cells"]
    assert first["cell_type"] == "markdown"
    assert first["source"].startswith("# 2 networks on digits, trained for 12 steps in plain PyTorch.\n\nIt prints")
    assert "`digits.npz`" in first["source"]
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    for cell in book["cells"]:
        keys = {"cell_type", "id", "metadata", "source"}
        assert cell.keys() == (keys if cell["cell_type"] == "markdown" else keys | {"execution_count", "outputs"})


def test_a_notebook_has_a_heading_for_each_part() -> None:
    cells = json.loads(export.notebook(PLAIN))["cells"]
    headings = [cell["source"] for cell in cells if cell["source"].startswith("## ")]
    assert headings == [
        f"## {part}" for part in ("Settings", "Data", "Networks", "Learning", "Results", "What is compared", "Run")
    ]
    assert cells[-1]["source"] == "main()"


@pytest.mark.parametrize("setting", ["steps", "batch_size", "seed", "train_examples"])
def test_variants_that_could_not_train_together_are_refused(setting: str) -> None:
    other = replace(TINY, **{setting: 5 if setting != "train_examples" else 100})
    with pytest.raises(
        ExperimentError, match=f"{setting} must be the same in variants that train together: it is .* in A and .* in B"
    ):
        export.script({"A": TINY, "B": other})


def test_a_loss_surface_is_refused_in_a_sentence() -> None:
    with pytest.raises(ExperimentError, match=r"^surface \(=True\) has no script: switch it off for that of the training"):
        export.script({"A": replace(TINY, surface=True)})


def test_nothing_to_export_is_refused() -> None:
    with pytest.raises(ExperimentError, match="give one variant at least"):
        export.notebook({})


def test_a_convolution_on_points_is_refused_as_the_engine_does() -> None:
    with pytest.raises(ExperimentError, match=r"net \(=cnn\) must be mlp"):
        export.script({"A": replace(CNN, dataset="moons")})


def test_a_name_that_two_sources_define_is_refused() -> None:
    pieces, _ = bundle.read("x = 1\nx = 2\ny = x\n", {})
    with pytest.raises(TypeError, match="'x' is defined twice: in 'x = 1' and 'x = 2'"):
        bundle.reachable(pieces, root=pieces[-1])
