"""The protocol: what a browser asks and what it is told, without any transport."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from by_hand import VARIANTS, Clock, HandRunner, begin, measure

from cnnviz import limits
from cnnviz.engine.control import OPERATIONS
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.live import conversation as protocol
from cnnviz.live.channel import Channels, Start
from cnnviz.live.conversation import Conversation
from cnnviz.live.offers import Announcement, Offer, Offers
from cnnviz.runners.base import Run

LABELS = {"A": "sigmoid", "B": "ReLU"}


def page_data() -> str:
    return '{"type": "page"}'


class Browser:
    """One end of a conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation

    def say(self, **message: Any) -> list[dict[str, Any]]:
        self.conversation.hear(json.dumps(message))
        return self.hears()

    def hears(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.conversation.news()]


@pytest.fixture
def channels() -> Channels:
    return Channels(frames_per_second=1e6)


@pytest.fixture
def connect(runner: HandRunner, channels: Channels, offers: Offers, clock: Clock) -> Callable[[], Browser]:
    return lambda: Browser(Conversation(runner, channels, 1_000, lambda: None, offers, clock))


@pytest.fixture
def browser(connect: Callable[[], Browser]) -> Browser:
    return connect()


@pytest.fixture
def token(offers: Offers) -> str:
    return offers.make(VARIANTS, "learner", "page", LABELS).token


def only(runner: HandRunner) -> Run:
    (run,) = runner.runs.values()
    return run


def test_start_submits_the_offer_and_shows_its_run(browser: Browser, runner: HandRunner, token: str) -> None:
    introduction, recording, status = browser.say(op="start", offer=token)
    run = only(runner)
    assert (run.variants, run.learner, run.page) == (VARIANTS, "learner", "page")
    assert introduction == {
        "type": "run",
        "run": run.id,
        "page": "page",
        "token": run.token,
        "view": run.view,
        "offer": token.split(".")[1],
        "variants": LABELS,
        "steps": 1_000,
        "lr": 0.1,
        "train_examples": 10_000,
        "operations": list(OPERATIONS),
        "runs": 0,
    }
    assert recording == {"type": "recording", "n": 0, "variants": {}}
    assert (status["type"], status["state"]) == ("status", "queued")


def test_the_numbers_follow_as_they_are_measured(browser: Browser, runner: HandRunner, token: str) -> None:
    browser.say(op="start", offer=token)
    begin(only(runner))
    measure(only(runner), 0, 1)
    (delta,) = browser.hears()
    assert (delta["after"], delta["n"], delta["variants"]["A"]["steps"]) == (0, 6, [0, 1])


@pytest.mark.parametrize("op", ["start", "attend"])
def test_an_offer_that_is_not_known_is_refused(browser: Browser, op: str) -> None:
    assert browser.say(op=op, offer="x.y") == [{"type": "refused", "op": "offer", "sentence": protocol.NO_OFFER}]


def test_two_tabs_with_the_tokens_of_one_run_share_it_and_each_does_without_the_other(
    connect: Callable[[], Browser], runner: HandRunner, run: Run
) -> None:
    first, second = connect(), connect()
    for tab in (first, second):
        tab.say(op="watch", run=run.id, token=run.token)
    begin(run)
    measure(run, 0)
    assert first.hears() == second.hears()
    first.conversation.close()
    measure(run, 1)
    assert [message["variants"]["A"]["steps"] for message in second.hears()] == [[1]]
    assert (second.say(op="pause"), runner.controlled, run.watchers) == ([], [("pause", None)], 1)


def test_a_run_that_the_runner_refuses_is_refused_in_its_words(browser: Browser, runner: HandRunner, token: str) -> None:
    runner.full = True
    (refusal,) = browser.say(op="start", offer=token)
    assert refusal["sentence"] == "100 runs are waiting already; try again in a minute."


def test_the_run_token_watches_and_controls(connect: Callable[[], Browser], runner: HandRunner, run: Run) -> None:
    browser = connect()
    assert browser.say(op="watch", run=run.id, token=run.token)[0]["token"] == run.token
    assert browser.say(op="lr", value=0.3) == []
    assert browser.say(op="pause") == []
    assert runner.controlled == [("lr", 0.3), ("pause", None)]


@pytest.mark.parametrize("op", ["pause", "resume", "step", "cancel"])
def test_the_view_token_watches_only(browser: Browser, runner: HandRunner, run: Run, op: str) -> None:
    assert browser.say(op="watch", run=run.id, token=run.view)[0]["token"] == ""
    assert browser.say(op=op) == [{"type": "error", "op": op, "sentence": protocol.VIEW_ONLY}]
    assert runner.controlled == []


@pytest.mark.parametrize("wrong", ["x", "0" * 32])
def test_a_wrong_token_and_an_unknown_run_are_told_alike(browser: Browser, run: Run, wrong: str) -> None:
    refusal = [{"type": "refused", "op": "watch", "sentence": protocol.NO_RUN}]
    assert browser.say(op="watch", run=run.id, token=wrong) == refusal
    assert browser.say(op="watch", run="nowhere", token=run.token) == refusal
    assert run.watchers == 0


@pytest.mark.parametrize("op", ["pause", "resync"])
def test_without_a_run_there_is_nothing_to_control(browser: Browser, op: str) -> None:
    assert [reply["sentence"] for reply in browser.say(op=op)] == [protocol.NOTHING_WATCHED]


def test_an_ended_run_is_shown_but_takes_no_orders(browser: Browser, runner: HandRunner, run: Run) -> None:
    begin(run)
    measure(run, 0)
    run.update(state="cancelled", sentence="Stopped.")
    assert [message["type"] for message in browser.say(op="watch", run=run.id, token=run.token)] == ["run", "recording", "status"]
    assert browser.say(op="pause")[0]["sentence"] == protocol.ENDED
    assert runner.controlled == []


def test_a_browser_that_comes_back_gets_what_it_missed(connect: Callable[[], Browser], run: Run) -> None:
    stays, leaves = connect(), connect()
    for browser in (stays, leaves):
        browser.say(op="watch", run=run.id, token=run.view)
    begin(run)
    measure(run, 0)
    known = leaves.hears()[0]["n"]
    stays.hears()
    leaves.conversation.close()
    measure(run, 1)
    stays.hears()
    _, delta, _ = connect().say(op="watch", run=run.id, token=run.view, since=known)
    assert (delta["type"], delta["after"], delta["variants"]["A"]["steps"]) == ("delta", known, [1])


def test_resync_without_a_number_gives_the_whole_recording(browser: Browser, run: Run) -> None:
    browser.say(op="watch", run=run.id, token=run.view)
    begin(run)
    measure(run, 0, 1)
    browser.hears()
    recording = browser.say(op="resync")[0]
    assert (recording["type"], recording["variants"]["B"]["steps"]) == ("recording", [0, 1])


def test_a_second_start_leaves_the_first_run(browser: Browser, runner: HandRunner, token: str) -> None:
    browser.say(op="start", offer=token)
    first = only(runner)
    browser.say(op="start", offer=token)
    (second,) = (run for run in runner.runs.values() if run is not first)
    assert (first.watchers, second.watchers) == (0, 1)


def test_whoever_follows_reads_the_starter_s_labels(connect: Callable[[], Browser], channels: Channels, run: Run) -> None:
    channels.begun(run, Start(LABELS, "page.settings"))
    introduction = connect().say(op="watch", run=run.id, token=run.view)[0]
    assert (introduction["variants"], introduction["offer"]) == (LABELS, "settings")


def test_closing_ends_the_watch(browser: Browser, run: Run) -> None:
    browser.say(op="watch", run=run.id, token=run.view)
    assert run.watchers == 1
    browser.conversation.close()
    assert run.watchers == 0


def test_a_flood_is_refused_and_ends_the_conversation(browser: Browser) -> None:
    replies = [reply for _ in range(limits.MESSAGES_AT_ONCE + 1) for reply in browser.say(op="pause")]
    assert [reply["sentence"] for reply in replies[:-1]] == [protocol.NOTHING_WATCHED] * limits.MESSAGES_AT_ONCE
    assert replies[-1] == {"type": "refused", "op": "flood", "sentence": protocol.FLOOD}
    assert browser.conversation.over


def test_messages_at_a_human_pace_are_never_a_flood(browser: Browser, clock: Clock) -> None:
    for _ in range(500):
        clock.wait(0.05)
        browser.say(op="pause")
    assert not browser.conversation.over


def test_replies_that_nobody_reads_do_not_pile_up(browser: Browser, clock: Clock) -> None:
    for _ in range(500):
        clock.wait(0.05)
        browser.conversation.hear('{"op": "pause"}')
    assert len(browser.hears()) == limits.REPLIES


def test_the_same_settings_are_the_same_offer(offers: Offers) -> None:
    first = offers.make(VARIANTS, "learner", "page", LABELS)
    changed = offers.make({"A": VARIANTS["A"]}, "learner", "page", LABELS)
    again = offers.make(VARIANTS, "learner", "page", LABELS)
    assert again.token == first.token != changed.token
    assert (first.number, changed.number, again.number) == (1, 2, 3)
    assert offers.make(VARIANTS, "learner", "page", LABELS) == again


def test_an_older_token_of_a_page_starts_what_the_page_offers_now(offers: Offers) -> None:
    first = offers.make(VARIANTS, "learner", "page", LABELS)
    offers.make({"A": VARIANTS["B"]}, "learner", "page", LABELS)
    found = offers.find(first.token)
    assert found is not None
    assert found.variants == {"A": VARIANTS["B"]}


def test_pages_and_learners_do_not_share_offers(offers: Offers) -> None:
    tokens = {offers.make(VARIANTS, learner, page).token.split(".")[0] for learner in ("x", "y") for page in ("p", "q")}
    assert len(tokens) == 4


def test_offers_are_bounded_and_the_oldest_goes_first() -> None:
    offers = Offers(limit=3)
    tokens = [offers.make(VARIANTS, f"learner {number}", "page").token for number in range(3)]
    offers.make(VARIANTS, "learner 0", "page")  # renewed
    offers.make(VARIANTS, "learner 3", "page")
    assert [offers.find(token) is not None for token in tokens] == [True, False, True]


def test_what_an_attended_page_announces_is_passed_on_and_begun(
    browser: Browser, runner: HandRunner, offers: Offers, token: str
) -> None:
    assert browser.say(op="attend", offer=token) == []
    changed = offers.make({"A": VARIANTS["A"]}, "learner", "page", LABELS)
    offers.announce(Announcement(changed, page_data, run=True))
    page, introduction, *_ = browser.hears()
    assert page == {"type": "page"}
    assert (introduction["run"], introduction["offer"]) == (only(runner).id, changed.token.split(".")[1])
    assert only(runner).variants == {"A": VARIANTS["A"]}


def test_what_is_stored_is_announced_without_a_run(browser: Browser, runner: HandRunner, offers: Offers, token: str) -> None:
    browser.say(op="attend", offer=token)
    offers.announce(Announcement(offers.make(VARIANTS, "learner", "page", LABELS), page_data, run=False))
    assert browser.hears() == [{"type": "page"}]
    assert runner.runs == {}


@pytest.mark.parametrize("place", [("other", "page"), ("learner", "other")])
def test_another_learners_or_pages_announcement_is_not_heard(
    browser: Browser, offers: Offers, token: str, place: tuple[str, str]
) -> None:
    browser.say(op="attend", offer=token)
    offers.announce(Announcement(offers.make(VARIANTS, *place), page_data, run=True))
    assert browser.hears() == []


def test_who_has_left_or_does_not_know_the_page_hears_no_announcement(
    connect: Callable[[], Browser], runner: HandRunner, offers: Offers, token: str
) -> None:
    left, stranger = connect(), connect()
    left.say(op="attend", offer=token)
    left.conversation.close()
    stranger.say(op="attend", offer="no.offer")
    offers.announce(Announcement(offers.make(VARIANTS, "learner", "page"), page_data, run=True))
    assert (left.hears(), stranger.hears(), runner.runs) == ([], [], {})


@pytest.fixture
def lively(offers: Offers) -> Offer:
    """A page that can say what it would offer for other variants."""

    def outlook(variants: Mapping[str, Experiment]) -> Announcement:
        return Announcement(offers.make(variants, "learner", "page", LABELS, outlook), page_data, run=True)

    return offers.make(VARIANTS, "learner", "page", LABELS, outlook)


def test_a_moved_control_is_announced_and_begun_before_the_page_knows(
    browser: Browser, runner: HandRunner, lively: Offer, offers: Offers
) -> None:
    browser.say(op="attend", offer=lively.token)
    page, introduction, *_ = browser.say(op="look", offer=lively.token, name="depth.AB", value=7)
    assert (page["type"], introduction["type"]) == ("page", "run")
    assert only(runner).variants == {letter: replace(it, depth=7) for letter, it in VARIANTS.items()}
    page_itself = offers.make({letter: replace(it, depth=7) for letter, it in VARIANTS.items()}, "learner", "page", LABELS)
    offers.announce(Announcement(page_itself, page_data, run=True))
    assert browser.hears() == []
    assert len(runner.runs) == 1


def test_a_moved_control_leaves_alone_the_variants_that_it_is_not_for(
    browser: Browser, runner: HandRunner, offers: Offers
) -> None:
    def outlook(variants: Mapping[str, Experiment]) -> Announcement:
        return Announcement(offers.make(variants, "learner", "page", LABELS, outlook), page_data, run=True)

    deep = {"A": Experiment.of(depth=2), "B": Experiment.of(depth=5)}
    offer = offers.make(deep, "learner", "page", LABELS, outlook)
    browser.say(op="attend", offer=offer.token)
    browser.say(op="look", offer=offer.token, name="depth.A", value=3)
    assert [it.net.depth for it in only(runner).variants.values()] == [3, 5]


@pytest.mark.parametrize("value", [2, 2.0])
def test_a_control_that_has_not_moved_announces_nothing(
    browser: Browser, runner: HandRunner, lively: Offer, value: float
) -> None:
    browser.say(op="attend", offer=lively.token)
    assert browser.say(op="look", offer=lively.token, name="depth.AB", value=value) == []
    assert runner.runs == {}


def test_where_only_the_script_knows_what_follows_or_the_page_is_forgotten_a_moved_control_waits(
    browser: Browser, runner: HandRunner, token: str
) -> None:
    browser.say(op="attend", offer=token)
    assert browser.say(op="look", offer=token, name="depth.AB", value=7) == []
    assert browser.say(op="look", offer="no.offer", name="depth.AB", value=7) == []
    assert runner.runs == {}
