"""Knobs: widgets for settings, with labels, units and ranges from the Experiment itself, bound to the page's link."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, wraps
from typing import Any, Literal, NamedTuple, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnviz import zoo
from cnnviz.engine.experiment import Experiment, ExperimentError, owner, replace, rule
from cnnviz.engine.fields import Rule
from cnnviz.lessons import Lesson, Setup, whose
from cnnviz.lessons.slices import sliced
from cnnviz.plots.numbers import number_text
from cnnviz.plots.theme import variant_colour
from cnnviz.ui import link, memory
from cnnviz.ui.drawn_curve import draw_curve
from cnnviz.ui.link import PageState
from cnnviz.ui.words import words

MANTISSAS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
FRESH = {"steps": 0, "snapshots": 2, "histograms": 0, "evaluations": 0}  # of a run that only looks: what an instant panel shows
Widget = TypeVar("Widget", bound=Callable[..., Any])


def _a_knob_each(widget: Widget) -> Widget:
    """The widget for each knob that the setting has in the preset; the value of the first."""

    @wraps(widget)
    def drawn(knobs: Knobs, name: str, *args: Any, **options: Any) -> Any:
        names = whose.drawn(knobs.lesson, knobs.preset_name, name, knobs.settings())
        value, *_others = [widget(knobs, each, *args, **options) for each in names]
        return value

    return drawn  # type: ignore[return-value]  # of the same signature


class Below(NamedTuple):
    """The places for what a page says besides its stage, a tab each."""

    why: DeltaGenerator
    try_this: DeltaGenerator
    code: DeltaGenerator
    read_more: DeltaGenerator


class Knobs:
    """The controls of one page. Each method draws one widget and returns its value. stage: where the panel belongs; below: what
    follows it, by its tab.

    sliders: those drawn so far that an instant panel follows: by their CSS class the setting, its stops where the browser's
    slider counts them, and its place in the browser's numbers.
    refused: why the controls together ask for what can't be, "" where they do not.
    """

    def __init__(self, lesson: Lesson, names: Sequence[str], stage: DeltaGenerator, below: Below) -> None:
        self.lesson = lesson
        self.stage = stage
        self.below = below
        self._settings = tuple(names)
        self.sliders: dict[str, tuple[str, list[float] | None, float]] = {}
        self._following = False
        self._start()
        self.refused = self._settle()

    def key(self, name: str) -> str:
        return f"{self.lesson.slug}.{name}"

    def value(self, name: str) -> Any:
        """What a control is set to, whether it is drawn or not."""
        return memory.recall(self.key(name))

    def _drawn(self, name: str) -> str:
        """The key of a control's widget, which is to be drawn next and shows what the control is set to."""
        memory.before_drawing(self.key(name))
        return self.key(name)

    def css_class(self, name: str) -> str:
        """What Streamlit makes of a widget's key."""
        return "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", self.key(name))

    @property
    def preset_name(self) -> str:
        return str(self.value("preset"))

    @property
    def names(self) -> tuple[str, ...]:
        """The preset's knobs: one for each setting, and more where its variants differ in one."""
        return whose.knobs(self.lesson, self.preset_name, self._settings)

    def _start(self) -> None:
        """On a session's first run of the page, and after it was left, take the state from the link, else from memory."""
        if memory.is_alive(self.key("preset")):
            return
        kept: PageState | None = st.session_state.get(self.key("kept"))
        params = st.query_params.to_dict()
        state = link.read(params, self.lesson, self._settings) if params or kept is None else kept
        repeated = link.repeated({name: st.query_params.get_all(name) for name in params})
        st.session_state[self.key("dropped")] = (*state.dropped, *repeated)
        self._apply(state)

    def _apply(self, state: PageState) -> None:
        chosen = self.lesson.presets[state.preset]
        remedies = link.preset_remedies(self.lesson, state.preset) if state.remedies is None else state.remedies
        memory.put(self.key("preset"), state.preset)
        memory.put(self.key("with"), list(remedies))
        for name in self.names:
            st.session_state.pop(self.key(f"{name}.wrong"), None)
            memory.put(self.key(name), state.settings.get(name, link.preset_value(chosen, name)))

    def _settle(self) -> str:
        """Take what the controls say into use, or keep to what could be trained before; the sentence where it is so."""
        preset, trainable = self.preset_name, self.key("trainable")
        self._used, self._remedies = self.settings(), tuple(self.value("with"))
        try:
            for made in (self.experiment, self.variants, self.each, self.augmented):
                made()
        except ExperimentError as problem:
            own = {name: link.preset_value(self.lesson.presets[preset], name) for name in self.names}
            start = (preset, own, link.preset_remedies(self.lesson, preset))
            before = st.session_state.get(trainable, start)
            _, self._used, self._remedies = before if before[0] == preset else start
            return self._labelled(str(problem))
        st.session_state[trainable] = (preset, self._used, self._remedies)
        return ""

    def _labelled(self, sentence: str) -> str:
        """A sentence that opens with a setting's name, with the name that stands on the page."""
        name, space, rest = sentence.partition(" ")
        return f"{rule(name).label}{space}{rest}" if name in self.names else sentence

    def _reset(self) -> None:
        st.session_state[self.key("dropped")] = ()
        self._apply(PageState(self.preset_name))

    def set_up(self, setup: Setup) -> None:
        """Set every control to what a task asks for."""
        st.session_state[self.key("dropped")] = ()
        self._apply(PageState(setup.preset or link.first(self.lesson), setup.settings, setup.remedies))

    def is_set_to(self, setup: Setup) -> bool:
        """Whether the controls are set to what a task asks for."""
        name = setup.preset or link.first(self.lesson)
        if name != self.preset_name:
            return False
        chosen = self.lesson.presets[name]
        settings = {knob: setup.settings.get(knob, link.preset_value(chosen, knob)) for knob in self.names}
        remedies = link.preset_remedies(self.lesson, name) if setup.remedies is None else setup.remedies
        return settings == self.settings() and {*remedies} == {*self.value("with")}

    def said(self) -> None:
        """One line on what a link asked for and could not get."""
        dropped = st.session_state.get(self.key("dropped"), ())
        if dropped:
            more = f"; and {len(dropped) - 4} more" if len(dropped) > 4 else ""
            told = plain("; ".join(dropped[:4]))
            st.warning(f"The link was opened without: {told}{more}.", icon=":material/link_off:")

    def preset(self) -> None:
        """The starting points, by title; choosing one sets every knob."""
        titles = {name: preset.title for name, preset in self.lesson.presets.items()}
        st.selectbox(
            "Start from",
            list(titles),
            index=list(titles).index(self.preset_name),
            format_func=lambda name: titles[name],
            key=self._drawn("preset"),
            on_change=self._reset,
            help="Sets every control to a named experiment.",
        )
        chosen = self.lesson.presets[self.preset_name]
        st.caption(chosen.why + (f" *{chosen.source}*" if chosen.source else ""))

    def instant(self) -> None:
        """The sliders drawn from now on belong to the page's instant panel, which must follow these knobs.

        It shows what they lead to while they move, and has this script run once they rest: a script run at the same moment
        would take the browser's time just when the picture is to be drawn.
        """
        self._following = True

    @_a_knob_each
    def slider(self, name: str, low: float | None = None, high: float | None = None, disabled: bool = False) -> Any:
        """A number: linear, or over 1–1.5–2–3–5–7 a decade where its rule is logarithmic. disabled: it decides nothing now."""
        wanted = self._rule(name)
        low, high = wanted.low if low is None else low, wanted.high if high is None else high
        label = f"{wanted.label}, {wanted.unit}" if wanted.unit else wanted.label
        value = self.value(name)
        follows = self._following and name not in FRESH
        moved: Literal["ignore", "rerun"] = "ignore" if follows else "rerun"
        if wanted.log:
            options = self._stops(name, low, high)
            if follows:
                self.sliders[self.css_class(name)] = (self._asked(name), options, options.index(value))
            return st.select_slider(
                label,
                options,
                value=value,
                key=self._drawn(name),
                format_func=_shown(wanted.off),
                help=wanted.help or None,
                on_change=moved,
                disabled=disabled,
            )
        kind = int if wanted.kind == "whole" else float
        low, high = min(low, value), max(high, value)
        step = kind(1) if kind is int else 10.0 ** math.floor(math.log10((high - low) / 50))  # so that its stops are round
        if follows:
            self.sliders[self.css_class(name)] = (self._asked(name), None, value)
        return st.slider(
            label,
            kind(low),
            kind(high),
            kind(value),
            step=step,
            key=self._drawn(name),
            help=wanted.help or None,
            on_change=moved,
            disabled=disabled,
        )

    def _stops(self, name: str, low: float, high: float) -> list[Any]:
        """The slider's stops, with those of the presets, those to try and the link's own, the same all session long."""
        wanted = rule(whose.setting(name))
        place = self.key(f"{name}.stops")
        if place not in st.session_state:
            ladder = [m * 10.0**e for e in range(-9, 7) for m in MANTISSAS if low <= m * 10.0**e <= high]
            presets = [link.preset_value(preset, name) for preset in self.lesson.presets.values()]
            tried = [value for value in self.lesson.tried(name) if low <= value <= high]
            off = [] if wanted.off is None else [wanted.off]
            stops = {*off, *presets, *tried, *(float(f"{stop:.3g}") for stop in ladder)}
            st.session_state[place] = sorted({int(s) for s in stops} if wanted.kind == "whole" else stops)
        known: list[Any] = st.session_state[place]
        value = self.value(name)
        if value not in known:
            st.session_state[place] = known = sorted([*known, value])
        return known

    @_a_knob_each
    def steps(self, name: str, options: Sequence[int]) -> int:
        """A whole number out of a few, with that of the link among them."""
        wanted = self._rule(name)
        label = f"{wanted.label}, {wanted.unit}" if wanted.unit else wanted.label
        value = int(self.value(name))
        known = sorted({*options, value})
        return int(st.select_slider(label, known, value, key=self._drawn(name), help=wanted.help or None))

    @_a_knob_each
    def choice(self, name: str, options: Sequence[str] | None = None) -> str:
        """One of a setting's options."""
        wanted = self._rule(name)
        chosen = list(options or wanted.options)
        value = self.value(name)
        if value not in chosen:
            chosen.append(value)
        return st.selectbox(
            wanted.label, chosen, chosen.index(value), key=self._drawn(name), format_func=words, help=wanted.help or None
        )

    @_a_knob_each
    def switch(self, name: str) -> bool:
        """A setting that is on or off."""
        wanted = self._rule(name)
        return st.toggle(wanted.label, bool(self.value(name)), key=self._drawn(name), help=wanted.help or None)

    def heights(self, name: str) -> None:
        """A setting of several numbers, drawn as a curve from left to right."""
        draw_curve(self.key(name), name, [variant_colour(letter) for letter in self._shown])

    def listed(self, name: str) -> None:
        """A setting of several numbers as a text; where it can't be read it stays, with the reason, and so do the numbers."""
        wanted = rule(name)
        own, wrong = self.key(f"{name}.text"), st.session_state.get(self.key(f"{name}.wrong"))
        if not wrong:
            st.session_state[own] = ", ".join(link.text_of(number) for number in self.value(name))
        st.text_input(f"{wanted.label}, {wanted.unit}", key=own, on_change=self._listed, args=(name,), help=wanted.help or None)
        if wrong:
            st.warning(f"{plain(wrong)} The numbers before stay in use.")

    def _listed(self, name: str) -> None:
        wrong = self.key(f"{name}.wrong")
        try:
            memory.put(self.key(name), link.parsed(name, st.session_state[self.key(f"{name}.text")]))
            st.session_state[wrong] = ""
        except ExperimentError as problem:
            st.session_state[wrong] = str(problem)

    def remedies(self, label: str, names: Sequence[str] | None = None) -> tuple[str, ...]:
        """The lesson's remedies as switches for variant B; names: those that make sense here, with those switched on."""
        table = self.lesson.remedies
        chosen = self.value("with")
        picked = st.pills(
            label,
            [name for name in table if names is None or name in names or name in chosen],
            default=list(chosen),
            selection_mode="multi",
            key=self._drawn("with"),
            format_func=lambda name: table[name].label,
            wrap=True,
        )
        return tuple(name for name in table if name in (picked or []))

    def reset_button(self) -> None:
        st.button("Reset", on_click=self._reset, icon=":material/restart_alt:", help="Back to the starting point's own settings.")

    def settings(self) -> dict[str, Any]:
        """Every knob's value by name."""
        return {name: self.value(name) for name in self.names}

    def trained(self) -> dict[str, Any]:
        """Those of the page's own panel: all but what a slice through the loss surface is about."""
        return {name: value for name, value in self._used.items() if owner(whose.setting(name)) != "surface"}

    def experiment(self) -> Experiment:
        """The preset's variant A with every knob applied."""
        return whose.remedied(self.lesson, self.preset_name, self.trained(), ())["A"]

    def sliced(self, variants: Mapping[str, Experiment]) -> dict[str, Experiment]:
        """The variants with a slice through the loss surface of each, as the knobs for it say."""
        chosen = {name: value for name, value in self._used.items() if owner(whose.setting(name)) == "surface"}
        return {letter: sliced(experiment, **chosen) for letter, experiment in variants.items()}

    def variants(self) -> dict[str, Experiment]:
        """A from the knobs, and B: A with the chosen remedies, where they change anything."""
        return whose.remedied(self.lesson, self.preset_name, self.trained(), self._remedies)

    def augmented(self) -> dict[str, Experiment]:
        """A: the preset's own with every knob applied but those of augmentation; B: the same with those, where one is on."""
        return whose.augmented(self.lesson, self.preset_name, self.trained())

    def each(self, own: Sequence[str] = ()) -> dict[str, Experiment]:
        """Every variant of the preset with its knobs applied: for lessons whose variants differ in more than remedies.

        own: settings in which each variant stays as the preset has it.
        """
        return whose.each(self.lesson, self.preset_name, self.trained(), own)

    @cached_property
    def _shown(self) -> dict[str, Experiment]:
        return whose.variants(self.lesson, self.preset_name, self.trained(), self._remedies)

    def _letters(self, knob: str) -> tuple[str, ...]:
        return whose.letters(self.lesson, self.preset_name, knob, self._remedies)

    def _rule(self, knob: str) -> Rule:
        """A knob's rule, whose label says for which variants it is where it is not for all."""
        ruled = rule(whose.setting(knob))
        moved = whose.moves(knob, self._letters(knob), self._shown)
        return dataclasses.replace(ruled, label=whose.said(ruled.label, moved, self._shown))

    def _asked(self, knob: str) -> str:
        """A knob's setting and the variants that it is for, as an instant panel asks what they lead to."""
        return f"{whose.setting(knob)}.{''.join(self._letters(knob))}"

    def share(self) -> None:
        """Put the page's state into the address bar and into memory."""
        chosen = self.value("with")
        state = PageState(self.preset_name, self.settings(), tuple(name for name in self.lesson.remedies if name in chosen))
        st.session_state[self.key("kept")] = state
        params = link.write(state, self.lesson)
        if link.followed(st.query_params.to_dict()):
            params["follow"] = st.query_params["follow"]
        if params != st.query_params.to_dict():
            st.query_params.from_dict(params)


@contextmanager
def controls(lesson: Lesson, names: Sequence[str]) -> Iterator[Knobs]:
    """The column of the page's controls, for the settings named: what a link could not get and the starting points come first,
    the reset button last. On leaving, the link says what the settings are. `knobs.stage` is the place beside them; below both, or
    beside them on a wide screen, are the tabs `knobs.below`."""
    left, middle, right = st.columns([1, 3, 1], gap="medium")
    below = Below(*right.container(key="below").tabs(["Why", "Try this", "Code", "Read more"]))
    knobs = Knobs(lesson, names, middle.container(key="stage"), below)
    with left.container(key="controls"):
        knobs.said()
        knobs.preset()
        yield knobs
        if knobs.refused:
            st.warning(f"{plain(knobs.refused)} Until that is changed, the page keeps to the last settings that can be trained.")
        knobs.reset_button()
    knobs.share()


def looked_at(variants: Mapping[str, Experiment]) -> dict[str, Experiment]:
    """The variants as an instant panel runs them: looked at, not trained."""
    return {letter: replace(experiment, **FRESH) for letter, experiment in variants.items()}


def describe(variants: Mapping[str, Experiment]) -> dict[str, str]:
    """Each variant in a few words: what it has that the others have not."""
    settings = {letter: experiment.settings() for letter, experiment in variants.items()}
    names = {name for own in settings.values() for name in own}
    differing = [n for n in sorted(names, key=_order) if len({repr(experiment.get(n)) for experiment in variants.values()}) > 1]
    first = next(iter(variants.values()))
    if first.calculation.calculation == "batch_norm":
        differing = ["gamma", "beta", "epsilon"]
    if first.calculation.calculation == "polynomial":
        differing = list(dict.fromkeys(["degree", *differing]))
    if first.calculation.calculation == "timing":
        return {letter: zoo.card(experiment.timing.network).title for letter, experiment in variants.items()}
    if not differing:
        differing = ["activation", "depth", "init"]
    return {letter: ", ".join(filter(None, (_told(n, e, first) for n in differing))) for letter, e in variants.items()}


def _order(name: str) -> tuple[int, str]:
    front = ("activation", "init", "init_scale", "depth", "skip", "norm")
    return (front.index(name) if name in front else len(front), name)


def _told(name: str, experiment: Experiment, first: Experiment) -> str:
    value, wanted = experiment.get(name), rule(name)
    if wanted.kind == "choice":
        if name == "norm":
            return f"{words(value)} norm" if value != "none" else "no norm"
        return f"no {wanted.label.lower()}" if value == "none" else words(value)
    if wanted.kind == "switch":
        return wanted.label.lower() if value else f"no {wanted.label.lower()}"
    if wanted.off is not None and value == wanted.off:
        return f"no {wanted.label[0].lower()}{wanted.label[1:]}" if experiment is first else ""
    return f"{wanted.label[0].lower()}{wanted.label[1:]} {number_text(value)}"


def _shown(off: float | None) -> Any:
    return lambda value: "off" if value == off else number_text(value)


def plain(text: str) -> str:
    """Text from outside, with nothing in it that Markdown would act on."""
    return "".join("\\" + letter if letter in "\\`*_{}[]<>()#+-!|:$~&" else letter for letter in text)
