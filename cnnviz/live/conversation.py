"""The protocol between one browser and the runner, free of any transport: messages in, messages out."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cnnviz.engine.control import offered
from cnnviz.engine.fields import ExperimentError
from cnnviz.limits import MESSAGES_AT_ONCE, MESSAGES_PER_SECOND, REPLIES, WATCHERS
from cnnviz.live.channel import Channel, Channels, Place, Start, encode
from cnnviz.live.messages import MessageError, Request, parse
from cnnviz.live.offers import Announcement, Offers
from cnnviz.live.offers import shared as shared_offers
from cnnviz.runners.base import RefusedError, Run, Runner

NO_OFFER = "The server no longer knows this page's settings. Reload the page, then press Train."
NO_RUN = "This run is not there any more, or the link to it is wrong. Press Train to begin another."
NOTHING_WATCHED = "No run is being shown. Press Train first."
VIEW_ONLY = "This link only lets you watch; whoever started the run controls it."
FULL = f"This run has {WATCHERS:,} watchers, and more are not served. Look at somebody else's screen, or try again later."
ENDED = "This run has ended. Press Train to begin another."
FLOOD = "Too many messages came at once, so this connection is closed. Reload the page."


class Conversation:
    """What one browser asked for and has been sent. Safe from any thread.

    wake: called when `news` has something to give; from any thread, so it must be brief.
    """

    def __init__(
        self,
        runner: Runner,
        channels: Channels,
        message_bytes: int,
        wake: Callable[[], None],
        offers: Offers = shared_offers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runner = runner
        self._channels = channels
        self._message_bytes = message_bytes
        self._wake = wake
        self._offers = offers
        self._clock = clock
        self._lock = threading.RLock()
        self._replies: list[str] = []
        self._channel: Channel | None = None
        self._leave: Callable[[], None] | None = None
        self._absent: Callable[[], None] | None = None
        self._may_control = False
        self._place = Place()
        self._allowance = float(MESSAGES_AT_ONCE)
        self._heard_at = clock()
        self.over = False

    def hear(self, text: str | bytes) -> None:
        """Take in one message from the browser; a faulty one gets a sentence in reply."""
        with self._lock:
            if self.over:
                return
            if not self._allowed():
                self.over = True
                self._reply("refused", "flood", FLOOD)
                return
            try:
                self._carry_out(parse(text, self._message_bytes))
            except MessageError as problem:
                self._reply("error", "", str(problem))

    def news(self) -> list[str]:
        """Everything to send now, in order: replies first, then what is new of the watched run."""
        with self._lock:
            texts, self._replies = self._replies, []
            if self._channel is not None and not self.over:
                frames, self._place = self._channel.after(self._place)
                texts += frames
            return texts

    def due_in(self) -> float | None:
        """Seconds until the watched run may have its next frame; None where nothing is new."""
        with self._lock:
            return self._channel.due_in() if self._channel is not None else None

    def close(self) -> None:
        """The browser is gone: stop watching."""
        with self._lock:
            self.over = True
            self._unwatch()
            self._stop_attending()

    def _allowed(self) -> bool:
        now = self._clock()
        self._allowance = min(MESSAGES_AT_ONCE, self._allowance + (now - self._heard_at) * MESSAGES_PER_SECOND) - 1
        self._heard_at = now
        return self._allowance >= 0

    def _carry_out(self, request: Request) -> None:
        actions = {"attend": self._attend, "look": self._look, "start": self._start, "watch": self._watch, "resync": self._resync}
        actions.get(request.op, self._control)(request)

    def _attend(self, request: Request) -> None:
        """From now on, what the offer's page announces is passed on, and started where it is to run at once: a browser learns
        of it here sooner than from the page."""
        self._stop_attending()
        if self._offers.find(request.offer) is None:
            self._reply("refused", "offer", NO_OFFER)
            return
        self._absent = self._offers.attend(request.offer, partial(self._announced, request))

    def _look(self, request: Request) -> None:
        """A control of the page is being moved: what it will announce once its script has run is announced now."""
        try:
            self._offers.look(request.offer, request.name, request.value)
        except ExperimentError as problem:
            self._reply("refused", "look", str(problem))

    def _announced(self, request: Request, told: Announcement) -> None:
        with self._lock:
            if self.over:
                return
            run = self._begun(request) if told.run else None
            self._say_text(told.message())
            if run is not None:
                self._show(run, may_control=True, since=None)

    def _stop_attending(self) -> None:
        if self._absent is not None:
            self._absent()
            self._absent = None

    def _start(self, request: Request) -> None:
        run = self._begun(request)
        if run is not None:
            self._show(run, may_control=True, since=None)

    def _begun(self, request: Request) -> Run | None:
        """The run of what is offered, or None and a reply that says why there is none."""
        offer = self._offers.find(request.offer)
        if offer is None:
            self._reply("refused", "offer", NO_OFFER)
            return None
        try:
            run = self._runner.submit(offer.variants, offer.learner, offer.page, ("step",) if request.step else ())
        except RefusedError as problem:
            self._reply("refused", "start", str(problem))
            return None
        self._channels.begun(run, Start(offer.labels, offer.token))
        return run

    def _watch(self, request: Request) -> None:
        run = self._runner.find(request.run)
        if run is not None and _same(request.token, run.token):
            self._show(run, may_control=True, since=request.since)
        elif run is not None and _same(request.token, run.view) and self._channels.watchers(run) >= WATCHERS:
            self._reply("refused", "watchers", FULL)
        elif run is not None and _same(request.token, run.view):
            self._show(run, may_control=False, since=request.since)
        else:
            self._reply("refused", "watch", NO_RUN)

    def _resync(self, request: Request) -> None:
        if self._channel is None:
            self._reply("error", "", NOTHING_WATCHED)
            return
        self._place = Place(request.since)
        self._wake()

    def _control(self, request: Request) -> None:
        run = self._channel.run if self._channel is not None else None
        refusal = NOTHING_WATCHED if run is None else VIEW_ONLY if not self._may_control else ENDED if run.ended else ""
        if run is None or refusal:
            self._reply("error", request.op, refusal)
            return
        try:
            run.controls.control(run, request.op, request.value)
        except ValueError as problem:
            self._reply("error", request.op, str(problem))

    def _show(self, run: Run, may_control: bool, since: int | None) -> None:
        earlier = self._leave
        self._channel, self._leave = self._channels.join(run, self._wake)
        if earlier is not None:
            earlier()
        self._may_control = may_control
        self._place = Place(since)
        self._say(_introduction(self._channel, may_control))

    def _unwatch(self) -> None:
        if self._leave is not None:
            self._leave()
        self._channel = self._leave = None

    def _reply(self, type: str, op: str, sentence: str) -> None:
        self._say({"type": type, "op": op, "sentence": sentence})

    def _say(self, message: dict[str, Any]) -> None:
        self._say_text(encode(message))

    def _say_text(self, text: str) -> None:
        self._replies = [*self._replies, text][-REPLIES:]
        self._wake()


def _introduction(channel: Channel, may_control: bool) -> dict[str, Any]:
    run = channel.run
    first = next(iter(run.variants.values()))
    return {
        "type": "run",
        "run": run.id,
        "page": run.page,
        "token": run.token if may_control else "",
        "view": run.view,
        "offer": channel.start.offer.partition(".")[2],
        "variants": dict(channel.start.labels),
        "steps": first.total_steps,
        "lr": first.optimiser.lr,
        "train_examples": first.data.train_examples,
        "operations": offered(first),
        "runs": first.sweep.runs,
    }


def _same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())
