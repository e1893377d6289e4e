"""Layers whose weights hold anything until `inits.initialise` draws them.

torch's own `skip_init` goes by way of its meta device and takes longer for a deep net than to draw it and to measure it.
"""

from __future__ import annotations

from torch import nn


class Linear(nn.Linear):
    """torch's, with memory that nothing was written into."""

    def reset_parameters(self) -> None:
        """Left to whoever makes it: torch's own scheme would be overwritten, and would move the random state."""


class Conv2d(nn.Conv2d):
    """torch's, with memory that nothing was written into."""

    def reset_parameters(self) -> None:
        """As in `Linear`."""
