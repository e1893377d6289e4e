"""What lesson 510 asks: its answers are those of the published counts, and of a timing only once there is one."""

import pytest

from cnnviz import zoo
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.lessons import TooClose
from cnnviz.lessons.architectures import EXPLORER

WEIGHTS, SPEED, SKIPS = EXPLORER.questions


def timed(network, median, low=None, high=None, side=0):
    """A timing that ended with these milliseconds a pass."""
    experiment = Experiment.of(calculation="timing", network=network, input_side=side, batch_size=1, steps=10)
    columns = {"median": median, "low": low or 0.9 * median, "high": high or 1.1 * median, "gigamacs_per_second": 50.0}
    return Recording(experiment, ()).extend([Snapshot(10, columns)])


def pair(large, small, **options):
    return {"A": timed("resnet18", large, **options), "B": timed("mobilenet_v2", small, **options)}


def test_most_of_vgg16_stands_in_fc6_by_the_papers_own_sizes():
    convolutions = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), *[(256, 256)] * 2, (256, 512), *[(512, 512)] * 5]
    counts = [
        sum(9 * before * after + after for before, after in convolutions),
        7 * 7 * 512 * 4096 + 4096,
        4096 * 4096 + 4096 + 4096 * 1000 + 1000,
    ]
    assert sum(counts) == 138_357_544  # "138" million in Table 2 of the paper
    answer = WEIGHTS.answer({})
    assert answer.option == counts.index(max(counts)) == 1
    for count in counts:
        assert f"({100 * count / sum(counts):.1f} %)" in answer.sentence
    assert "4,096 units has a weight for each of the 25,088 numbers" in answer.sentence


def test_skips_cost_the_three_convolutions_with_norms_that_fit_their_maps():
    fitted = sum(before * after + 2 * after for before, after in ((64, 128), (128, 256), (256, 512)))
    assert zoo.totals("resnet34").params == 21_797_672  # torchvision's documentation
    assert fitted == 21_797_672 - zoo.totals("plain34").params
    answer = SKIPS.answer({})
    assert answer.option == 1
    assert answer.sentence.startswith(
        f"21,797,672 parameters with skips, 21,623,848 without: {fitted:,} more, {100 * fitted / 21_623_848:.3g} %. "
        "13 of the 16 skips add what is there already"
    )


def test_about_six_times_fewer_is_what_the_papers_print():
    printed = zoo.card("resnet18").macs.value / zoo.card("mobilenet_v2").macs.value  # 1.8G and 300M
    assert printed == pytest.approx(6)
    assert zoo.totals("resnet18").macs / zoo.totals("mobilenet_v2").macs == pytest.approx(printed, rel=0.02)


def test_no_speed_is_told_before_both_were_timed_together():
    assert SPEED.answer({}) is None
    assert SPEED.answer({"A": timed("resnet18", 60.0)}) is None
    assert SPEED.answer({"A": timed("resnet18", 60.0), "B": timed("vgg16", 300.0)}) is None
    fresh = {letter: Recording(recording.experiment, ()) for letter, recording in pair(60.0, 10.0).items()}
    assert SPEED.answer(fresh) is None


@pytest.mark.parametrize(("large", "small", "option"), [(60.0, 10.0, 0), (60.0, 20.0, 1), (20.0, 60.0, 2)])
def test_the_speed_is_the_ratio_of_the_median_times(large, small, option):
    answer = SPEED.answer(pair(large, small))
    assert answer.option == option
    assert f"ResNet-18 takes {large:g} ms a pass (middle half {0.9 * large:g} to {1.1 * large:g})" in answer.sentence
    assert f"with 6.03 times fewer multiply-adds, MobileNet v2 is {large / small:.3g} times as fast." in answer.sentence
    assert ("53 against 18" in answer.sentence) == (option > 0)


def test_the_order_of_the_two_does_not_matter_and_their_side_does():
    one = pair(60.0, 20.0)
    assert SPEED.answer({"A": one["B"], "B": one["A"]}) == SPEED.answer(one)
    fewer = zoo.costs("resnet18")[64].macs / zoo.costs("mobilenet_v2")[64].macs
    assert f"with {fewer:.3g} times fewer" in SPEED.answer(pair(60.0, 20.0, side=64)).sentence


def test_middle_halves_that_overlap_are_too_close_to_call():
    answer = SPEED.answer(pair(20.0, 19.0))
    assert isinstance(answer, TooClose)
    assert answer.sentence.endswith("The middle halves of their passes overlap.")
