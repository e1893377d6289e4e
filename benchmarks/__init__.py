"""Figures, never assertions: `make bench` measures cnnviz against what one would use instead."""
