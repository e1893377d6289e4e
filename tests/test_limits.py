"""Limits stand in one file: settings, Streamlit's configuration and the documentation say the same."""

import re
import tomllib
from dataclasses import fields, replace

import pytest

from cnnviz import limits
from cnnviz.engine import plan
from cnnviz.engine.experiment import Net, rule
from cnnviz.runners.process import environment
from cnnviz.settings import ROOT, Settings

VALUES = {name: value for name, value in vars(limits).items() if name.isupper()}
DOCUMENT = (ROOT / "docs/limits.md").read_text("utf-8")
TOLD = re.findall(r"^\| `([A-Z_]+)` \| ([\d.,]+) \| (.+?) \| (.*?) ?\|$", DOCUMENT, re.MULTILINE)
SERVER = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))["server"]


def test_the_documentation_tells_of_every_limit_with_its_value_and_its_reason() -> None:
    source = (ROOT / "cnnviz/limits.py").read_text("utf-8")
    assert {name: float(value.replace(",", "")) for name, value, _, _ in TOLD} == VALUES
    assert {name: why for name, _, why, _ in TOLD} == dict(re.findall(r"^([A-Z_]+) = \S+  # (.+)$", source, re.MULTILINE))


def test_a_limit_with_an_environment_variable_is_that_settings_default() -> None:
    named = {name: by.strip("`").removeprefix("CNNVIZ_") for name, _, _, by in TOLD if "CNNVIZ_" in by}
    defaults = {part.name.upper(): part.default for part in fields(Settings)}
    assert named == {name: name for name in VALUES.keys() & defaults.keys()}
    assert {name: defaults[name] for name in named} == {name: VALUES[name] for name in named}


def test_streamlit_is_configured_with_the_same_limits() -> None:
    assert {"UPLOAD_MB": SERVER["maxUploadSize"], "PAGE_MESSAGE_MB": SERVER["maxMessageSize"]} == {
        name: VALUES[name] for name, _, _, by in TOLD if "config.toml" in by
    }
    assert SERVER["maxMessageSize"] * 10**6 > limits.MESSAGE_BYTES  # or no sentence could be sent back


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("QUEUE", "many", "a whole number of 0 or above"),
        ("QUEUE", "-1", "a whole number of 0 or above"),
        ("QUEUE", "1e3", "a whole number of 0 or above"),
        ("CACHE_MB", "9" * 50 + "x", "a whole number of 0 or above"),
        ("RUNS_PER_LEARNER", "0", "a whole number above 0"),
        ("GRACE_SECONDS", "nan", "a number of 0 or above"),
        ("PAUSE_SECONDS", "inf", "a number of 0 or above"),
        ("FRAMES_PER_SECOND", "0", "a number above 0"),
    ],
)
def test_a_variable_that_is_no_limit_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, rule: str
) -> None:
    monkeypatch.setenv(f"CNNVIZ_{name}", text)
    with pytest.raises(SystemExit) as ended:
        Settings.from_environment()
    assert ended.value.code == f"CNNVIZ_{name} (={text[:40]!r}) must be {rule}."


def test_settings_that_were_written_into_an_environment_are_read_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Settings(queue=0, grace_seconds=0.5, cache="elsewhere", frames_per_second=2.5)
    for variable, value in environment(wanted).items():
        monkeypatch.setenv(variable, value)
    assert Settings.from_environment() == replace(wanted, threads=wanted.thread_count)


def test_an_experiments_rules_are_those_limits() -> None:
    highest = {
        "steps": limits.STEPS,
        "batch_size": limits.BATCH_SIZE,
        "depth": limits.DEPTH,
        "width": limits.WIDTH,
        "train_examples": limits.TRAINING_SET,
        "test_examples": limits.TEST_SET,
        "snapshots": limits.SNAPSHOTS,
    }
    assert {name: rule(name).high for name in highest} == highest


def test_the_documentation_tells_how_many_parameters_depth_and_width_come_to() -> None:
    hidden = limits.DEPTH - 1
    connected = (28 * 28 + 1) * limits.WIDTH + (hidden - 1) * (limits.WIDTH + 1) * limits.WIDTH + (limits.WIDTH + 1) * 10
    convolutional = plan.parameters(Net(net="cnn", depth=limits.DEPTH, width=limits.WIDTH), (3, 32, 32), 10)
    assert f"at most {connected / 1e6:.0f} million" in DOCUMENT
    assert f"{convolutional / 1e6:.0f} million" in DOCUMENT
