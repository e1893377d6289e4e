"""Words have 4.5 : 1, marks and rings 3 : 1, against every ground that the course draws them on, in light and in dark."""

import re
import tomllib
from itertools import combinations

import numpy as np
import pytest

from cnnviz import zoo
from cnnviz.plots import theme
from cnnviz.plots.architecture import architecture
from cnnviz.settings import ROOT
from cnnviz.zoo import graph

WORDS, MARKS = 4.5, 3.0
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
THEMES = ("light", "dark")
PAGE = {name: CONFIG[name]["backgroundColor"] for name in THEMES}
SITE = (ROOT / "cnnviz" / "ui" / "site.css").read_text(encoding="utf-8")
FAINT = ("activation", "join", "input")  # kinds that are drawn with an edge

# Machado, Oliveira & Fernandes (2009), Table 1 at severity 1: what is left of linear red, green and blue.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
OKABE_ITO = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def linear(colour):
    """Linear red, green and blue from 0 to 1 of "#RRGGBB"."""
    share = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2.2's contrast ratio, from 1 to 21."""
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    """CIE L*a*b* of linear red, green and blue under D65."""
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def closest(colours):
    """The distance of the two that are hardest to tell apart, for the eye that finds it hardest."""
    seen = [[lab(left @ linear(colour)) for colour in colours] for left in BLINDNESS.values()]
    return min(float(np.linalg.norm(a - b)) for own in seen for a, b in combinations(own, 2))


def test_the_ratio_is_that_of_the_standard():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("ground", PAGE.values())
@pytest.mark.parametrize("colour", [*theme.VARIANT_COLOURS, theme.NEUTRAL])
def test_every_variant_is_seen_on_either_ground(colour, ground):
    assert contrast(colour, ground) >= MARKS


def test_the_variants_are_told_apart_at_least_as_well_as_okabe_and_itos():
    assert theme.VARIANT_COLOURS[:4] == OKABE_ITO[:4]
    assert closest(theme.VARIANT_COLOURS) >= closest(OKABE_ITO)


@pytest.mark.parametrize("ground", PAGE.values())
@pytest.mark.parametrize("kind", theme.KIND_COLOURS)
def test_a_layer_kind_is_seen_on_either_ground_or_has_an_edge_that_is(kind, ground):
    assert contrast(theme.KIND_COLOURS[kind], ground) >= MARKS or kind in FAINT


def bars(name):
    rows = zoo.table(name)
    return [trace for trace in architecture(rows, graph.layers(rows)).data if trace.type == "bar"]


def test_every_bar_of_a_network_has_an_edge_that_is_seen():
    edges = {
        (colour, width)
        for bar in bars("googlenet")
        for colour, width in zip(bar.marker.line.color, bar.marker.line.width, strict=True)
    }
    assert edges == {(theme.NEUTRAL, 1)}


def test_words_on_bars_can_be_read():
    drawn = {bar.marker.color: bar.textfont.color for name in ("resnet18", "googlenet", "capsnet", "vgg16") for bar in bars(name)}
    assert len(drawn) >= 6
    ratios = {colour: contrast(colour, ink) for colour, ink in drawn.items()}
    assert {colour: round(ratio, 2) for colour, ratio in ratios.items() if ratio < WORDS} == {}


@pytest.mark.parametrize("name", THEMES)
def test_words_links_and_buttons_can_be_read(name):
    own, side = CONFIG[name], CONFIG[name]["sidebar"]
    grounds = [own["backgroundColor"], own["secondaryBackgroundColor"], side["backgroundColor"], side["secondaryBackgroundColor"]]
    read = {colour: min(contrast(own[colour], ground) for ground in grounds) for colour in ("textColor", "linkColor")}
    assert all(ratio >= WORDS for ratio in read.values()), read
    assert contrast(own["primaryColor"], own["backgroundColor"]) >= WORDS  # words in it, and words on it


@pytest.mark.parametrize("name", THEMES)
def test_the_ring_around_what_has_the_focus_is_seen(name):
    rings = dict(zip(THEMES, re.search(r"--ring: light-dark\((#\w+), (#\w+)\)", SITE).groups(), strict=True))
    own = CONFIG[name]
    for ground in (own["backgroundColor"], own["secondaryBackgroundColor"], own["sidebar"]["backgroundColor"]):
        assert contrast(rings[name], ground) >= MARKS


def test_the_style_sheet_knows_the_grounds_of_the_themes():
    assert re.search(r"--ground: light-dark\((#\w+), (#\w+)\)", SITE).groups() == tuple(PAGE[name].lower() for name in THEMES)
