"""Published networks, a file a family: the paper, its table as data, a few blocks, and what builds them. Found by name."""
