"""How runs end: in which state and words, and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping

from cnnviz.engine.records import Ending
from cnnviz.runners.base import Run, State
from cnnviz.store import Store


def outcome(endings: Mapping[str, Ending]) -> tuple[State, str]:
    """ "diverged" where no variant came to its end, else "done"; what diverged, in words, a variant at a time."""
    diverged = {variant: ending.sentence for variant, ending in endings.items() if ending.state == "diverged"}
    if len(endings) == 1:
        sentence = "".join(diverged.values())
    else:
        sentence = " ".join(f"{variant}: {words}" for variant, words in sorted(diverged.items()))
    return ("diverged" if diverged and len(diverged) == len(endings) else "done"), sentence


def settle(run: Run, state: State, sentence: str) -> None:
    """A run's last words: an ending for each recording that has none yet, then the status."""
    for variant, recording in run.recordings().items():
        if recording.ending is None:
            run.closed(variant, Ending(state, sentence, run.status.step))
    run.update(state=state, sentence=sentence, place=0, seconds_left=None)


def keep(store: Store, run: Run) -> None:
    """Store what every run of these experiments records, without what somebody looked at on the way. A thread of its own does:
    compressing must not hold up what others are told."""
    for recording in run.recordings().values():
        store.put(recording.due())
