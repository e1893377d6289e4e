"""Lesson 510, an explorer: the published networks, what each changed and what it cost."""

from __future__ import annotations

from cnnviz.lessons import Explorer, Reference

EXPLORER = Explorer(
    number=510,
    slug="architectures",
    title="Architecture explorer",
    question="Thirty years of networks: what did each change, and what did it pay in weights and multiplications?",
    summary="Every published network of the course, drawn, counted, compared and exported.",
    try_this=(
        "Open VGG-16 and pick its first fully connected layer. What share of all parameters stands there, and what share of the "
        "multiply-adds? Then find out where ResNet-18 keeps its parameters.",
        "Under *Compare two*, set ResNet-34 beside Plain-34. What do the skips cost in parameters?",
        "Set the side of ResNet-50's input to 448 pixels, twice its paper's. By how much does each line of memory grow, and "
        "why does one of them not?",
        "Compare ResNet-18 with MobileNet v2 and time both. One has six times fewer multiply-adds: is it six times as fast here?",
        "Under *All networks*, look for a network with fewer multiply-adds and a lower error than VGG-16. What did it change?",
    ),
    references=(
        Reference(
            "Khan, Sohail, Zahoora, Qureshi",
            2020,
            "A Survey of the Recent Architectures of Deep Convolutional Neural Networks",
            "https://arxiv.org/abs/1901.06032",
            "Its seven ways to improve a network are the filter above.",
        ),
        Reference(
            "Canziani, Paszke, Culurciello",
            2016,
            "An Analysis of Deep Neural Network Models for Practical Applications",
            "https://arxiv.org/abs/1605.07678",
            "Accuracy against operations, with bubbles for parameters.",
        ),
    ),
)
