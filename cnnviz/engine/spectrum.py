"""Probes of an experiment that asks for `spectrum`: how far a layer's weights can stretch an input."""

from __future__ import annotations

import torch
from torch import Tensor

from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.probes import Statistic, probe
from cnnviz.engine.watch import Seen

SPECTRUM: dict[str, Statistic] = {}  # with every snapshot


@probe(SPECTRUM)
def top_singular(seen: Seen) -> Tensor:
    """The largest singular value of what each layer multiplies by; of a kernel, as the matrix (out, in · height · width)."""
    applied = [layer.applied_weight if isinstance(layer, Layer) else layer.weight for layer in seen.layers]
    found = [torch.linalg.matrix_norm(w.detach().flatten(1).cpu(), 2) for w in applied]  # type: ignore[operator]  # has a weight
    return torch.stack(found).to(seen.loss.device)
