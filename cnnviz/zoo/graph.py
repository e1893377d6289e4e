"""A network's rows as a graph to be drawn: layers with what belongs to them, parts by name, a place for each. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cnnviz.zoo.rows import Row, has_weights

FOLLOWING = ("norm", "activation", "drop")  # what is drawn together with the layer before or after it
WHOLE = "part"  # the kind of a part that holds several layers
MOST_RANKS = 60  # one below the other in one picture
MOST_PARTS = 160


@dataclass(frozen=True)
class Part:
    """One thing in the picture: a layer with its norm and activation, or several layers that share the start of their names.

    kind: a row's kind, or "part" for several layers; rows: places in the table, in order; sources: places in the same tuple of
    parts; layers: how many layers with weights it holds, as papers count them: pools, additions and norms are none.
    """

    name: str
    kind: str
    rows: tuple[int, ...]
    sources: tuple[int, ...] = ()
    layers: int = 0


def layers(rows: Sequence[Row]) -> tuple[Part, ...]:
    """The rows, each norm, activation and dropout drawn with the layer that it alone follows, or that alone follows it."""
    readers = _readers(row.sources for row in rows)
    chains: list[list[int]] = []
    chain_of: dict[int, int] = {}
    for place, row in enumerate(rows):
        before = row.sources[0] if len(row.sources) == 1 else -1
        joins = before >= 0 and readers[before] == [place] and _belongs(row, [rows[i] for i in chains[chain_of[before]]])
        if joins:
            chains[chain_of[before]].append(place)
        else:
            chains.append([place])
        chain_of[place] = chain_of[before] if joins else len(chains) - 1
    named = _named(rows, chains)
    order = sorted(range(len(chains)), key=lambda chain: chains[chain][-1])
    new = {chain: place for place, chain in enumerate(order)}
    return tuple(
        Part(
            named[chain],
            rows[_main(rows, chains[chain])].kind,
            tuple(chains[chain]),
            tuple(new[chain_of[source]] for source in rows[chains[chain][0]].sources),
            sum(has_weights(rows[place]) for place in chains[chain]),
        )
        for chain in order
    )


def _belongs(row: Row, chain: Sequence[Row]) -> bool:
    """Whether a row goes on with the chain that alone feeds it: it follows a layer, or is the layer of what stands before."""
    return chain[0].kind != "input" and (row.kind in FOLLOWING or all(each.kind in FOLLOWING for each in chain))


def _main(rows: Sequence[Row], chain: Sequence[int]) -> int:
    return next((place for place in chain if rows[place].kind not in FOLLOWING), chain[0])


def _named(rows: Sequence[Row], chains: Sequence[Sequence[int]]) -> list[str]:
    """Each chain's name: that of the module that holds it and nothing else, or its main row's."""
    held: dict[str, int] = {}
    for row in rows:
        held[_parent(row.name)] = held.get(_parent(row.name), 0) + 1
    names = []
    for chain in chains:
        parents = {_parent(rows[place].name) for place in chain}
        parent = next(iter(parents))
        alone = len(parents) == 1 and parent and held[parent] == len(chain)
        names.append(parent if alone else rows[_main(rows, chain)].name)
    return names


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _readers(sources: Iterable[Sequence[int]]) -> list[list[int]]:
    """For each place, the places that read it."""
    known = list(sources)
    found: list[list[int]] = [[] for _ in known]
    for place, read in enumerate(known):
        for source in read:
            found[source].append(place)
    return found


def view(rows: Sequence[Row], inside: str = "", most: int = MOST_RANKS) -> tuple[Part, ...]:
    """The parts of one picture, in at most `most` ranks where names allow: the whole network, or what a name holds, with what
    feeds it from outside as inputs. Raises KeyError where the name holds nothing."""
    parts = layers(rows)
    if inside:
        parts = _cut(parts, inside)
    first = inside.count(".") + 2 if inside else 1
    deepest = max(part.name.count(".") + 1 for part in parts)
    for depth in range(deepest, first, -1):
        found = grouped(parts, depth)
        if max(ranked(found)) < most and len(found) <= MOST_PARTS:
            return found
    return grouped(parts, first)


def _cut(parts: Sequence[Part], inside: str) -> tuple[Part, ...]:
    kept = [place for place, part in enumerate(parts) if part.name == inside or part.name.startswith(inside + ".")]
    if not kept:
        raise KeyError(inside)
    outside = list(dict.fromkeys(source for place in kept for source in parts[place].sources if source not in kept))
    new = {place: number for number, place in enumerate([*outside, *kept])}
    stubs = [Part(parts[place].name, "input", parts[place].rows) for place in outside]
    return (
        *stubs,
        *(replace(parts[place], sources=tuple(new[source] for source in parts[place].sources)) for place in kept),
    )


def grouped(parts: Sequence[Part], depth: int) -> tuple[Part, ...]:
    """Neighbours whose names begin with the same `depth` words as one part each; neighbours, so that no part feeds itself in a
    circle."""

    def head(place: int) -> tuple[str, ...]:
        return ("", str(place)) if parts[place].kind == "input" else tuple(parts[place].name.split(".")[:depth])

    runs = [list(run) for _name, run in groupby(range(len(parts)), key=head)]
    new = {place: number for number, run in enumerate(runs) for place in run}
    return tuple(_united(parts, run, new, depth) for run in runs)


def _united(parts: Sequence[Part], run: Sequence[int], new: Mapping[int, int], depth: int) -> Part:
    first = parts[run[0]]
    sources = tuple(dict.fromkeys(new[source] for place in run for source in parts[place].sources if source not in run))
    if len(run) == 1:
        return replace(first, sources=sources)
    rows = tuple(sorted(row for place in run for row in parts[place].rows))
    return Part(".".join(first.name.split(".")[:depth]), WHOLE, rows, sources, sum(parts[place].layers for place in run))


@dataclass(frozen=True)
class Layout:
    """Where parts stand. ranks: how far from the input, in steps of the longest way; lanes: 0 for the longest way through the
    network, others beside it; lines: for each edge its ends and the lane in which it passes the ranks between them."""

    ranks: tuple[int, ...]
    lanes: tuple[int, ...]
    lines: tuple[tuple[int, int, int], ...]  # (source, target, lane)


def laid_out(parts: Sequence[Part]) -> Layout:
    """A place for each part, and for each edge that skips ranks a lane that nothing else uses there."""
    ranks = ranked(parts)
    readers = _readers(part.sources for part in parts)
    spine = _spine(parts, ranks)
    taken: set[tuple[int, int]] = {(ranks[place], 0) for place in spine}
    lanes: dict[int, int] = dict.fromkeys(spine, 0)
    passing: dict[int, int] = {}
    for place in sorted(range(len(parts)), key=lambda place: (ranks[place], len(readers[place]))):
        last = max((ranks[reader] for reader in readers[place]), default=ranks[place])
        between = range(ranks[place] + 1, last)
        if place not in lanes:
            wished = [lanes[source] for source in parts[place].sources if lanes[source]]
            lanes[place] = _free(taken, (ranks[place], *between), wished)
            taken.update((rank, lanes[place]) for rank in (ranks[place], *between))
            passing[place] = lanes[place]
        elif between:
            passing[place] = _free(taken, tuple(between), [])
            taken.update((rank, passing[place]) for rank in between)
    lines = [(source, place, passing.get(source, lanes[source])) for place, part in enumerate(parts) for source in part.sources]
    return Layout(tuple(ranks), tuple(lanes[place] for place in range(len(parts))), tuple(lines))


def ranked(parts: Sequence[Part]) -> list[int]:
    """For each part the steps of the longest way to it."""
    ranks: list[int] = []
    for part in parts:
        ranks.append(1 + max((ranks[source] for source in part.sources), default=-1))
    return ranks


def _spine(parts: Sequence[Part], ranks: Sequence[int]) -> list[int]:
    """A longest way from an input to a result, through the layers with most rows where there are several."""
    place = max(range(len(parts)), key=lambda each: (ranks[each], -each))
    way = [place]
    while ranks[place]:
        before = [source for source in parts[place].sources if ranks[source] == ranks[place] - 1]
        place = max(before, key=lambda each: (len(parts[each].rows), -each))
        way.append(place)
    return way


def _free(taken: set[tuple[int, int]], ranks: Sequence[int], wished: Sequence[int]) -> int:
    """The lane nearest to the middle that is free at all these ranks, those wished for first; right of it before left."""
    width = 1 + max((abs(lane) for _rank, lane in taken), default=0)
    beside = [side * lane for lane in range(1, width + 1) for side in (1, -1)]
    return next(lane for lane in (*wished, *beside) if all((rank, lane) not in taken for rank in ranks))


def moves(layout: Layout) -> tuple[dict[str, int], ...]:
    """For each part the ones that arrow keys lead to: up and down to the nearest lane of the rank before and after, left and
    right in its own rank, first and last to the ends; what leads nowhere is left out."""
    spots = {(rank, lane): place for place, (rank, lane) in enumerate(zip(layout.ranks, layout.lanes, strict=True))}
    by_rank: dict[int, list[int]] = {}
    for rank, lane in sorted(spots):
        by_rank.setdefault(rank, []).append(lane)
    ends = {"first": spots[(0, 0)], "last": spots[(max(by_rank), 0)]}
    found = []
    for rank, lane in zip(layout.ranks, layout.lanes, strict=True):
        own = by_rank[rank]
        beside = {"left": [each for each in own if each < lane][-1:], "right": [each for each in own if each > lane][:1]}
        led = {key: spots[(rank, lanes[0])] for key, lanes in beside.items() if lanes}
        for key, other in (("up", rank - 1), ("down", rank + 1)):
            if other in by_rank:
                led[key] = spots[(other, min(by_rank[other], key=lambda each: (abs(each - lane), -each)))]
        found.append({**led, **ends})
    return tuple(found)
