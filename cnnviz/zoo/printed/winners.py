"""The lecture's table of entries to ImageNet's challenge."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.tables import Column, Reason, Table, Unlike, whole

SEVEN = Reason(
    "AlexNet has five convolutions and three fully connected layers with weights: 8, as its own paper says. The lecture's table "
    "of its layers comes to 8 as well."
)
NINETEEN = Reason(
    "On the longest way through GoogLeNet 22 layers have weights, as its own paper counts; 19 are those of the largest network "
    "of VGG's."
)


@dataclass(frozen=True)
class Entry:
    """An entry to ImageNet's challenge. percent: top-5 error; outside: whether other data helped; layers: those with weights."""

    team: str
    year: int
    percent: float
    outside: bool
    layers: int | None = None


HUMAN = 5.1  # per cent, top-5
ENTRIES = (
    Entry("SuperVision, Toronto (AlexNet)", 2012, 16.4, outside=False, layers=8),
    Entry("SuperVision", 2012, 15.3, outside=True),
    Entry("Clarifai, NYU", 2013, 11.7, outside=False),
    Entry("Clarifai", 2013, 11.2, outside=True),
    Entry("VGG, Oxford", 2014, 7.32, outside=False, layers=16),
    Entry("GoogLeNet", 2014, 6.67, outside=False, layers=22),
    Entry("ResNet", 2015, 3.57, outside=False, layers=152),
)
ENTRIES_MISPRINT = (
    "The lecture's table gives AlexNet 7 layers and GoogLeNet 19; with weights they have 8 and 22, which the chart shows. "
    "Clarifai's depth is left out."
)


WINNERS = Table(
    title="ImageNet's challenge by year",
    networks=(),
    source="The lecture's table of results",
    checked="as the lecture prints it",
    first="Team",
    columns=(
        Column("Year"),
        Column("Place"),
        Column("Top-5 error, %"),
        Column("External data"),
        Column("Layers", measures.layer_number),
    ),
    lines=(
        whole("SuperVision – Toronto (AlexNet)", "alexnet", "2012", "", "16.4", "no", Unlike("7", SEVEN)),
        whole("SuperVision", "", "2012", "1st", "15.3", "ImageNet 22k"),
        whole("Clarifai – NYU", "", "2013", "", "11.7", "no", "7"),
        whole("Clarifai", "", "2013", "1st", "11.2", "ImageNet 22k"),
        whole("VGG – Oxford", "vgg16", "2014", "2nd", "7.32", "no", "16"),
        whole("GoogLeNet", "googlenet", "2014", "1st", "6.67", "no", Unlike("19", NINETEEN)),
        whole("ResNet", "resnet152", "2015", "1st", "3.57", "", "152"),
        whole("Human expert", "", "", "", "5.1"),
    ),
    told=("Clarifai's network was not published, so nothing can be held against its 7 layers.",),
)
