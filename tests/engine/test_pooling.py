"""Pools of a cnn: what each makes of a window, its gradient, its train and eval modes, and what it costs."""

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import nets, plan, words
from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.pooling import ENDINGS, POOLS
from cnnviz.engine.nets.pooling.stochastic import Stochastic, seed_pools

IMAGE = (3, 12, 12)
MODULES = [name for name in words.POOLINGS if POOLS[name](Net()) is not None]
TINY = Experiment.of(
    net="cnn", dataset="digits", train_examples=200, test_examples=40, depth=4, width=6, batch_size=16, steps=8, lr=0.05,
    snapshots=20, histograms=4, evaluations=3,
)  # fmt: skip

every_pooling = pytest.mark.parametrize("pooling", words.POOLINGS)
every_module = pytest.mark.parametrize("pooling", MODULES)


def built(seed=0, input_shape=IMAGE, **settings):
    return nets.build(Net(net="cnn", **{"depth": 4, "width": 8} | settings), input_shape, 5, torch.Generator().manual_seed(seed))


def maps(*shape, seed=1, dtype=torch.float32):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def windows(array):
    """(H // 2, W // 2, 4): the four numbers of each window, in plain loops."""
    rows, columns = array.shape[0] // 2, array.shape[1] // 2
    cut = [[array[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].ravel() for j in range(columns)] for i in range(rows)]
    return np.array(cut)


def blurred(array):
    """Zhang's pool by loops: the maxima of all windows, then the binomial filter at every second place, edges repeated."""
    height, width = array.shape[0] - 1, array.shape[1] - 1
    dense = np.array([[array[i : i + 2, j : j + 2].max() for j in range(width)] for i in range(height)])
    padded = np.pad(dense, 1, mode="edge")
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    rows, columns = array.shape[0] // 2, array.shape[1] // 2
    return np.array(
        [[(padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] * kernel).sum() for j in range(columns)] for i in range(rows)]
    )


BY_LOOPS = {
    "max": lambda array: windows(array).max(2),
    "average": lambda array: windows(array).mean(2),
    "stochastic": lambda array: (windows(array) ** 2).sum(2) / windows(array).sum(2),
    "lp": lambda array: (windows(array) ** 3).mean(2) ** (1 / 3),
    "blur": blurred,
}


def test_the_names_are_those_an_experiment_may_use():
    assert (tuple(POOLS), tuple(ENDINGS)) == (words.POOLINGS, words.ENDINGS)


@every_module
@pytest.mark.parametrize("shape", [(2, 3, 8, 6), (1, 2, 7, 9), (1, 1, 2, 2)])
def test_a_pool_in_eval_mode_computes_what_loops_compute(pooling, shape):
    a = maps(*shape)
    found = POOLS[pooling](Net(pool_p=3.0)).eval()(a)
    wanted = [[BY_LOOPS[pooling](channel) for channel in example] for example in a.double().numpy()]
    assert found.shape == (*shape[:2], shape[2] // 2, shape[3] // 2)
    np.testing.assert_allclose(found.numpy(), np.array(wanted), rtol=1e-5)


@every_module
def test_gradients_are_those_of_finite_differences(pooling):
    module = POOLS[pooling](Net(pool_p=2.5))
    a = (0.1 + maps(2, 2, 5, 4, dtype=torch.float64)).requires_grad_()
    module.double()

    def again(x):
        if pooling == "stochastic":
            module.batches.zero_()  # the same draws each time
        return module(x)

    assert torch.autograd.gradcheck(again, a)


@every_module
def test_a_window_of_zeros_gives_0_and_a_finite_gradient(pooling):
    module = POOLS[pooling](Net())
    for mode in (True, False):
        a = torch.zeros(1, 1, 4, 4, requires_grad=True)
        y = module.train(mode)(a)
        y.sum().backward()
        assert not y.any()
        assert torch.isfinite(a.grad).all()


def test_max_and_average_are_torchs_own():
    a = maps(2, 3, 7, 8)
    assert torch.equal(POOLS["max"](Net())(a), F.max_pool2d(a, 2))
    assert torch.equal(POOLS["average"](Net())(a), F.avg_pool2d(a, 2))


@pytest.mark.parametrize("p", [1.0, 2.0, 5.0])
def test_an_lp_pool_is_torchs_own_over_a_factor_for_the_mean(p):
    a = maps(2, 3, 8, 8)
    torch.testing.assert_close(POOLS["lp"](Net(pool_p=p))(a), F.lp_pool2d(a, p, 2) / 4 ** (1 / p))


def test_an_lp_pool_goes_from_the_average_to_the_maximum_whatever_the_size_of_what_it_pools():
    for scale in (1e-20, 1.0, 1e20):
        a = scale * maps(2, 3, 8, 8)
        torch.testing.assert_close(POOLS["lp"](Net(pool_p=1.0))(a), F.avg_pool2d(a, 2))
        torch.testing.assert_close(POOLS["lp"](Net(pool_p=100.0))(a), F.max_pool2d(a, 2), rtol=0.02, atol=0)


# Stochastic pooling


def test_what_is_drawn_is_one_of_the_window_in_proportion_to_its_size():
    """The lecture's numbers: 1.6 and 2.4 are drawn with 0.4 and 0.6, and their weighted mean is 2.08."""
    a = torch.tensor([[1.6, 0.0], [0.0, 2.4]]).expand(1, 4_000, 2, 2)
    pool = Stochastic()
    drawn = pool(a)
    share = float((drawn > 2).float().mean())
    assert drawn.unique().tolist() == pytest.approx([1.6, 2.4])
    assert share == pytest.approx(0.6, abs=3.5 * (0.4 * 0.6 / 4_000) ** 0.5)
    assert pool.eval()(a).unique().tolist() == pytest.approx([0.4 * 1.6 + 0.6 * 2.4])


def test_all_four_places_of_a_window_are_drawn_as_often_as_their_numbers_say():
    window = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    drawn = Stochastic()(window.expand(1, 8_000, 2, 2)).flatten()
    shares = [float((drawn == value).float().mean()) for value in window.flatten()]
    assert shares == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.02)


def test_draws_are_decided_by_seed_pool_and_batch_and_leave_all_random_state_alone():
    def drawn(seed):
        net = torch.nn.ModuleList([Stochastic(), Stochastic()])
        seed_pools(net, seed)
        return [pool(maps(2, 2, 8, 8)) for pool, _batch in product(net, range(2))]

    before = torch.get_rng_state()
    first = drawn(3)
    assert all(torch.equal(a, b) for a, b in zip(first, drawn(3), strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, drawn(4), strict=True))
    assert not any(torch.equal(first[i], first[j]) for i in range(4) for j in range(i))
    assert torch.equal(torch.get_rng_state(), before)


def test_testing_a_net_leaves_what_it_will_draw_alone():
    net = built(pooling="stochastic")
    images = maps(2, *IMAGE)
    net.eval()
    assert torch.equal(net(images), net(images))
    assert not any(int(pool.batches) for pool in net.pools.values())
    assert not torch.equal(net.train()(images), net(images))


def test_the_gradient_goes_to_what_was_drawn_alone():
    a = maps(1, 1, 6, 6).requires_grad_()
    drawn = Stochastic()(a)
    drawn.sum().backward()
    assert sorted(a[a.grad == 1].tolist()) == sorted(drawn.flatten().tolist())
    assert int((a.grad != 0).sum()) == drawn.numel()


@pytest.mark.parametrize("activation", [name for name in words.ACTIVATIONS if name not in words.NEVER_NEGATIVE])
def test_activations_that_may_be_negative_are_refused_with_those_that_may_not(activation):
    with pytest.raises(ExperimentError, match=rf"^activation \(={activation}\) must be one of sigmoid, relu, relu6 for pooling"):
        built(pooling="stochastic", activation=activation)


@pytest.mark.parametrize("activation", words.NEVER_NEGATIVE)
def test_activations_that_are_never_negative_can_be_drawn_from(activation):
    assert torch.isfinite(built(pooling="stochastic", activation=activation)(maps(2, *IMAGE))).all()


def test_a_skip_is_refused_where_activations_are_chances():
    with pytest.raises(ExperimentError, match=r"^skip \(=True\) must be off for pooling \(=stochastic\)"):
        built(pooling="stochastic", skip=True)


# Nets


@every_pooling
@pytest.mark.parametrize("ending", words.ENDINGS)
@pytest.mark.parametrize("size", [12, 13, 28])
def test_every_pooling_gives_finite_logits_and_every_parameter_a_gradient(pooling, ending, size):
    model = built(pooling=pooling, ending=ending, input_shape=(3, size, size))
    logits = model(maps(4, 3, size, size))
    F.cross_entropy(logits, torch.arange(4)).backward()
    assert logits.shape == (4, 5)
    assert torch.isfinite(logits).all()
    assert [name for name, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()] == []


@every_pooling
@pytest.mark.parametrize("ending", words.ENDINGS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 13, 10)])
@pytest.mark.parametrize("depth", [2, 3, 7])
def test_the_plan_counts_what_torch_counts(pooling, ending, shape, depth):
    net = Net(net="cnn", depth=depth, width=4, pooling=pooling, ending=ending)
    model = nets.build(net, shape, 5, torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter:
        model(maps(1, *shape))
    assert 2 * plan.multiply_adds(net, shape, 5) == counter.get_total_flops()
    assert plan.parameters(net, shape, 5) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("activation", ["relu", "maxout"])
def test_the_plan_knows_of_pieces(activation):
    net = Net(net="cnn", depth=3, width=4, activation=activation)
    assert plan.parameters(net, IMAGE, 5) == sum(p.numel() for p in built(depth=3, width=4, activation=activation).parameters())


def test_all_poolings_start_from_the_same_weights():
    first, *others = (list(built(pooling=pooling).parameters()) for pooling in words.POOLINGS)
    assert all(torch.equal(a, b) for other in others for a, b in zip(first, other, strict=True))


def test_a_strided_convolution_is_a_dense_one_of_which_every_second_place_is_kept():
    strided, dense = (built(pooling=pooling).layers["conv1"] for pooling in ("strided", "none"))
    images = maps(2, *IMAGE)
    torch.testing.assert_close(strided(images), dense(images)[:, :, ::2, ::2])


@pytest.mark.parametrize("norm", ["weight", "spectral"])
def test_a_norm_of_weights_keeps_the_stride(norm):
    assert built(pooling="strided", norm=norm).layers["conv1"](maps(2, *IMAGE)).shape[2:] == (6, 6)


def test_without_pooling_every_layer_works_on_whole_maps():
    sizes = [stage.size for stage in plan.stages(Net(net="cnn", depth=6, width=4, pooling="none"), (1, 28, 28))]
    assert sizes == [(28, 28)] * 5


def test_a_global_average_takes_any_resolution_and_a_flattening_net_only_its_own():
    average, flat = (built(ending=ending) for ending in words.ENDINGS)
    assert average(maps(2, 3, 20, 16)).shape == (2, 5)
    with pytest.raises(RuntimeError):
        flat(maps(2, 3, 20, 16))


# Training


@every_pooling
def test_a_net_learns_with_it(pooling):
    recording = record(replace(TINY, pooling=pooling, optimiser="adam", lr=0.01, steps=60, histograms=0, evaluations=0))
    losses = recording.column("loss")
    assert losses[-3:].mean() < 0.8 * losses[0]
    assert recording.experiment.net.pooling == pooling


def test_settings_that_are_not_used_leave_a_run_as_it_was():
    plain = record(TINY).column("loss")
    assert np.array_equal(record(replace(TINY, pool_p=7.0)).column("loss"), plain)
    assert not np.array_equal(record(replace(TINY, pooling="average")).column("loss"), plain)
