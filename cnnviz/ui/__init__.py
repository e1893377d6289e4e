"""Everything that draws on a Streamlit page; the only package that imports streamlit."""

from cnnviz.ui.code import code
from cnnviz.ui.controls import Knobs, controls, describe
from cnnviz.ui.lesson import findings, opening, predict, references, theory, try_this
from cnnviz.ui.live import live

__all__ = ["Knobs", "code", "controls", "describe", "findings", "live", "opening", "predict", "references", "theory", "try_this"]
