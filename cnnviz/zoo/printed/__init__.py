"""Tables as papers and the lecture print them, beside what our networks have, with what is wrong in them. Torch-free."""

from __future__ import annotations

from cnnviz.zoo.printed.alexnet import ALEXNET
from cnnviz.zoo.printed.bn_inception import BN_INCEPTION
from cnnviz.zoo.printed.efficientnet import EFFICIENTNET_B0
from cnnviz.zoo.printed.googlenet import GOOGLENET
from cnnviz.zoo.printed.inception import INCEPTION_V2, INCEPTION_V3
from cnnviz.zoo.printed.mobilenet import MOBILENET_V1, MOBILENET_V2
from cnnviz.zoo.printed.resnext import RESNEXT
from cnnviz.zoo.printed.senet import SENET_2, SENET_8
from cnnviz.zoo.printed.tables import Table
from cnnviz.zoo.printed.winners import ENTRIES, ENTRIES_MISPRINT, HUMAN, WINNERS, Entry

__all__ = ["ENTRIES", "ENTRIES_MISPRINT", "HUMAN", "TABLES", "Entry", "Table"]

TABLES: tuple[Table, ...] = (
    ALEXNET,
    GOOGLENET,
    BN_INCEPTION,
    INCEPTION_V2,
    INCEPTION_V3,
    RESNEXT,
    MOBILENET_V1,
    MOBILENET_V2,
    EFFICIENTNET_B0,
    SENET_2,
    SENET_8,
    WINNERS,
)
