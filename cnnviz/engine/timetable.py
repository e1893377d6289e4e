"""When a run is measured: a pure function of its length and the wanted counts, dense early, then even."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.engine.experiment import Measure

DENSE = 10  # one in so many of the wanted moments goes to the very first steps


def spread(last: int, count: int) -> tuple[int, ...]:
    """`count` numbers of 0 … last, rising, 0 and last among them: a tenth of them 0, 1, 2, …, the others even.

    All of them where there are no more than `count`; only the last for 1; none for 0.
    """
    if count > last:
        return tuple(range(last + 1))
    if count < 2:
        return (last,) * count
    dense = max(1, count // DENSE)
    even = count - dense
    first, gaps = (dense, even - 1) if even > 1 else (last, 1)
    return (*range(dense), *(first + i * (last - first) // gaps for i in range(even)))


@dataclass(frozen=True)
class Timetable:
    """The steps at which everything, histograms too, and test evaluations are measured; the latter two are among the first."""

    snapshots: frozenset[int]
    histograms: frozenset[int]
    evaluations: frozenset[int]

    @classmethod
    def of(cls, measure: Measure, steps: int) -> Timetable:
        """The moments of a run of so many updates: each kind includes step 0 and the end, where there are two at least."""
        snapshots = spread(steps, measure.snapshots)
        fewer = (measure.histograms, measure.evaluations)
        histograms, evaluations = (frozenset(snapshots[i] for i in spread(len(snapshots) - 1, count)) for count in fewer)
        return cls(frozenset(snapshots), histograms, evaluations)

    def after(self, measure: Measure, steps: int) -> Timetable:
        """The same moments so many steps later, and before them half as many snapshots and histograms, evenly."""
        if not steps:
            return self
        shifted = [frozenset(step + steps for step in moments) for moments in (self.snapshots, self.histograms, self.evaluations)]
        before = frozenset(spread(steps - 1, max(2, measure.snapshots // 2)))
        pictures = frozenset(spread(len(before) - 1, max(2, measure.histograms // 2) if measure.histograms else 0))
        drawn = frozenset(step for place, step in enumerate(sorted(before)) if place in pictures)
        return Timetable(before | shifted[0], drawn | shifted[1], shifted[2])
