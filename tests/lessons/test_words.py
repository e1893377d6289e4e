"""A chart speaks of the page that it is on."""

import ast
import importlib
import inspect
import re

import pytest

from cnnviz.engine.data.shapes import SHAPES
from cnnviz.lessons import all_lessons, find
from cnnviz.plots.polynomial import error_by_degree
from cnnviz.plots.shift import SHAPE_CLASSES, accuracy_by_domain, domains_over_steps
from cnnviz.settings import ROOT


def plots_on(lesson):
    """The plots that a page imports and that need nothing but the variants' letters."""
    page = ROOT / "pages" / f"{lesson.number}_{lesson.slug}.py"
    for node in ast.parse(page.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cnnviz.plots."):
            for alias in node.names:
                function = getattr(importlib.import_module(node.module), alias.name)
                first, *others = inspect.signature(function).parameters.values() or (None,)
                if getattr(first, "name", "") == "variants" and all(other.default is not other.empty for other in others):
                    yield function("AB")


@pytest.mark.parametrize("slug", all_lessons())
def test_a_chart_without_numbers_names_only_starting_points_of_its_own_page(slug):
    titles = {preset.title for preset in find(slug).presets.values()}
    for plot in plots_on(find(slug)):
        for named in re.findall("“([^”]*)”", plot.headline.needs):
            assert any(title.startswith(named) for title in titles), f"{plot.name}: {plot.headline.needs}"


def test_renewed_statistics_are_told_only_where_a_page_asks_for_them():
    assert "renewed" not in str(accuracy_by_domain("AB").to_json())
    assert "renewed" in str(accuracy_by_domain("AB", adapted=True).to_json())


def test_errors_of_polynomials_are_told_with_the_degree_of_each(shipped):
    recordings = shipped("overfitting", "degrees")
    degrees = tuple(recording.experiment.polynomial.degree for recording in recordings.values())
    assert degrees == (9, 3)
    headline = error_by_degree("AB", degrees=degrees).headline
    assert headline.text == "Error on new points: A {A} with degree 9, B {B} with degree 3"
    for letter, degree in zip("AB", degrees, strict=True):
        quantity = headline.quantities[letter]
        error = recordings[letter].column(quantity.column)[-1]
        assert error == pytest.approx(recordings[letter].column("degree_test_rms")[-1, degree])


@pytest.mark.parametrize("plot", [accuracy_by_domain, domains_over_steps])
def test_accuracy_on_shapes_is_drawn_beside_that_of_guessing_one_of_their_classes(plot):
    assert len(SHAPES) == SHAPE_CLASSES
    figure = plot("AB").figure
    assert [line.y0 for line in figure.layout.shapes] == [1 / len(SHAPES)]
    assert figure.layout.annotations[-1].text == "guessing among 8: 12.5 %"
