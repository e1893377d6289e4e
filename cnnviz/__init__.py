"""cnnviz: an interactive course on what happens inside convolutional networks.

Importing the package is cheap: torch is loaded at the first use of a name that trains or builds a network.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnviz import zoo
from cnnviz.engine.experiment import Experiment, ExperimentError, replace
from cnnviz.engine.records import Recording, Snapshot

if TYPE_CHECKING:
    from cnnviz.engine.train import record, record_together, train, train_together

__version__ = "0.1.0"
__all__ = [
    "Experiment",
    "ExperimentError",
    "Recording",
    "Snapshot",
    "record",
    "record_together",
    "replace",
    "train",
    "train_together",
    "zoo",
]

_LAZY = {
    "train": "cnnviz.engine.train",
    "train_together": "cnnviz.engine.train",
    "record": "cnnviz.engine.train",
    "record_together": "cnnviz.engine.train",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'cnnviz' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
