"""Handwritten digits, 8×8 pixels of 0…16: 1,437 to learn from, 360 to test, from the UCI Machine Learning Repository.

E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits (1998), doi 10.24432/C50P49, CC BY 4.0.
"""

from __future__ import annotations

from cnnviz.engine.data import Examples, dataset
from cnnviz.engine.data.files import head, read_npz
from cnnviz.settings import ASSETS


@dataset("digits")
def digits(train_examples: int, test_examples: int, seed: int) -> Examples:
    """Images (N, 1, 8, 8); the split and its order are fixed, whatever the seed."""
    return head(read_npz(ASSETS / "digits.npz"), train_examples, test_examples, "digits")
