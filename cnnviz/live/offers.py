"""Offers: what Train would run for the settings on a learner's page, kept ready so that a press needs no script run."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.limits import OFFERS


@dataclass(frozen=True)
class Offer:
    """The comparison that a page's settings ask for. labels: each variant in words. token: names it to its own page only.
    number: of the page's offers so far that differed from the one before. outlook: says what the page would, were it asked for
    other variants; None where only its script can."""

    variants: Mapping[str, Experiment]
    learner: str
    page: str
    labels: Mapping[str, str]
    token: str
    number: int = 1
    outlook: Outlook | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Announcement:
    """What a page tells its browser of an offer. message: writes it, which takes longer than to start what is offered.
    run: whether that is to be done, at once."""

    offer: Offer
    message: Callable[[], str]
    run: bool


Outlook = Callable[[Mapping[str, Experiment]], Announcement]


Told = Callable[[Announcement], None]


@dataclass
class Offers:
    """At most `limit` offers, one for each learner and page; the one that was not renewed for longest goes first.

    A token is the page's unguessable name, a dot, and a digest of the settings: the same settings give the same token.
    """

    limit: int = OFFERS
    _by_place: OrderedDict[tuple[str, str], Offer] = field(default_factory=OrderedDict)
    _places: dict[str, tuple[str, str]] = field(default_factory=dict)
    _attending: defaultdict[tuple[str, str], set[Told]] = field(default_factory=lambda: defaultdict(set))
    _announced: dict[tuple[str, str], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make(
        self,
        variants: Mapping[str, Experiment],
        learner: str,
        page: str,
        labels: Mapping[str, str] | None = None,
        outlook: Outlook | None = None,
    ) -> Offer:
        """Put these variants in the place of the page's earlier offer; the offer, whose token starts them."""
        place = (learner, page)
        with self._lock:
            earlier = self._by_place.get(place)
            name = earlier.token.partition(".")[0] if earlier else secrets.token_urlsafe(18)
            token = f"{name}.{_digest(variants)}"
            words = dict(labels) if labels else {variant: variant for variant in variants}
            number = earlier.number + (earlier.token != token) if earlier else 1
            self._by_place[place] = made = Offer(dict(variants), learner, page, words, token, number, outlook)
            self._by_place.move_to_end(place)
            self._places[name] = place
            while len(self._by_place) > self.limit:
                gone, oldest = self._by_place.popitem(last=False)
                del self._places[oldest.token.partition(".")[0]]
                self._announced.pop(gone, None)
            return made

    def announce(self, told: Announcement) -> None:
        """Tell whoever attends to the offer's page, who passes it on to the browser; each offer once."""
        place = (told.offer.learner, told.offer.page)
        with self._lock:
            known = self._announced.get(place) == told.offer.number
            self._announced[place] = told.offer.number
            calls = [] if known else list(self._attending.get(place, ()))
        for call in calls:
            call(told)

    def look(self, token: str, name: str, value: float | None) -> None:
        """Announce what the page of this token is about to offer: its variants with one more setting changed, in those whose
        letters follow its name ("depth.AB"). Nothing where that is no change, or where only the page knows.

        Raises ExperimentError for a value that the setting can't have.
        """
        offer = self.find(token)
        if offer is None or offer.outlook is None:
            return
        setting, _, letters = name.partition(".")
        variants = {letter: replace(it, **{setting: value}) if letter in letters else it for letter, it in offer.variants.items()}
        if variants != offer.variants:
            self.announce(offer.outlook(variants))

    def attend(self, token: str, call: Told) -> Callable[[], None]:
        """Call `call` (from any thread, so it must be brief) with what the page of this token announces; returns the function
        that ends it."""
        with self._lock:
            place = self._places.get(token.partition(".")[0])
            if place is not None:
                self._attending[place].add(call)

        def leave() -> None:
            with self._lock:
                if place is None:
                    return
                self._attending[place].discard(call)
                if not self._attending[place]:
                    del self._attending[place]

        return leave

    def find(self, token: str) -> Offer | None:
        """What the page of this token offers now, which is newer than the token where its settings have just changed."""
        with self._lock:
            place = self._places.get(token.partition(".")[0])
            return self._by_place[place] if place else None


def _digest(variants: Mapping[str, Experiment]) -> str:
    told = ",".join(f"{variant}={experiment.key()}" for variant, experiment in variants.items())
    return hashlib.sha256(told.encode()).hexdigest()[:12]


shared = Offers()
