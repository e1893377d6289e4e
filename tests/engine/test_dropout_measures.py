"""What is measured of dropout in training: answers with masks on, maps with holes and how well these are guessed, gaps."""

import numpy as np
import pytest
import torch

from cnnviz import Experiment, record, replace
from cnnviz.engine import nets
from cnnviz.engine.examples import examples
from cnnviz.engine.experiment import Dropout
from cnnviz.engine.maps import guessed, unguessable
from cnnviz.engine.mc_dropout import sampled, spread
from cnnviz.engine.pretraining import task_of

DIGITS = Experiment.of(
    dataset="digits", train_examples=400, test_examples=200, depth=3, width=16, batch_size=32, steps=6, histograms=3,
    evaluations=3, task_classes=5,
)  # fmt: skip


def net_with(dropout, norm="none"):
    experiment = replace(DIGITS, dropout=dropout, keep=0.6, norm=norm)
    everything = examples(experiment, torch.device("cpu"))
    task = task_of(everything, experiment)
    built = nets.build(experiment.net, (1, 8, 8), 5, torch.Generator().manual_seed(0), Dropout(dropout=dropout, keep=0.6))
    return built, task, everything


@pytest.mark.parametrize("dropout", ["plain", "inverted", "drop_connect"])
def test_passes_differ_from_mask_to_mask_and_not_from_call_to_call(dropout):
    net, task, _everything = net_with(dropout, norm="batch")
    first, again = sampled(net, task.test_inputs, 4), sampled(net, task.test_inputs, 4)
    assert torch.equal(first, again)
    assert not torch.equal(first[0], first[1])


def test_measuring_leaves_masks_statistics_and_mode_as_they_were():
    net, task, everything = net_with("inverted", norm="batch")
    net(task.train_inputs)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    spread(net, task, everything, 5)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(module.training for module in net.modules())


def test_the_spread_is_numpys_over_learned_and_unknown_classes():
    net, task, everything = net_with("inverted")
    found = spread(net, task, everything, 6)
    unknown = everything.test_inputs[everything.test_labels >= 5]
    for kind, images in enumerate((task.test_inputs[:100], unknown[:100])):
        answers = sampled(net, images, 6).softmax(2).numpy()
        chosen = np.take_along_axis(answers, answers.mean(0).argmax(1)[None, :, None], 2)[..., 0]
        assert float(found["mc_spread"][kind]) == pytest.approx(chosen.std(0).mean(), rel=1e-5)
        assert float(found["mc_confidence"][kind]) == pytest.approx(chosen.mean(), rel=1e-5)
        np.testing.assert_allclose(found["mc_probability"][8 * kind : 8 * kind + 8], chosen[:, :8].T, rtol=1e-5)


def test_without_dropout_nothing_spreads_and_without_unknown_classes_there_is_one_kind():
    assert record(replace(DIGITS, passes=3)).column("mc_spread").max() == 0
    assert record(replace(DIGITS, passes=3, task_classes=0, dropout="plain")).column("mc_spread").shape == (3, 1)


# Holes


def test_a_hole_is_guessed_as_the_mean_of_the_nearest_kept_ones():
    values = torch.arange(25.0).reshape(1, 1, 5, 5)
    kept = torch.ones(1, 1, 5, 5, dtype=torch.bool)
    kept[..., 2, 2] = kept[..., 0, 0] = False
    found = guessed(values, kept)[0, 0]
    around = [6, 7, 8, 11, 13, 16, 17, 18]
    assert float(found[2, 2]) == pytest.approx(np.mean(around))
    assert float(found[0, 0]) == pytest.approx(np.mean([1, 5, 6]))


def test_a_wider_hole_is_guessed_from_further_away_and_a_lost_map_as_0():
    values = torch.arange(49.0).reshape(1, 1, 7, 7).repeat(1, 2, 1, 1)
    kept = torch.ones(1, 2, 7, 7, dtype=torch.bool)
    kept[:, 0, 2:5, 2:5] = False
    kept[:, 1] = False
    found = guessed(values, kept)
    ring = values[0, 0, 1:6, 1:6].clone()
    ring[1:4, 1:4] = torch.nan
    assert float(found[0, 0, 3, 3]) == pytest.approx(np.nanmean(ring.numpy()))
    assert (found[0, 1] == 0).all()


def test_a_guess_of_the_mean_has_an_error_of_1():
    values = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    smooth = torch.linspace(0, 1, 9).expand(2, 3, 9, 9)
    kept = torch.rand(2, 3, 9, 9, generator=torch.Generator().manual_seed(1)) < 0.7
    assert float(unguessable(values, kept)) > 1
    assert float(unguessable(smooth, kept)) < 0.05


@pytest.mark.parametrize("dropout", ["inverted", "drop_block", "spatial"])
def test_maps_show_the_image_and_holes_where_something_is_dropped(dropout):
    experiment = replace(DIGITS, net="cnn", depth=4, width=6, dropout=dropout, keep=0.7, maps=True)
    recording = record(experiment)
    maps, shares = recording.column("dropped_maps"), recording.column("dropped_share")
    assert maps.shape == (3, 8, 5 * 9 - 1)
    assert np.isfinite(maps[..., :8]).all()
    assert np.isnan(maps[..., 8::9]).all()
    assert np.isnan(np.delete(maps[..., 9:], np.s_[8::9], -1)).mean() == pytest.approx(0.3, abs=0.2)
    assert np.nanmin(maps) >= 0
    assert np.nanmax(maps) == 32
    assert shares[:, :3].mean() == pytest.approx(0.3, abs=0.12)
    assert np.isnan(shares[:, 3]).all()


def test_gaps_are_the_differences_of_both_sets():
    recording = record(replace(DIGITS, dropout="plain", training_set=True))
    losses, rights = ([recording.column(f"{part}_{what}") for part in ("train", "test")] for what in ("loss", "accuracy"))
    np.testing.assert_allclose(recording.column("loss_gap"), losses[1] - losses[0], rtol=1e-5)
    np.testing.assert_allclose(recording.column("accuracy_gap"), rights[0] - rights[1], atol=1e-6)


def test_a_sweep_over_q_tells_its_gap():
    swept = replace(
        DIGITS, dropout="plain", training_set=True, sweep_over="keep", sweep_values=(0.5, 1), sweep_measure="loss_gap"
    )
    recording = record(swept)
    alone = record(replace(DIGITS, dropout="plain", training_set=True, keep=0.5))
    assert recording.column("sweep_mean")[-1, 0] == pytest.approx(alone.column("loss_gap")[-1], rel=1e-5)
