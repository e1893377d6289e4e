"""Limits stand in one file: settings, Streamlit's configuration and the documentation say the same."""

import re
import tomllib
from dataclasses import fields

from cnnviz import limits
from cnnviz.engine.experiment import rule
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
