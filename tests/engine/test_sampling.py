"""Sampled statistics against those of all values: any shape, either memory layout, whatever the values depend on."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnviz import Experiment, record, replace
from cnnviz.engine import probes
from cnnviz.engine.chain import strongest_path
from cnnviz.engine.experiment import Net
from cnnviz.engine.nets import build
from cnnviz.engine.nets.activations import FUNCTIONS
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.sampling import SAMPLE, Sample, drawn, sampled
from cnnviz.engine.units import UNIT
from cnnviz.engine.watch import Stacks, Watch

CPU = torch.device("cpu")
LARGEST = 2**20  # values of a drawn tensor, so that a test of it takes milliseconds
UNLIKELY = math.log(2 / 1e-8)  # that a mean is farther off than the bound below, by chance alone
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
FEW = max(30, settings.default.max_examples - 70)

in_either_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


@st.composite
def shapes(draw):
    """(N, units, H, W): batches of 1–512, widths of 2–64, maps of 1–28, not always square."""
    height, width, units = draw(st.integers(1, 28)), draw(st.integers(1, 28)), draw(st.integers(2, 64))
    return draw(st.integers(1, min(512, LARGEST // (height * width * units)))), units, height, width


@st.composite
def structured(draw):
    """A tensor whose values, from 0 to 1, depend on one of its axes, on a diagonal, on its place in memory, or on nothing."""
    shape = draw(shapes())
    axes = np.meshgrid(*map(np.arange, shape), indexing="ij", sparse=True)
    axis = draw(st.integers(0, 3))
    place, length = axes[axis], shape[axis]
    period = draw(st.integers(2, 40))
    values = {
        "one of an axis": lambda: place == draw(st.integers(0, length - 1)),
        "both ends": lambda: (place == 0) | (place == length // 2),
        "gradient": lambda: place / max(1, length - 1),
        "some units": lambda: np.isin(axes[1], draw(st.sets(st.integers(0, shape[1] - 1), min_size=1))),
        "diagonals": lambda: sum(axes) % period == 0,
        "every so many": lambda: np.arange(math.prod(shape)).reshape(shape) % period == 0,
        "every so many, units last": lambda: (
            (((axes[0] * shape[2] + axes[2]) * shape[3] + axes[3]) * shape[1] + axes[1]) % period == 0
        ),
        "noise": lambda: np.random.default_rng(draw(st.integers(0, 9))).random(shape),
    }
    made = values[draw(st.sampled_from(sorted(values)))]()
    return torch.from_numpy(np.broadcast_to(made, shape).astype(np.float32))


def off(std, width, draws):
    """How far the mean of so many draws may be from that of all values, by sampling alone: Bernstein's inequality.

    One draw from each of equal parts is never worse than as many from the whole.
    """
    return std * math.sqrt(2 * UNLIKELY / draws) + 2 * UNLIKELY * width / (3 * draws) + 1e-6


def close(ours, all_values, draws):
    values = all_values.double()
    allowed = off(float(values.std(correction=0)), float(values.max() - values.min()), draws)
    return abs(float(ours) - float(values.mean())) <= allowed


# Samples


@in_either_layout
def test_columns_0_and_7_of_14_are_a_seventh_of_the_values(layout):
    x = torch.zeros(32, 8, 14, 14).to(memory_format=layout)
    x[..., [0, 7]] = 1
    assert float(x.mean()) == pytest.approx(0.143, abs=1e-3)
    assert float(sampled(x).mean()) == pytest.approx(1 / 7, abs=0.01)


@in_either_layout
def test_a_left_edge_of_7_columns_is_a_seventh_of_the_values(layout):
    x = torch.zeros(64, 16, 7, 7).to(memory_format=layout)
    x[..., 0] = 1
    assert float(sampled(x).mean()) == pytest.approx(1 / 7, abs=0.01)


@pytest.mark.parametrize("side", [7, 14, 28])
@pytest.mark.parametrize("units", [8, 16, 20, 48])
def test_every_row_column_and_example_is_met_in_proportion(side, units):
    for batch in (32, 50, 64):
        shape = (batch, units, side, side)
        numbered = torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)
        sample = sampled(numbered.to(memory_format=torch.channels_last)).long()
        example, row, column = sample // (side * side * units), sample // side % side, sample % side
        for places, length in ((example, batch), (row, side), (column, side)):
            shares = places.flatten().bincount(minlength=length) / places.numel()
            allowed = off(math.sqrt(1 / length * (1 - 1 / length)), 1.0, sample.numel())
            assert float((shares - 1 / length).abs().max()) <= allowed, shape


@settings(max_examples=FEW)
@given(structured())
def test_a_samples_mean_is_that_of_all_values_but_for_what_sampling_explains(x):
    for layout in LAYOUTS.values():
        sample = sampled(x.to(memory_format=layout))
        assert close(sample.mean(), x, sample.numel())


@settings(max_examples=FEW)
@given(structured())
def test_a_units_mean_is_that_of_all_its_values_but_for_what_sampling_explains(x):
    sample = sampled(x)
    by_unit = x.movedim(1, 0).flatten(1)
    for ours, values in zip(sample.movedim(1, 0).flatten(1), by_unit, strict=True):
        assert close(ours.mean(), values, len(ours))


@settings(max_examples=FEW)
@given(shapes())
def test_a_sample_is_of_its_size_without_repeats_and_the_same_in_either_layout(shape):
    numbered = torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)
    samples = [sampled(numbered.to(memory_format=layout)) for layout in LAYOUTS.values()]
    assert torch.equal(*samples)
    units = shape[1]
    if numbered.numel() <= SAMPLE:
        assert samples[0] is numbered
    else:
        assert samples[0].shape == (-(-SAMPLE // units), units)
        unit = samples[0].long() // (shape[2] * shape[3]) % units
        assert torch.equal(unit, torch.arange(units).expand_as(unit))


@given(st.integers(1, 500_000), st.integers(1, 2_000))
def test_one_is_drawn_from_each_of_equal_parts(values, draws):
    places = drawn(values, min(draws, values), CPU)
    parts = torch.arange(len(places)) * (values / len(places))
    assert (places.double() > parts - 1).all()
    assert (places.double() <= parts + values / len(places)).all()
    assert 0 <= int(places[0]) <= int(places[-1]) < values


def test_every_place_is_drawn_as_often_as_any_other():
    """Over the parts of many rows: where in its part a draw falls has no favourite."""
    places = drawn(1_000_000, 100_000, CPU) % 10
    counts = places.bincount(minlength=10).double()
    assert float(((counts - 10_000) ** 2 / 10_000).sum()) < 28  # χ² with 9 degrees of freedom, 0.1 %


@in_either_layout
def test_what_is_kept_of_a_large_tensor_has_its_first_example_and_its_own_ends_and_not_its_memory(layout):
    x = torch.randn(40, 16, 9, 9, generator=torch.Generator().manual_seed(1)).to(memory_format=layout)
    kept = Sample.of(x, ranged=True)
    assert torch.equal(kept.first, x[0])
    assert [float(end) for end in kept.ends] == [float(x.min()), float(x.max())]
    assert kept.values.untyped_storage().nbytes() < x.untyped_storage().nbytes() / 4


def test_a_small_tensor_is_kept_as_it_is():
    x = torch.randn(8, 6, 5, 5, generator=torch.Generator().manual_seed(1)).to(memory_format=torch.channels_last)
    kept = Sample.of(x, ranged=False)
    assert torch.equal(kept.values, x)
    assert torch.equal(kept.first, x[0])
    assert [float(end) for end in kept.ends] == [float(x.min()), float(x.max())]


def test_sampling_leaves_torchs_random_state_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    sampled(torch.zeros(97, 33, 11, 11))
    drawn(77_777, 1_000, CPU)
    assert torch.equal(torch.get_rng_state(), before)


# Statistics


class Unchanged(nn.Module):
    """Weights that pass x on as it is."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 1))

    def forward(self, x):
        return x + 0 * self.weight


def measured(x, upstream):
    """Every probe of a layer f(z) = max(0, z) whose z is x and whose ∂loss/∂a is upstream."""
    layer = Layer(Unchanged(), FUNCTIONS["relu"])
    watch = Watch(SimpleNamespace(layers=nn.ModuleDict({"one": layer}), parameters=layer.parameters))
    with watch:
        a = layer(x)
        loss = (a * upstream).sum()
        loss.backward()
    seen = watch.seen(a.flatten(1), torch.zeros(len(x), 1), loss)
    return probes.to_numpy(probes.measured([probes.SNAPSHOT, probes.HISTOGRAM, UNIT], seen))


def close_histogram(ours, values, low, high, draws):
    """The share below an edge is the mean of what is 1 below it and else 0; a value on it may be rounded to either side."""
    scaled = ((values.double() - low) * (probes.BINS / (high - low))).flatten()
    least, most = (shares_below_edges(scaled + rounding) for rounding in (1e-3, -1e-3))
    below = np.cumsum(np.asarray(ours, dtype=float))
    for share, lower, upper in zip(below, least, most, strict=True):
        assert lower - off_share(lower, draws) <= share <= upper + off_share(upper, draws)


def shares_below_edges(scaled):
    return (scaled.clamp(0, probes.BINS - 1).long().bincount(minlength=probes.BINS).cumsum(0) / len(scaled)).tolist()


def off_share(share, draws):
    return off(math.sqrt(max(0.0, share * (1 - share))), float(0 < share < 1), draws)


@settings(max_examples=FEW)
@given(structured(), st.sampled_from(sorted(LAYOUTS)))
def test_a_layers_statistics_are_those_of_all_its_values(x, layout):
    z = (x - 0.4).to(memory_format=LAYOUTS[layout])
    upstream = (10 ** (-9 * x)).to(memory_format=LAYOUTS[layout])
    columns, a = measured(z, upstream), z.clamp(min=0).double()
    draws = min(SAMPLE, z.numel())
    mean, std = columns["activation_mean"][0], columns["activation_std"][0]
    assert close(mean, a, draws)
    assert close(std**2 + mean**2, a**2, draws)
    assert close(columns["fraction_zero"][0], (a == 0).float(), draws)
    top = float(columns["activation_top"][0])
    above, there = (float((a > top + 1e-6).double().mean()), float((a > top - 1e-6).double().mean()))
    assert above - off(0.14, 1.0, draws) <= 0.02 <= there + off(0.14, 1.0, draws)
    assert columns["activation_grad_norm"][0] == pytest.approx(float(upstream.double().norm()), rel=1e-3)


@settings(max_examples=FEW)
@given(structured(), st.sampled_from(sorted(LAYOUTS)))
def test_histograms_are_those_of_all_values_and_end_where_the_layer_does(x, layout):
    z = (x - 0.4).to(memory_format=LAYOUTS[layout])
    columns = measured(z, (10 ** (-9 * x)).to(memory_format=LAYOUTS[layout]))
    draws = min(probes.COUNTED, z.numel())
    if draws == probes.COUNTED and z.numel() > SAMPLE:
        draws /= 2  # counted of a sample: the errors of both add up
    for name, values in (("preactivation", z), ("activation", z.clamp(min=0))):
        low, high = float(values.min()), float(values.max())
        ends = (low, high) if low < high else (low - 0.5, high + 0.5)
        assert (columns[f"{name}_low"][0], columns[f"{name}_high"][0]) == ends
        close_histogram(columns[f"{name}_hist"][0], values, *ends, draws)
    close_histogram(columns["activation_grad_hist"][0], -9 * x, *probes.LOG_RANGE, min(probes.COUNTED, z.numel()))


@settings(max_examples=FEW)
@given(structured())
def test_a_gradients_histogram_counts_all_of_a_kernel_alike(x):
    for layout in LAYOUTS.values():
        (counts,) = probes.counted(Stacks([x.to(memory_format=layout)]))
        close_histogram(probes.histogram([counts], 0.0, 1.0)[0], x, 0.0, 1.0, min(probes.COUNTED, x.numel()))


def test_one_outlier_among_millions_is_an_end_of_both_histograms():
    x = torch.zeros(64, 16, 28, 28).to(memory_format=torch.channels_last)
    x[41, 5, 17, 23], x[13, 11, 3, 26] = 7.0, -3.0
    columns = measured(x, torch.ones_like(x))
    assert (columns["preactivation_low"][0], columns["preactivation_high"][0]) == (-3.0, 7.0)
    assert (columns["activation_low"][0], columns["activation_high"][0]) == (0.0, 7.0)
    assert columns["curve_z"][0, [0, -1]].tolist() == [-8.0, 8.0]


# Experiments

LARGE = Experiment.of(
    dataset="digits", train_examples=200, test_examples=40, net="cnn", depth=4, width=12, steps=3, batch_size=64, snapshots=4,
    histograms=2, evaluations=1, norm="batch",
)  # fmt: skip
BESIDE = {"units": True, "shift": True, "signal": True, "landscape": True, "weights": True, "spectrum": True, "histograms": 4}


def test_sampled_layers_have_the_same_numbers_whatever_is_recorded_beside():
    alone, beside = record(LARGE), record(replace(LARGE, **BESIDE))
    assert SAMPLE < 64 * 12 * 8 * 8
    assert {"preactivation_hist", "input_shift", "z_var", "smoothness"} <= {*beside.names} - {*alone.names}
    for name in set(alone.names) - {"seconds"}:
        kept = np.isin(beside.steps_of(name), alone.steps_of(name))
        np.testing.assert_array_equal(beside.column(name)[kept], alone.column(name), err_msg=name)


def test_the_path_of_a_wide_nets_large_batch_is_the_first_examples():
    net = build(Net(depth=3, width=96, activation="tanh"), (1, 8, 8), 10, torch.Generator().manual_seed(0))
    x = torch.randn(128, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(128) % 10
    watch = Watch(net)
    with watch:
        logits = net(x)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
    path = strongest_path(watch.seen(logits, labels, loss))
    a = x[0].flatten()
    for layer, unit, slope in zip(list(net.layers.values())[:-1], path.unit, path.slope, strict=False):
        a = torch.tanh(layer.weights(a))
        assert float(slope) == pytest.approx(1 - float(a[unit].detach()) ** 2, rel=1e-4)
