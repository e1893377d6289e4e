"""A run's channel: frames in order, each encoded once, and a way back for whoever missed some."""

import json
from typing import Any

import pytest
from by_hand import Clock, begin, measure

from cnnviz.engine.records import Ending
from cnnviz.live.channel import BURST, RING, Channel, Channels, Place, Start
from cnnviz.runners.base import Run

START = Start({"A": "sigmoid", "B": "ReLU"})


@pytest.fixture
def channel(run: Run, clock: Clock) -> Channel:
    return Channel(run, START, frames_per_second=10, clock=clock)


class Watcher:
    """A browser that keeps what it is sent, and notices a gap."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.place = Place()
        self.woken = 0
        self.messages: list[dict[str, Any]] = []
        self.leave = channel.join(self.wake)

    def wake(self) -> None:
        self.woken += 1

    def look(self) -> list[dict[str, Any]]:
        texts, self.place = self.channel.after(self.place)
        new = [json.loads(text) for text in texts]
        self.messages += new
        return new

    def steps(self, variant: str = "A") -> list[int]:
        """The steps that this watcher knows of, put together as a browser does."""
        known: list[int] = []
        for message in self.messages:
            if message["type"] == "recording":
                known = []
            if message["type"] in ("recording", "delta") and variant in message["variants"]:
                assert message["variants"][variant]["from"] == len(known)
                known += message["variants"][variant]["steps"]
        return known


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]


def test_the_first_frame_is_due_at_once(channel: Channel, run: Run) -> None:
    watcher = Watcher(channel)
    begin(run)
    measure(run, 0)
    assert channel.due_in() == 0
    assert watcher.look()[0]["variants"]["A"]["steps"] == [0]


def test_what_comes_too_early_waits_for_the_next_frame(channel: Channel, run: Run, clock: Clock) -> None:
    watcher = Watcher(channel)
    begin(run)
    for step in range(BURST):
        measure(run, step)
        watcher.look()
    measure(run, 4, 5, 6)
    assert watcher.look() == []
    assert channel.due_in() == pytest.approx(0.1)
    clock.wait(0.1)
    (delta,) = watcher.look()
    assert (delta["type"], delta["after"], delta["n"]) == ("delta", 10, 16)
    assert delta["variants"]["B"]["steps"] == [4, 5, 6]


def test_a_frame_says_when_its_newest_numbers_were_made(channel: Channel, run: Run) -> None:
    watcher = Watcher(channel)
    watcher.look()
    begin(run)
    run.update(state="running")
    made = [watcher.look()[0]["made"]]
    for step in (3, 4):
        measure(run, step)  # made at second 3, and at second 4
        made.append(watcher.look()[0]["made"])
    assert made == [None, 3.0, 4.0]


def test_a_runs_first_frames_follow_each_other_at_once_and_then_they_come_at_their_rate(
    channel: Channel, run: Run, clock: Clock
) -> None:
    watcher = Watcher(channel)
    begin(run)
    made = 0
    for tick in range(100):  # five seconds
        measure(run, tick)
        made += bool(watcher.look())
        if tick == BURST - 1:
            assert made == BURST
        clock.wait(0.05)
    assert made == pytest.approx(BURST + 5 * 10, abs=1)


def test_frames_put_together_are_the_recording(channel: Channel, run: Run, clock: Clock) -> None:
    watcher = Watcher(channel)
    begin(run)
    for step in range(0, 60, 2):
        measure(run, step, step + 1)
        clock.wait(0.1)
        watcher.look()
    assert watcher.steps("A") == watcher.steps("B") == list(range(60))


def test_numbers_that_are_not_finite_are_null(channel: Channel, run: Run) -> None:
    watcher = Watcher(channel)
    begin(run)
    measure(run, 7)
    columns = watcher.look()[0]["variants"]["A"]["columns"]
    assert columns == {"loss": {"rows": [0], "values": [7.0]}, "grad_norm": {"rows": [0], "values": [[None, None]]}}


def test_a_late_watcher_gets_the_whole_recording_and_then_the_same_deltas(channel: Channel, run: Run, clock: Clock) -> None:
    early = Watcher(channel)
    begin(run)
    for step in range(BURST):
        measure(run, step)
        early.look()
    measure(run, BURST)  # measured, but not in a frame yet
    late = Watcher(channel)
    assert [kinds(late.look()), late.steps()] == [["recording", "status"], [0, 1, 2, 3]]
    clock.wait(0.1)
    assert early.look()[0] == late.look()[0]
    assert early.steps() == late.steps() == [0, 1, 2, 3, 4]


def test_a_watcher_that_fell_behind_the_ring_gets_the_whole_recording(channel: Channel, run: Run, clock: Clock) -> None:
    quick, slow = Watcher(channel), Watcher(channel)
    begin(run)
    for step in range(RING + 10):
        measure(run, step)
        clock.wait(0.1)
        quick.look()
        if step == 0:
            slow.look()
    assert kinds(slow.look()) == ["recording"]
    assert slow.steps() == quick.steps() == list(range(RING + 10))
    assert kinds(quick.messages).count("delta") == RING + 9


def test_a_watcher_that_missed_a_few_frames_gets_just_those(channel: Channel, run: Run, clock: Clock) -> None:
    quick, slow = Watcher(channel), Watcher(channel)
    begin(run)
    for step in range(5):
        measure(run, step)
        clock.wait(0.1)
        quick.look()
        if step == 1:
            slow.look()
    assert kinds(slow.look()) == ["delta", "delta", "delta"]
    assert slow.steps() == [0, 1, 2, 3, 4]


def test_a_number_that_no_frame_ends_at_leads_to_the_whole_recording(channel: Channel, run: Run) -> None:
    begin(run)
    measure(run, 0, 1)
    for stranger in (1, 3, 99):
        texts, place = channel.after(Place(stranger))
        assert [json.loads(texts[0])["type"], place.n] == ["recording", 6]


def test_numbers_mean_the_same_after_everybody_has_left(run: Run, clock: Clock) -> None:
    begin(run)
    measure(run, 0, 1)
    before = Channel(run, START, 10, clock).after(Place())[1]
    measure(run, 2)
    reopened = Channel(run, START, 10, clock)
    texts, place = reopened.after(before)
    assert [json.loads(text)["type"] for text in texts] == ["recording"]
    assert (before.n, place.n) == (6, 8)
    assert reopened.after(place) == ([], place)


def test_200_watchers_share_one_encoding(channel: Channel, run: Run, clock: Clock) -> None:
    begin(run)
    watchers = [Watcher(channel) for _ in range(200)]
    for step in range(10):
        measure(run, step)
        clock.wait(0.1)
        texts = {id(channel.after(watcher.place)[0][0]) for watcher in watchers}
        assert len(texts) == 1
        for watcher in watchers:
            watcher.look()
    assert channel.encoded == 1 + 10  # one whole recording for all who began, one delta a frame
    assert all(watcher.steps() == list(range(10)) for watcher in watchers)


def test_a_watcher_is_woken_once_however_much_happens_before_it_looks(channel: Channel, run: Run, clock: Clock) -> None:
    watcher = Watcher(channel)
    watcher.look()
    begin(run)
    measure(run, *range(50))
    assert watcher.woken == 1
    clock.wait(0.1)
    watcher.look()
    measure(run, 50)
    assert watcher.woken == 2


def test_endings_are_frames_of_their_own_and_come_before_the_status_that_ends_the_run(
    channel: Channel, run: Run, clock: Clock
) -> None:
    watcher = Watcher(channel)
    begin(run)
    measure(run, 0)
    watcher.look()
    clock.wait(0.1)
    for variant in ("A", "B"):
        run.closed(variant, Ending("done", "Done.", 1))
    run.update(state="done", step=1)
    delta, status = watcher.look()
    assert [delta["variants"][variant]["ending"]["state"] for variant in ("A", "B")] == ["done", "done"]
    assert (status["type"], status["state"], status["step"]) == ("status", "done", 1)
    late = Watcher(channel)
    assert late.look()[0]["variants"]["A"]["ending"]["sentence"] == "Done."


def test_a_status_is_sent_when_it_changes_and_only_then(channel: Channel, run: Run, clock: Clock) -> None:
    watcher = Watcher(channel)
    assert kinds(watcher.look()) == ["recording", "status"]
    run.update(place=3)
    clock.wait(0.1)
    (status,) = watcher.look()
    assert (status["state"], status["place"]) == ("queued", 3)
    run.update(place=3)
    clock.wait(0.1)
    assert watcher.look() == []


def test_the_run_counts_its_channel_as_a_watcher_until_the_last_one_leaves(run: Run) -> None:
    channels = Channels(frames_per_second=10)
    channel, leave = channels.join(run, lambda: None)
    other, leave_other = channels.join(run, print)
    assert channel is other
    assert run.watchers == 1
    leave()
    assert run.watchers == 1
    leave_other()
    assert run.watchers == 0
    assert channels.join(run, print)[0] is not channel
