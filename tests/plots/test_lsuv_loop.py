"""The animation of LSUV's loop: one frame a turn, just what was recorded."""

import pytest

from cnnviz.plots.lsuv import lsuv_loop, turn_text

LAYERS = ("fc1", "fc2")
TURNS = [(0, 1, 4.0, 0.5), (0, 2, 1.0, 1.0), (1, 1, 0.25, 2.0), (1, 2, 1.001, 1.0)]


def test_a_frame_a_turn_with_bars_up_to_the_layer_at_work():
    frames = lsuv_loop(LAYERS, TURNS, "B").frames
    assert [list(frame.data[0].y) for frame in frames] == [[4.0, None], [1.0, None], [1.0, 0.25], [1.0, 1.001]]
    assert [frame.name for frame in frames] == ["0", "1", "2", "3"]


def test_it_opens_at_the_end_and_its_slider_reaches_every_turn():
    chart = lsuv_loop(LAYERS, TURNS, "B")
    assert list(chart.data[0].y) == [1.0, 1.001]
    (slider,) = chart.layout.sliders
    assert [step.args[0][0] for step in slider.steps] == ["0", "1", "2", "3"]
    assert slider.active == 3


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (("fc1", 1, 4.0, 0.5), "fc1, pass 1: variance 4, its weights × 1/√Var = × 0.5"),
        (("fc2", 2, 1.001, 1.0), "fc2, pass 2: variance 1, close enough to 1: next layer"),
    ],
)
def test_a_turn_in_words(turn, words):
    assert turn_text(*turn) == words


def test_layers_without_any_signal_are_drawn_too():
    assert len(lsuv_loop(LAYERS, [(0, 1, 0.0, 1.0), (1, 1, 0.0, 1.0)], "A").frames) == 2
