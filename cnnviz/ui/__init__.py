"""Everything that draws on a Streamlit page; the only package that imports streamlit."""

from cnnviz.ui.code import code
from cnnviz.ui.controls import Knobs, controls, describe
from cnnviz.ui.home import chapters, start_button
from cnnviz.ui.lesson import findings, opening, predict, references, theory, try_this
from cnnviz.ui.live import Tabs, live
from cnnviz.ui.picture import picture
from cnnviz.ui.replay import replay

__all__ = [
    "Knobs",
    "Tabs",
    "chapters",
    "code",
    "controls",
    "describe",
    "findings",
    "live",
    "opening",
    "picture",
    "predict",
    "references",
    "replay",
    "start_button",
    "theory",
    "try_this",
]
