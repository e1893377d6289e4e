"""The architecture explorer: picking a published network, its picture and tables, and comparisons of networks."""

from cnnviz.ui.zoo.page import explorer

__all__ = ["explorer"]
