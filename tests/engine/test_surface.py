"""Loss surfaces: exact on a bowl whose shape is known, filter-normalised, and the trained net as it was before."""

import math

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, Recording, record, record_together, replace, train_together
from cnnviz.engine import nets, words
from cnnviz.engine import train as training
from cnnviz.engine.examples import examples
from cnnviz.engine.experiment import Surface
from cnnviz.engine.objectives import OBJECTIVES
from cnnviz.engine.surface import Slice, curvature, directions, evaluated, few, places, sliced_together, width
from cnnviz.settings import Settings

BASE = Experiment.of(
    dataset="digits", train_examples=200, test_examples=60, depth=3, width=8, batch_size=20, steps=15, lr=0.1, norm="batch",
    surface=True, surface_points=3, surface_examples=100,
)  # fmt: skip
LINE = replace(BASE, surface_slice="line")


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(training, "settings", Settings(device="cpu"))


# A bowl: ½ (w − c)ᵀ H (w − c) over the weights of one layer


class Bowl:
    """A net of one layer, four filters of three weights, under a loss with a known Hessian."""

    def __init__(self, settings):
        random = torch.Generator().manual_seed(5)
        self.net = torch.nn.Linear(3, 4).double()
        root = torch.randn(12, 12, generator=random, dtype=torch.float64)
        self.hessian = root @ root.T
        self.lowest = self.weights().clone() - 0.1
        self.settings = settings
        self.slice = Slice(self.net, settings, self.measure)

    def weights(self):
        return self.net.weight.detach().flatten()

    def measure(self):
        off = self.weights() - self.lowest
        return {"loss": 0.5 * off @ self.hessian @ off}

    def filled(self):
        for place in places(self.settings):
            self.slice.measure(place)
        self.slice.restore()
        return self.slice.columns()

    def along(self):
        return [direction[0].flatten() for direction in directions([self.net.weight.detach()], self.settings)]


@pytest.fixture
def bowl():
    return Bowl(Surface(surface=True, surface_points=4, surface_reach=0.5))


def test_a_plane_through_a_bowl_has_the_bowls_own_heights(bowl):
    columns, (d, e) = bowl.filled(), bowl.along()
    at = columns["surface_at"][0].astype(float)
    for row, b in enumerate(at):
        for column, a in enumerate(at):
            off = bowl.weights() + a * d + b * e - bowl.lowest
            assert columns["surface_plane"][row, column] == pytest.approx(float(0.5 * off @ bowl.hessian @ off), rel=1e-5)
    assert columns["surface_loss"][0].tolist() == columns["surface_plane"][4].tolist()


def test_the_curvature_of_a_bowl_is_its_hessian_along_the_direction(bowl):
    columns = bowl.filled()
    for number, d in enumerate(bowl.along(), start=1):
        assert float(columns[f"surface_curvature_{number}"]) == pytest.approx(float(d @ bowl.hessian @ d), rel=1e-3)


def test_the_net_is_moved_and_put_back_to_the_last_bit(bowl):
    before = {name: value.clone() for name, value in bowl.net.state_dict().items()}
    bowl.slice.measure((0, 0))
    assert not torch.equal(bowl.net.weight, before["weight"])
    assert torch.equal(bowl.net.bias, before["bias"])
    bowl.slice.restore()
    assert all(torch.equal(value, before[name]) for name, value in bowl.net.state_dict().items())


# Directions


@pytest.mark.parametrize(
    ("net", "norm"), [(net, norm) for net in ("mlp", "cnn") for norm in words.NORMS if (net, norm) != ("mlp", "instance")]
)
def test_each_filter_of_a_direction_has_the_norm_of_the_nets_own_and_the_rest_stays(net, norm):
    built = nets.build(replace(BASE, net=net, norm=norm).net, (1, 8, 8), 10, torch.Generator().manual_seed(0))
    before = {name: value.detach().clone() for name, value in built.named_parameters()}
    cut = Slice(built, replace(BASE, surface_slice="line").surface, lambda: {"loss": torch.tensor(0.0)})
    cut.measure((0, 6))
    for name, value in built.named_parameters():
        moved = (value.detach() - before[name]).flatten(1) if value.ndim > 1 else (value.detach() - before[name])[None]
        own = before[name].flatten(1) if value.ndim > 1 else torch.zeros_like(moved)
        assert moved.norm(dim=1).tolist() == pytest.approx(own.norm(dim=1).tolist(), rel=1e-4, abs=1e-6)


def test_directions_are_their_seeds_alone_and_two_of_them_nearly_at_right_angles():
    weights = [torch.randn(40, 50, generator=torch.Generator().manual_seed(0))]

    def drawn(seed):
        return [d[0].flatten() for d in directions(weights, Surface(surface=True, surface_seed=seed))]

    (d, e), (again, _), (other, _) = drawn(1), drawn(1), drawn(2)
    assert torch.equal(d, again)
    assert not torch.equal(d, other)
    assert abs(float(torch.cosine_similarity(d, e, dim=0))) < 0.1
    (line,) = directions(weights, Surface(surface=True, surface_slice="line", surface_seed=1))
    assert torch.equal(line[0].flatten(), d)


def test_a_filter_of_zeros_stays_where_it_is():
    (direction,) = directions([torch.zeros(3, 4)], Surface(surface=True, surface_slice="line"))
    assert torch.equal(direction[0], torch.zeros(3, 4))


# What is evaluated


def trained():
    """A net with batch norm after some passes, and its data."""
    found = examples(BASE, torch.device("cpu"))
    net = nets.build(BASE.net, found.input_shape, 10, torch.Generator().manual_seed(0))
    for start in range(0, 200, 50):
        net(found.train_inputs[start : start + 50] * 2)
    return net, found.train_inputs, found.train_labels


@pytest.mark.parametrize("statistics", words.STATISTICS)
def test_the_loss_is_that_of_torchs_own_modes(statistics):
    net, inputs, labels = trained()
    told = evaluated(net, inputs, labels, OBJECTIVES["classify"], statistics)
    assert net.training
    net.train(statistics == "batch")
    logits = net(inputs).detach()
    assert float(told["loss"]) == pytest.approx(float(torch.nn.functional.cross_entropy(logits, labels)), rel=1e-5)
    assert float(told["accuracy"]) == pytest.approx(float((logits.argmax(1) == labels).float().mean()))


def test_the_two_modes_of_batch_norm_differ_and_without_it_they_do_not():
    net, inputs, labels = trained()
    plain = nets.build(replace(BASE, norm="layer").net, inputs.shape[1:], 10, torch.Generator().manual_seed(0))

    def losses(of):
        return {float(evaluated(of, inputs, labels, OBJECTIVES["classify"], mode)["loss"]) for mode in words.STATISTICS}

    assert (len(losses(net)), len(losses(plain))) == (2, 1)


def test_a_loss_beyond_float32_is_infinite_and_what_is_not_measured_is_not_a_number():
    cut = Slice(torch.nn.Linear(2, 2), Surface(surface=True, surface_points=1), lambda: {"loss": torch.tensor(math.nan)})
    cut.measure((1, 1))
    plane = cut.columns()["surface_plane"]
    assert np.isinf(plane[1, 1])
    assert np.isnan(plane).sum() == 8


# Numbers that sum up


AT = np.linspace(-1, 1, 5, dtype=np.float32)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ([3, 2, 1, 2, 3], 1.0),
        ([9, 3, 1, 3, 9], 0.5),
        ([1, 1, 1, 1, 1], 2.0),
        ([1, 1, 1, 3, 9], 1.25),
        ([np.nan, 9, 1, 9, np.nan], 0.125),
        ([np.nan, 1, 1, 9, 9], np.nan),
    ],
)
def test_the_width_is_where_the_loss_has_doubled(line, expected):
    assert width(AT, np.array(line, np.float32)) == pytest.approx(expected, nan_ok=True)


def test_the_curvature_is_the_second_difference():
    assert curvature(AT, 3 * AT**2 + 2 * AT + 1) == pytest.approx(6, rel=1e-5)


def test_the_share_that_beats_guessing_is_counted_over_the_points_so_far():
    losses = iter([0.1, 5.0, 0.2, 0.3])
    cut = Slice(
        torch.nn.Linear(2, 2), Surface(surface=True, surface_points=1), lambda: {"loss": torch.tensor(next(losses))}, guessing=2.3
    )
    for place in ((1, 0), (1, 1), (1, 2), (0, 0)):
        cut.measure(place)
    assert float(cut.columns()["surface_better"]) == 0.75


# As an experiment


def test_the_training_before_it_is_that_of_an_experiment_without_it():
    alone, cut = record(replace(BASE, surface=False)), record(BASE)
    for name in ("loss", "test_loss", "weight_norm"):
        assert np.array_equal(alone.column(name), cut.column(name))


def test_its_points_are_counted_after_the_updates():
    recording = record(LINE)
    assert (LINE.updates, LINE.total_steps, BASE.total_steps) == (15, 22, 15 + 49)
    assert recording.steps_of("surface_loss").tolist() == [16, 17, 18, 19, 20, 21, 22]
    assert record(BASE).steps_of("surface_plane").tolist() == [22, 29, 36, 43, 50, 57, 64]
    assert recording.ending.sentence == "Done: 15 steps, 300 examples, then 7 points of the loss surface."


def test_the_centre_is_the_trained_net():
    recording = record(replace(LINE, norm="none"))
    assert recording.column("surface_test_loss")[-1][0, 3] == pytest.approx(float(recording.column("test_loss")[-1]), rel=1e-5)
    assert recording.column("surface_test_accuracy")[-1][0, 3] == recording.column("test_accuracy")[-1]


def test_a_line_grows_from_its_middle_and_a_plane_from_its_middle_row():
    line = ~np.isnan(record(LINE).column("surface_loss")[:, 0])
    assert line[0].tolist() == [False, False, False, True, False, False, False]
    assert line[2].tolist() == [False, False, True, True, True, False, False]
    plane = ~np.isnan(record(BASE).column("surface_plane"))
    assert [rows.nonzero()[0].tolist() for rows in plane[:3].all(2)] == [[3], [2, 3], [2, 3, 4]]
    assert plane[-1].all()


def test_variants_are_sliced_as_they_would_be_alone():
    variants = {"A": LINE, "B": replace(LINE, norm="none")}
    for name, recording in record_together(variants).items():
        alone = record(variants[name]).column("surface_loss")
        assert np.array_equal(recording.column("surface_loss"), alone, equal_nan=True)


@pytest.mark.parametrize("statistics", words.STATISTICS)
def test_slicing_leaves_parameters_running_statistics_and_random_state_alone(statistics):
    net, *_ = trained()
    cut = Slice.of(
        net, replace(LINE, surface_statistics=statistics).surface, examples(BASE, torch.device("cpu")), OBJECTIVES["classify"]
    )
    before, state = {name: value.clone() for name, value in net.state_dict().items()}, torch.get_rng_state()
    list(sliced_together({"A": cut}, training.Unattended(), 0))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


class Watcher:
    """Ends the run at a step, or cancels it in a round."""

    lr = None
    looking = False

    def __init__(self, stop_at=None, cancel_in=None):
        self.stop_at, self.cancel_in = stop_at, cancel_in
        self.rounds = 0

    def poll(self):
        if self.rounds == self.cancel_in:
            raise InterruptedError
        self.rounds += 1


@pytest.mark.parametrize(("stop_at", "last", "points"), [(18, 18, 3), (15, 15, 0), (7, 7, 0)])
def test_it_stops_where_it_is_asked_to(stop_at, last, points):
    *_, (_, snapshot) = train_together({"A": LINE}, Watcher(stop_at))
    assert snapshot.step == last
    assert np.isfinite(snapshot.values.get("surface_loss", np.array([]))).sum() == points


def test_it_can_be_cancelled_between_two_points_and_asks_once_for_each():
    watcher = Watcher(cancel_in=18)
    seen = []
    with pytest.raises(InterruptedError):
        seen.extend(train_together({"A": LINE}, watcher))
    assert seen[-1][1].step == 18
    through = Watcher()
    list(train_together({"A": LINE}, through))
    assert through.rounds == LINE.total_steps


def test_a_large_plane_is_told_some_rows_at_a_time():
    cut = Slice(torch.nn.Linear(2, 2), Surface(surface=True, surface_points=13), lambda: {"loss": torch.tensor(1.0)})
    steps = [snapshot.step for _name, snapshot in sliced_together({"A": cut}, training.Unattended(), 0)]
    assert steps == [*range(54, 27 * 27, 54), 27 * 27]


def test_a_variant_that_diverged_has_no_slice():
    wild = replace(LINE, norm="none", activation="linear", depth=12, lr=50.0, steps=30)
    found = record_together({"A": wild, "B": replace(LINE, steps=30)})
    assert found["A"].ending.state == "diverged"
    assert "surface_loss" not in found["A"].names
    assert found["B"].steps[-1] == 37


def test_a_fitted_curve_has_a_surface_without_guessing():
    curve = replace(LINE, dataset="curve", norm="none", train_examples=100)
    recording = record(curve)
    assert np.isfinite(recording.column("surface_largest_error")[-1]).all()
    assert np.isnan(recording.column("surface_better")).all()


def test_a_few_of_a_curves_points_are_spread_over_all_of_it():
    curve = examples(replace(LINE, dataset="curve", norm="none", train_examples=100), torch.device("cpu"))
    inputs, targets = few(curve, 4)
    assert inputs.flatten().tolist() == pytest.approx([-0.75, -0.25, 0.25, 0.75])
    torch.testing.assert_close(targets, 2 * inputs.abs() - 1)
    assert torch.equal(few(curve, 100)[0], curve.train_inputs)


def test_a_few_images_are_the_first_ones():
    images = examples(BASE, torch.device("cpu"))
    inputs, labels = few(images, 30)
    assert torch.equal(inputs, images.train_inputs[:30])
    assert labels.bincount(minlength=10).tolist() == [3] * 10


def test_a_recorded_surface_is_stored_and_told_as_any_other(tmp_path):
    recording = record(BASE)
    loaded = Recording.load(recording.save(tmp_path / "plane.npz"))
    assert np.array_equal(loaded.column("surface_plane"), recording.column("surface_plane"), equal_nan=True)
    header, *lines = loaded.to_csv().splitlines()
    assert "surface_width_2" in header
    assert {line.count(",") for line in lines} == {header.count(",")}


# What can't be


def test_a_surface_that_is_off_changes_no_key():
    assert Experiment.of(surface=False, surface_points=12).key() == Experiment().key()
    assert (Experiment().total_steps, Experiment().surface.evaluations) == (1_000, 0)


@pytest.mark.parametrize(
    ("variants", "sentence"),
    [
        (
            {"A": replace(BASE, surface_examples=201)},
            "surface_examples (=201) must be at most 200, all that the training set has.",
        ),
        (
            {"A": BASE, "B": LINE},
            "surface_slice must be the same in variants that train together: it is plane in A and line in B.",
        ),
        (
            {"A": replace(BASE, sweep_over="lr", sweep_values=(0.1, 0.2))},
            "surface (=True) must be off in a sweep: a loss surface lies around a single trained net.",
        ),
    ],
)
def test_a_surface_that_cant_be_is_refused_in_a_sentence(variants, sentence):
    with pytest.raises(ExperimentError) as refused:
        record_together(variants)
    assert str(refused.value) == sentence
