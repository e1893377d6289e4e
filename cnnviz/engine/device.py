"""Device: where a run's tensors live."""

from __future__ import annotations

from typing import Any

import torch

from cnnviz.engine.experiment import ExperimentError


def choose(wanted: str) -> torch.device:
    """The device that a setting names: auto (the first of cuda, mps, cpu that is there), cpu, cuda, cuda:1 or mps.

    Raises ExperimentError naming the variable where the wanted one is not there.
    """
    if wanted == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if _is_there(name)))
    if not _is_there(wanted):
        there = ", ".join(name for name in ("cpu", "cuda", "mps") if _is_there(name))
        raise ExperimentError(f"CNNVIZ_DEVICE (='{wanted[:40]}') must be auto or a device that torch finds here: {there}.")
    return torch.device(wanted)


def _is_there(name: str) -> bool:
    kind, _, index = name.partition(":")
    if kind == "cuda" and torch.cuda.is_available():
        return not index or (index.isdecimal() and int(index) < torch.cuda.device_count())
    return name == "cpu" or (name == "mps" and torch.backends.mps.is_available())


def repeatable(device: torch.device) -> None:
    """Have cuDNN choose algorithms that give the same numbers each time."""
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def wait_for(device: torch.device) -> None:
    """Return when the device has done all that it was asked to, so that a clock means something."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def about(device: torch.device) -> dict[str, Any]:
    """Where numbers come from."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {"device": name, "torch": torch.__version__, "threads": torch.get_num_threads()}
