"""Whether forward passes of a network may be timed on this server: what they take, against its limits. Torch-free."""

from __future__ import annotations

from cnnviz import zoo
from cnnviz.settings import Settings, settings
from cnnviz.zoo.budget import budget
from cnnviz.zoo.sizes import shape_at


def refusal(network: str, side: int, batch: int, passes: int, limits: Settings = settings) -> str:
    """Why these passes are not made, in a sentence with the way out; "" where they are. side: 0 for the paper's own.

    Raises ZooError for an unknown network.
    """
    card, costs = zoo.card(network), zoo.costs(network)
    side, counted = shape_at(card, side)[-1], ", ".join(map(str, costs))
    if side < card.smallest:
        return f"{card.title} takes images of at least {card.smallest} × {card.smallest}: choose one of {counted}."
    if side not in costs:
        return f"{card.title} was not counted at {side} × {side}: choose one of {counted}."
    cost = budget(zoo.totals(network).params, costs[side], batch)
    what = f"{batch:,} {'example' if batch == 1 else 'examples'} of {side} × {side}"
    if cost.inference > limits.timing_mb * 10**6:
        return (
            f"{what} would take {card.title} at least {cost.inference / 1e6:,.0f} MB of memory, more than the "
            f"{limits.timing_mb:,} that this server gives a timing: choose fewer examples at once, or a smaller side."
        )
    work = cost.macs * (passes + 1) / 1e9
    if work > limits.timing_gigamacs:
        return (
            f"{passes} passes of {card.title} over {what}, and one to warm up, are {work:,.0f} thousand million multiply-adds, "
            f"more than the {limits.timing_gigamacs:,} that this server gives a timing: choose fewer passes or examples, or a "
            "smaller side."
        )
    return ""
