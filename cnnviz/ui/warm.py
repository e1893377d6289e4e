"""What the first visitor would wait for, done while the server starts."""

from __future__ import annotations

from cnnviz.lessons import all_lessons
from cnnviz.live import routes
from cnnviz.plots.gradients import gradient_by_layer


def warm() -> None:
    """Load the lessons, and Plotly with what it checks figures by; compress its script."""
    all_lessons()
    gradient_by_layer(("A", "B"))
    routes.plotly_script()
