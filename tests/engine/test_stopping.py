"""Early stopping: when it ends, what it puts back, and that the test set has no part in it."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz import Experiment, ExperimentError, record, record_together, replace
from cnnviz.engine import data, nets
from cnnviz.engine.examples import batches, examples

OVERFITTED = Experiment.of(
    dataset="border", train_examples=60, test_examples=40, validation=20, depth=3, width=32, lr=0.5, batch_size=40, steps=300,
     snapshots=20, histograms=0, evaluations=10,
)  # fmt: skip
EARLY = replace(OVERFITTED, patience=4, look_every=5)


def by_hand(experiment, patience, every):
    """A loop of its own: the step that it ends at, the best step and its loss, and the weights of that step."""
    found = data.load("border", 60, 40, 0)
    inputs, labels = torch.from_numpy(found.train_inputs), torch.from_numpy(found.train_labels)
    net = nets.build(experiment.net, (2,), 2, torch.Generator().manual_seed(0))
    order = np.random.default_rng(0)
    best, best_step, waited = math.inf, 0, 0
    for step in range(experiment.steps + 1):
        if step % every == 0:
            with torch.no_grad():
                loss = F.cross_entropy(net(inputs[40:]), labels[40:]).item()
            if loss < best:
                best, best_step, waited = loss, step, 0
                weights = [parameter.detach().clone() for parameter in net.parameters()]
            else:
                waited += 1
            if waited == patience:
                break
        chosen = torch.from_numpy(order.permutation(40))
        gradients = torch.autograd.grad(F.cross_entropy(net(inputs[chosen]), labels[chosen]), list(net.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(net.parameters(), gradients, strict=True):
                parameter.sub_(0.5 * gradient)
    return step, best_step, best, weights


def test_it_ends_where_a_loop_written_by_hand_ends_with_the_same_weights():
    ended, best_step, best, weights = by_hand(EARLY, 4, 5)
    recording = record(EARLY)
    assert 0 < best_step < ended < 300
    assert recording.steps[-1] == recording.ending.step == ended
    assert recording.column("best_step")[-1, 0] == best_step
    assert recording.column("best_loss")[-1, 0] == pytest.approx(best, rel=1e-4)
    assert recording.column("validation_loss")[-1] == pytest.approx(best, rel=1e-4)
    norms = [float(weight.norm()) for weight in weights if weight.ndim > 1]
    np.testing.assert_allclose(recording.column("weight_norm")[-1], norms, rtol=1e-4)


def test_the_ending_says_where_it_stopped_and_what_was_put_back():
    ended, best_step, _best, _weights = by_hand(EARLY, 4, 5)
    ending = record(EARLY).ending
    assert ending.state == "done"
    assert ending.sentence == (
        f"Stopped at step {ended}: 4 looks without a new best. The weights of step {best_step}, the best on the 20 held-out "
        "examples, are put back."
    )


def test_with_patience_to_spare_it_ends_at_the_last_step_and_puts_the_best_back():
    recording = record(replace(EARLY, patience=1_000, look_every=1))
    assert recording.ending.step == recording.steps[-1] == 300
    assert recording.ending.sentence.startswith("Done: 300 steps. The weights of step ")
    assert recording.column("validation_loss")[-1] == pytest.approx(float(recording.column("best_loss")[-1, 0]), rel=1e-5)
    assert recording.column("validation_loss")[-1] <= recording.column("validation_loss").min() * (1 + 1e-5)


def test_the_other_variants_go_on_as_if_alone():
    together = record_together({"A": OVERFITTED, "B": EARLY})
    assert together["A"].steps[-1] == 300 > together["B"].steps[-1]
    assert together["A"].ending.sentence == "Done: 300 steps, 12,000 examples."
    np.testing.assert_array_equal(together["A"].column("loss"), record(OVERFITTED).column("loss"))
    np.testing.assert_array_equal(together["B"].column("loss"), record(EARLY).column("loss"))


def test_when_it_stops_depends_on_nothing_that_is_measured():
    often, seldom = (record(replace(EARLY, snapshots=count, evaluations=count)) for count in (2, 300))
    assert often.ending == seldom.ending


def test_the_validation_set_is_the_tail_of_the_training_set_and_no_batch_holds_any_of_it():
    found, whole = (examples(replace(EARLY, validation=held), torch.device("cpu")) for held in (20, 0))
    assert torch.equal(found.train_inputs, whole.train_inputs[:40])
    assert torch.equal(found.validation_inputs, whole.train_inputs[40:])
    assert torch.equal(found.test_inputs, whole.test_inputs)
    assert torch.bincount(found.validation_labels).tolist() == [10, 10]
    order = batches(found, 40, 0)
    met = torch.cat([next(order)[0] for _ in range(3)])
    assert not (met[:, None] == found.validation_inputs[None]).all(2).any()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"validation": 0}, "patience (=4) must have a validation set to look at: set validation, which is 0."),
        ({"validation": 21}, "batch_size (=40) must be at most train_examples (=60), less the validation set (=21)."),
        ({"task_classes": 2}, "validation (=20) must be 0 where task_classes (=2) is used."),
        ({"dataset": "curve"}, "validation (=20) must be 0 for the data set curve, whose last examples lie at its end."),
    ],
)
def test_what_does_not_go_together_is_refused(settings, sentence):
    with pytest.raises(ExperimentError) as refused:
        record(replace(EARLY, **settings))
    assert str(refused.value) == sentence


def test_a_sweep_does_not_stop_early():
    swept = replace(EARLY, sweep_over="width", sweep_values=(4.0, 8.0))
    with pytest.raises(ExperimentError, match=r"^patience \(=4\) must be 0 in a sweep, whose runs are compared"):
        record(swept)


def test_variants_must_hold_out_the_same():
    with pytest.raises(ExperimentError, match="validation must be the same in variants that train together"):
        record_together({"A": EARLY, "B": replace(OVERFITTED, validation=10)})
