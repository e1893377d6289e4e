"""Timing forward passes: one snapshot a pass, whose numbers follow from the times; nothing else of torch is touched."""

import numpy as np
import pytest
import torch

from cnnviz import zoo
from cnnviz.engine import timing
from cnnviz.engine.experiment import Experiment, ExperimentError, replace
from cnnviz.engine.train import record, record_together, train_together
from cnnviz.engine.words import CALCULATIONS

LENET = Experiment.of(calculation="timing", network="lenet", batch_size=4, steps=6)


def test_each_pass_is_a_snapshot_and_the_first_of_all_counts_for_nothing():
    recording = record(LENET)
    assert recording.steps.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert recording.steps_of("first_pass").tolist() == [0]
    for name in ("pass_time", "median", "low", "high", "gigamacs_per_second", "examples_per_second"):
        assert recording.steps_of(name).tolist() == [1, 2, 3, 4, 5, 6]
    assert recording.layers == ("lenet",)
    assert recording.ending.sentence == "Done: 6 passes timed."
    assert recording.about["dtype"] == "float32"
    assert recording.about["threads"] == torch.get_num_threads()
    assert recording.about["processor"]


def test_median_and_spread_are_those_of_the_passes_so_far_and_rates_follow_from_the_median():
    recording = record(LENET)
    times = sorted(recording.column("pass_time").tolist())
    middle = (times[2] + times[3]) / 2
    assert float(recording.column("median")[-1]) == pytest.approx(middle, rel=1e-5)
    below = sum(time < recording.column("low")[-1] for time in times)
    above = sum(time > recording.column("high")[-1] for time in times)
    assert (below, above) == (2, 2)
    assert float(recording.column("examples_per_second")[-1]) == pytest.approx(4 / middle * 1e3, rel=1e-5)
    macs = sum(row.macs for row in zoo.table("lenet"))
    assert float(recording.column("gigamacs_per_second")[-1]) == pytest.approx(4 * macs / (middle / 1e3) / 1e9, rel=1e-5)


def test_two_networks_take_turns_pass_by_pass():
    variants = {"A": replace(LENET, steps=2), "B": replace(LENET, steps=2, network="capsnet")}
    found = [(name, snapshot.step) for name, snapshot in train_together(variants)]
    assert found == [("A", 0), ("B", 0), ("A", 1), ("B", 1), ("A", 2), ("B", 2)]
    recordings = record_together(variants)
    assert [recording.layers for recording in recordings.values()] == [("lenet",), ("capsnet",)]


def test_what_runs_is_the_network_itself_at_the_size_that_was_asked_for():
    experiment = replace(LENET, network="cifar_resnet20", input_side=48)
    images = timing.images(experiment)
    assert images.shape == (4, 3, 48, 48)
    assert timing.side_of(experiment) == 48
    model = timing.built(experiment)
    assert not model.training
    assert sum(weight.numel() for weight in model.parameters()) == zoo.totals("cifar_resnet20").params
    assert torch.equal(timing.built(experiment)(images), model(images))


def test_without_a_size_it_is_the_papers():
    assert timing.images(replace(LENET, network="c3d", batch_size=1)).shape == (1, 3, 16, 112, 112)
    assert timing.side_of(replace(LENET, network="c3d")) == 112


def test_torchs_own_random_numbers_go_on_as_if_nothing_had_been_timed():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    record(LENET)
    assert torch.equal(torch.rand(3), wanted)


def test_what_is_beyond_the_servers_limits_is_refused_in_a_sentence():
    with pytest.raises(ExperimentError, match="choose fewer passes or examples, or a smaller side"):
        record(replace(LENET, network="vgg16", batch_size=8, steps=100))


def test_it_ends_between_two_passes_where_it_is_cancelled():
    class Cancelling:
        lr = stop_at = None
        rounds = 0

        def poll(self):
            self.rounds += 1
            if self.rounds == 4:
                raise InterruptedError

    found = []
    with pytest.raises(InterruptedError):
        found.extend(snapshot.step for _name, snapshot in train_together({"A": LENET}, Cancelling()))
    assert found == [0, 1, 2]


def test_a_timing_alone_gives_other_numbers_each_time():
    assert not LENET.repeats
    assert all(Experiment.of(calculation=kind, width=8, depth=3).repeats for kind in CALCULATIONS if kind != "timing")


def test_an_unknown_network_is_told_with_a_near_one_and_not_with_all():
    with pytest.raises(ExperimentError) as refused:
        Experiment.of(calculation="timing", network="resnet19")
    count, first = len(zoo.names()), ", ".join(zoo.names()[:3])
    assert str(refused.value).startswith(f"network (='resnet19') must be one of {count}, such as {first}. Did you mean '")


def test_a_processor_has_a_name(tmp_path, monkeypatch):
    listed = tmp_path / "cpuinfo"
    listed.write_text("processor\t: 0\nmodel name\t: A fast one\n", encoding="utf-8")
    monkeypatch.setattr(timing, "PROCESSORS", listed)
    assert timing.processor() == "A fast one"
    monkeypatch.setattr(timing, "PROCESSORS", tmp_path / "nothing")
    assert timing.processor()


def test_numbers_are_finite_and_above_zero():
    recording = record(LENET)
    for name in recording.names:
        numbers = np.asarray(recording.column(name))
        assert np.isfinite(numbers).all()
        assert (numbers > 0).all()
