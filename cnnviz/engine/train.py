"""Training: experiments go in, snapshots come out while they learn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnviz.engine import (
    calibration,
    clusters,
    compatible,
    confusion,
    domains,
    fit,
    landscape,
    maps,
    margins,
    mc_dropout,
    members,
    modes,
    nets,
    optimisers,
    paths,
    pretraining,
    probes,
    schedules,
    shift,
    shifts,
    signal,
    spectrum,
    units,
    unpooling,
    weights,
)
from cnnviz.engine import device as devices
from cnnviz.engine.again import Again, copies
from cnnviz.engine.augment.batch import Augmenter
from cnnviz.engine.boundary import Map
from cnnviz.engine.calculation import calculated_together
from cnnviz.engine.clipping import clip_gradients, clip_weights
from cnnviz.engine.control import Control, Unattended
from cnnviz.engine.data import check_enough
from cnnviz.engine.distillation import Teacher
from cnnviz.engine.divergence import WINDOW, Diverged, Guard
from cnnviz.engine.evaluation import evaluate, gaps
from cnnviz.engine.examples import Examples, batches, examples
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.lockstep import check_lockstep
from cnnviz.engine.nets import lsuv
from cnnviz.engine.nets.ensemble import learned_from
from cnnviz.engine.objectives import objective_of
from cnnviz.engine.penalties import restrain
from cnnviz.engine.places import places_of
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.engine.stopping import Early
from cnnviz.engine.surface import Slice, sliced_together
from cnnviz.engine.sweep import swept_together
from cnnviz.engine.timetable import Timetable
from cnnviz.engine.watch import Seen, Watch
from cnnviz.settings import settings

OnBegin = Callable[[str, Recording], None]
OnEnd = Callable[[str, Ending], None]


def train(experiment: Experiment, control: Control | None = None) -> Iterator[Snapshot]:
    """Train, yielding what is measured on the way; the last snapshot is the trained net's, unless it diverged before."""
    for _variant, snapshot in train_together({"A": experiment}, control):
        yield snapshot


def record(experiment: Experiment) -> Recording:
    """Train to the end; all that was measured, with how it ended."""
    return record_together({"A": experiment})["A"]


def record_together(variants: Mapping[str, Experiment]) -> dict[str, Recording]:
    """Train the variants in lockstep to the end; a recording for each."""
    recordings: dict[str, Recording] = {}

    def end(variant: str, ending: Ending) -> None:
        recordings[variant].ending = ending

    for variant, snapshot in train_together(variants, on_begin=recordings.__setitem__, on_end=end):
        recordings[variant].append(snapshot)
    return recordings


def train_together(
    variants: Mapping[str, Experiment],
    control: Control | None = None,
    on_begin: OnBegin | None = None,
    on_end: OnEnd | None = None,
    memory: pretraining.Memory | None = None,
) -> Iterator[tuple[str, Snapshot]]:
    """Train the variants in lockstep, one step each a round, on the same batches; yields (variant, snapshot).

    Where they are pre-trained, the first `pretraining_steps` rounds are that; a variant without it waits for the others.
    Sweeps give a snapshot after each of their runs; a slice through the loss surface follows once the nets are trained.

    on_begin gets each variant's empty recording before its first snapshot, on_end how it ended after its last: "done", or
    "diverged" while the others go on. memory: nets that were pre-trained before, and the place for those of this run.
    Raises ExperimentError where the variants differ in what lockstep shares.
    """
    first = check_lockstep(variants)
    if first.calculation.calculation == "none":
        for cell in chain.from_iterable(experiment.cells() for experiment in variants.values()):
            compatible.check(cell)
    control = control or Unattended()
    device = devices.choose(settings.device)
    if first.calculation.calculation != "none":
        yield from calculated_together(variants, control, devices.about(device), on_begin, on_end)
        return
    if first.is_sweep:
        for experiment in variants.values():
            pretraining.check_sets(experiment, device)
        shared = pretraining.Memory()
        train_cell = partial(train_together, memory=shared)
        yield from swept_together(variants, train_cell, control, devices.about(device), on_begin, on_end)
        return
    found = {name: examples(experiment, device) for name, experiment in variants.items()}
    tasks = {name: pretraining.task_of(found[name], experiment) for name, experiment in variants.items()}
    if first.surface.surface:
        check_enough(
            "surface_examples", first.surface.surface_examples, len(tasks[next(iter(tasks))].train_labels), "the training set"
        )
    learners = {name: Learner(experiment, tasks[name], device, found[name], memory) for name, experiment in variants.items()}
    for name, learner in learners.items():
        if on_begin:
            on_begin(name, learner.recording())
    orders = {
        _source(experiment): batches(learned_from(tasks[name], experiment), first.batch_size, first.seed)
        for name, experiment in variants.items()
    }
    for step in count():
        control.poll()
        asked = first.updates if control.stop_at is None else control.stop_at
        last = step >= min(first.updates, asked)
        before = step < first.pretraining.pretraining_steps
        met = {} if before else {source: next(order) for source, order in orders.items()}
        for name, learner in list(learners.items()):
            try:
                learner.looked_at = control.looking
                snapshot = (
                    learner.prepare(step) if before else learner.round(step, *met[_source(learner.experiment)], control.lr, last)
                )
            except Diverged as result:
                del learners[name]
                if on_end:
                    on_end(name, result.ending)
                continue
            if snapshot:
                yield name, snapshot
            if learner.ending:
                del learners[name]
                if on_end:
                    on_end(name, learner.ending)
        if last or not learners:
            break
    seen = max((learner.examples_before(step) for learner in learners.values()), default=0)
    done = f"Done: {step:,} steps, {seen:,} examples"
    if first.surface.surface and learners and step == first.updates and not _stops_at(control, step):
        slices = {name: Slice.of(it.net, first.surface, tasks[name], it.objective) for name, it in learners.items()}
        step = yield from sliced_together(slices, control, step)
        done += f", then {step - first.updates:,} points of the loss surface"
    for name in learners:
        if on_end:
            on_end(name, Ending("done", f"{done}.", step))


def _source(experiment: Experiment) -> tuple[str, int]:
    """What tells batches apart that variants draw at the same places: how images are coloured, how many samples are drawn."""
    return experiment.data.domain, experiment.net.members if experiment.net.net == "ensemble" else 0


def _stops_at(control: Control, step: int) -> bool:
    return control.stop_at is not None and control.stop_at <= step


class Learner:
    """One variant while it learns: net, optimiser, and what has been timed.

    looked_at: whether somebody looks at the next round by itself, which then is measured in full.
    """

    def __init__(
        self,
        experiment: Experiment,
        found: Examples,
        device: torch.device,
        unlabelled: Examples | None = None,
        memory: pretraining.Memory | None = None,
    ) -> None:
        devices.repeatable(device)
        self.experiment = experiment
        self.objective = objective_of(experiment)
        self.device = device
        self.found = found
        self.augmenter = Augmenter(experiment, found)
        self.everything = unlabelled or found
        generator = torch.Generator().manual_seed(experiment.seed)
        self.net = nets.build(experiment.net, found.input_shape, found.classes, generator, experiment.dropout).to(device)
        self.tuning = self._tuned()
        self.parameters = list(self.net.parameters())
        self.weights = [parameter for parameter in self.parameters if parameter.ndim > 1]
        self.optimiser = optimisers.build(self.net, experiment.optimiser)
        self.watch = Watch(self.net)
        self.first = experiment.pretraining.pretraining_steps
        self.timetable = Timetable.of(experiment.measure, experiment.steps).after(experiment.measure, self.first)
        self.fresh = next(iter(self.parameters)).detach().clone()
        self.memory = memory
        self.remembered = memory.find(experiment) if memory else None
        self.teacher = Teacher(experiment, self.everything, device) if experiment.distillation.teacher else None
        self.prepared = self.teacher.net if self.teacher else self.net
        self.pretraining = self.teacher.losses() if self.teacher else pretraining.losses(self.net, self.everything, experiment)
        self.inputs = shift.Inputs()
        self.map = Map(found) if experiment.measure.boundary else None
        clipped = bool(experiment.clipping.clip_norm or experiment.clipping.clip_value)
        self.guard = Guard(self.watch.layers, 1 if device.type == "cpu" else WINDOW, clipped, self.first)
        given, held = experiment.stopping, (found.validation_inputs, found.validation_labels)
        self.early = Early(self.net, *held, self.objective.plain, given.patience, given.look_every) if given.patience else None
        self.ending: Ending | None = None
        self.seconds = 0.0
        self.looked_at = False

    def recording(self) -> Recording:
        """An empty recording that says what is measured, and where."""
        about = devices.about(self.device) | {
            "dtype": str(self.parameters[0].dtype).removeprefix("torch."),
            "params": sum(parameter.numel() for parameter in self.parameters),
            "layers": len(self.watch.layers),
            "activation": self.experiment.net.activation,
            "log_grad_range": list(probes.LOG_RANGE),
        }
        more: dict[str, Any] = {"lsuv": self.tuning} if self.tuning else {}
        if places := places_of(self.experiment, self.found, self.everything):
            more["places"] = places
        return Recording(self.experiment, tuple(self.watch.layers), about | more)

    def _tuned(self) -> lsuv.Tuning:
        """LSUV looks at the batch that step 0 will train on; other initialisations need no data."""
        if self.experiment.net.init != "lsuv":
            return []
        inputs, _labels = next(batches(self.found, self.experiment.batch_size, self.experiment.seed))
        return lsuv.tune(self.net, inputs)

    def prepare(self, step: int) -> Snapshot | None:
        """One update of pre-training; the snapshot of the state before it where one is due and there is something to tell."""
        last = step == self.first - 1
        if self.remembered is not None:
            if last:
                self.prepared.load_state_dict(self.remembered)
            return None
        pictures, due = self._pictured(step, last=False), step in self.timetable.snapshots
        looked = self._drawn() if self.looked_at and not pictures else {}
        seconds, began = self.seconds, self._now() if due or self.looked_at else time.perf_counter()
        loss = next(self.pretraining, None)
        self.seconds += time.perf_counter() - began
        if last and self.memory:
            self.memory.keep(self.experiment, self.prepared)
        if loss is None or not (due or self.looked_at):
            return None
        columns = probes.to_numpy({"pretraining_loss": loss, **pictures, **looked})
        columns |= self._clock(phase=0, seconds=seconds, examples=self.examples_before(step))
        return Snapshot(step, columns, frozenset(looked if due else columns))

    def _pictured(self, step: int, last: bool) -> dict[str, Tensor]:
        """Layer 1's weights as images, where they are due."""
        return self._drawn() if self._detailed(step, last) else {}

    def _drawn(self) -> dict[str, Tensor]:
        """Layer 1's weights as images, where they are wanted at all."""
        if not ((count := self.experiment.measure.filters) and self.timetable.histograms):
            return {}
        return probes.first_filters(next(iter(self.watch.layers.values())), self.fresh, self.found.input_shape, count)

    def _clock(self, **numbers: float) -> dict[str, NDArray[np.float32]]:
        told = {name: number for name, number in numbers.items() if name != "phase" or self.first}
        return {name: np.array(number, dtype=np.float32) for name, number in told.items()}

    def round(self, step: int, inputs: Tensor, labels: Tensor, lr: float | None, last: bool) -> Snapshot | None:
        """One update on a batch; the snapshot of the state before it where one is due. The last round measures only.

        labels: (N,), or targets (N, classes) or (N, outputs), as the objective takes them. lr: the base rate in place of the
        experiment's. Raises Diverged.
        """
        rate = self._rate(step, lr)
        if self.early and self.early.enough(step, last):
            self.ending, last = Ending("done", self._stopped(step, last), step), True
        began = time.perf_counter()
        inputs, targets = self.augmenter(step - self.first, inputs, labels)
        if self.teacher is not None:
            targets = self.teacher(inputs, targets)
        if last or self.looked_at or step in self.timetable.snapshots:
            return self._measured_round(step, inputs, targets, rate, last)
        loss = self.objective.loss(self.net(inputs), targets)
        self.guard.loss(step, loss)
        self._drop_gradients()
        loss.backward()
        self.guard.gradients(step)
        self._update(rate)
        self.seconds += time.perf_counter() - began
        return None

    def _measured_round(self, step: int, inputs: Tensor, targets: Tensor, rate: float, last: bool) -> Snapshot:
        seconds, due = self.seconds, last or step in self.timetable.snapshots
        measure, detailed = self.experiment.measure, step in self.timetable.histograms
        again = Again(self.net, self.objective, inputs, targets) if measure.shift or measure.landscape else None
        self.watch.ranged = measure.units and (detailed or last or self.looked_at)
        began = self._now()
        with self.watch:
            logits = self.net(inputs)
            loss = self.objective.loss(logits, targets)
            self.guard.loss(step, loss, look=True)
            self._drop_gradients()
            loss.backward()
        self.guard.gradients(step)
        self.seconds += self._now() - began
        seen = self.watch.seen(logits, self.objective.labels(targets), loss)
        columns = probes.measured(self._probes(self._detailed(step, last), last or step == 0), seen)
        columns |= self._evaluated(step, last) | self._pictured(step, last)
        if measure.shift:
            columns |= self.inputs.measured(seen, due)
        looked = {name: value for name, value in self._full(seen).items() if name not in columns} if self.looked_at else {}
        if again and measure.landscape and detailed and not last:
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
            columns |= landscape.along_the_step(again, gradients, rate)
        if not last:
            fresh = copies(self.parameters) if measure.shift and detailed else []
            began = self._now()
            self._update(rate)
            self.seconds += self._now() - began
            columns |= probes.measured([probes.UPDATE], seen)
            if again and fresh:
                columns |= shift.gradient_shift(again, self.watch.layers, fresh)
        values = self._clock(lr=rate, examples=self.examples_before(step), seconds=seconds, phase=1)
        values |= probes.to_numpy(columns | looked)
        return Snapshot(step, values, frozenset(looked if due else values))

    def examples_before(self, step: int) -> int:
        """How many examples it has learned from before a step, each as often as it was met."""
        before, batch = min(step, self.first), self.experiment.batch_size
        return before * batch + (step - before) * min(batch, len(self.found.train_labels))

    def _rate(self, step: int, lr: float | None) -> float:
        base = self.experiment.optimiser.lr if lr is None else lr
        return base * schedules.factor(step - self.first, self.experiment.steps, self.experiment.schedule)

    def _stopped(self, step: int, last: bool) -> str:
        """How early stopping ended the run, in two sentences."""
        assert self.early
        held = f"{len(self.early.labels):,} held-out examples"
        why = f"Done: {step:,} steps." if last else f"Stopped at step {step:,}: {self.early.waited} looks without a new best."
        return f"{why} The weights of step {self.early.best_step:,}, the best on the {held}, are put back."

    def _drop_gradients(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def _update(self, rate: float) -> None:
        clip_gradients(self.parameters, self.experiment.clipping)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        restrain(self.weights, rate, self.experiment.penalty)
        clip_weights(self.weights, self.experiment.clipping)

    def _detailed(self, step: int, last: bool) -> bool:
        """Whether histograms, and what is as large, are due."""
        return step in self.timetable.histograms or (last and bool(self.timetable.histograms))

    def _full(self, seen: Seen) -> dict[str, Tensor]:
        """All that may be measured of a pass and of the net before its update, where the experiment has it measured at all."""
        columns = probes.measured(self._probes(bool(self.timetable.histograms), edge=True), seen) | self._drawn()
        return columns | (self._evaluation() if self.timetable.evaluations else {})

    def _probes(self, all_of_them: bool, edge: bool) -> list[Mapping[str, probes.Statistic]]:
        """edge: whether the round is the first or the last one."""
        asked = [probes.UNIT] if self.experiment.measure.units and all_of_them else []
        asked += [maps.MAPS] if self.experiment.measure.maps and all_of_them else []
        asked += [paths.PATHS] if self.experiment.measure.paths and all_of_them else []
        if self.experiment.measure.signal:
            asked += [signal.SIGNAL, signal.PICTURE] if all_of_them or edge else [signal.SIGNAL]
        asked += [margins.MARGIN] if self.experiment.measure.confidence else []
        asked += [spectrum.SPECTRUM] if self.experiment.measure.spectrum else []
        asked += [weights.WEIGHTS] if self.experiment.measure.weights else []
        return [probes.SNAPSHOT, probes.HISTOGRAM, *asked] if all_of_them else [probes.SNAPSHOT, *asked]

    def _evaluated(self, step: int, last: bool) -> dict[str, Tensor]:
        due = step in self.timetable.evaluations or (last and self.timetable.evaluations)
        return self._evaluation() if due else {}

    def _evaluation(self) -> dict[str, Tensor]:
        tested = self.found.test_inputs, self.found.test_labels
        columns = evaluate(self.net, *tested, self.objective)
        columns |= members.alone(self.net, *tested, self.objective)
        columns |= members.experts_in_use(self.net, self.found.train_inputs)
        if self.experiment.measure.training_set:
            columns |= evaluate(self.net, self.found.train_inputs, self.found.train_labels, self.objective, "train")
            columns |= gaps(columns)
        if self.experiment.stopping.validation:
            held = self.found.validation_inputs, self.found.validation_labels
            columns |= evaluate(self.net, *held, self.objective, "validation")
        if self.early:
            columns |= {name: torch.tensor([value], device=self.device) for name, value in self.early.told().items()}
        if self.experiment.measure.passes:
            columns |= mc_dropout.spread(self.net, self.found, self.everything, self.experiment.measure.passes)
        if self.map:
            columns |= self.map.measured(self.net)
        if self.experiment.measure.modes:
            columns |= modes.modes(self.net, *tested, self.experiment.batch_size, self.objective)
        if self.experiment.measure.confidence:
            columns |= calibration.calibrated(self.net, *tested, self.experiment.targets)
        if self.experiment.measure.confusion:
            columns |= confusion.confused(self.net, *tested)
        if self.teacher is not None:
            columns |= self.teacher.columns(*tested)
        if self.experiment.measure.clusters:
            columns |= clusters.clustered(self.net, self.found)
        if self.experiment.measure.units:
            columns |= units.dead_units(self.net, self.found.test_inputs)
        if self.experiment.measure.shifts:
            columns |= shifts.by_shift(self.net, *tested)
        if self.experiment.measure.unpooling:
            columns |= unpooling.rebuilt(self.net, self.found.test_inputs)
        if self.experiment.measure.domains:
            columns |= domains.by_domain(self.net, self.experiment.data, self.experiment.seed, self.device)
        if self.experiment.data.dataset == "curve":
            columns |= fit.fitted(self.net, self.experiment.data, self.device)
        return columns

    def _now(self) -> float:
        devices.wait_for(self.device)
        return time.perf_counter()
