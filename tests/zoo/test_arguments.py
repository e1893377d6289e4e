"""What a network does not take is told in a sentence with the name, the value and the rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz import zoo
from cnnviz.zoo import ZooError, registry, standalone
from cnnviz.zoo.arguments import LETTERS

FEW = 80  # rows of a network that is quick to trace
QUICK = tuple(name for name in zoo.names() if len(zoo.table(name)) < FEW)
NO_WIDTHS = (-3, 0, 2.5, 10.0, "10", True, [10], 1_000_001, float("nan"))


@pytest.mark.parametrize("value", NO_WIDTHS)
@pytest.mark.parametrize("name", ["classes", "in_channels"])
def test_classes_and_channels_are_whole_numbers_wherever_they_are_given(name: str, value: Any) -> None:
    rule = f"{name} (={value!r}) of resnet18 must be a whole number from 1 to 1,000,000."
    for use in (zoo.build, standalone.script):
        with pytest.raises(ZooError) as refused:
            use("resnet18", **{name: value})
        assert str(refused.value) == rule
    if name == "classes":
        with pytest.raises(ZooError) as refused:
            zoo.table("resnet18", classes=value)
        assert str(refused.value) == rule


def test_a_whole_number_of_numpys_kind_is_one() -> None:
    assert zoo.table("lenet", classes=np.int64(7), input_shape=np.array([2, 28, 28])) == zoo.table(
        "lenet", classes=7, input_shape=(2, 28, 28)
    )


def test_a_tables_channels_are_those_of_its_input_shape() -> None:
    with pytest.raises(ZooError) as refused:
        zoo.table("resnet18", in_channels=1)
    assert str(refused.value) == "in_channels (=1) is the first number of a table's input_shape: (in_channels, 224, 224)."


IMAGE = "must be three whole numbers of at least 1, channels, height and width, such as (3, 224, 224)."


@pytest.mark.parametrize(
    "value",
    [
        224,
        (224, 224),
        "3,224,224",
        (3, 224, 224, 1),
        (),
        (3, 0, 224),
        (3, 224.0, 224),
        (True, 224, 224),
        {3, 224},
        None.__class__,
    ],
)
def test_an_input_shape_of_another_kind_or_length_is_refused(value: Any) -> None:
    with pytest.raises(ZooError) as refused:
        zoo.table("resnet18", input_shape=value)
    assert str(refused.value) == f"input_shape (={value!r}) of resnet18 {IMAGE}"


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("c3d", "four whole numbers of at least 1, channels, frames, height and width, such as (3, 16, 112, 112)."),
        ("lenet", "three whole numbers of at least 1, channels, height and width, such as (1, 28, 28)."),
    ],
)
def test_the_rule_names_the_axes_of_the_network(name: str, rule: str) -> None:
    with pytest.raises(ZooError) as refused:
        zoo.table(name, input_shape=(0,))
    assert str(refused.value) == f"input_shape (=(0,)) of {name} must be {rule}"


@pytest.mark.parametrize("name", [name for name in zoo.names() if zoo.card(name).smallest > 1])
def test_an_image_below_the_smallest_of_the_card_is_refused_before_anything_is_built(name: str) -> None:
    card = zoo.card(name)
    own, less = card.input_shape[1], card.smallest - 1
    for sides in ((less, own), (own, less)):
        with pytest.raises(ZooError) as refused:
            zoo.table(name, input_shape=(3, *sides))
        assert str(refused.value) == (
            f"input_shape (={(3, *sides)}) of {name} must be at least {card.smallest} pixels high and wide."
        )


@pytest.mark.parametrize("name", [name for name in zoo.names() if not zoo.card(name).smallest])
def test_a_network_of_one_size_says_which_layer_binds_it(name: str) -> None:
    card = zoo.card(name)
    shape = tuple(2 * side for side in card.input_shape)
    with pytest.raises(ZooError) as refused:
        zoo.table(name, input_shape=shape)
    size = " × ".join(map(str, card.input_shape[1:]))
    assert str(refused.value).startswith(f"input_shape (={shape}) of {name} must be of {size} pixels: its layer “")
    assert str(refused.value).endswith(
        " numbers that reach it, and an image of another size would bring it another number of them."
    )


def test_too_small_an_image_is_told_of_a_network_of_one_size_too() -> None:
    with pytest.raises(
        ZooError, match=r"input_shape \(=\(3, 32, 32\)\) of vgg16 must be of 224 × 224 pixels: its layer “fc6” has"
    ):
        zoo.table("vgg16", input_shape=(3, 32, 32))


@pytest.mark.parametrize(
    ("name", "option", "sentence"),
    [
        ("squeezenet", {"simple_bypass": 2}, "simple_bypass (=2) of squeezenet must be True or False."),
        ("stochastic_depth110", {"seed": 0.5}, "seed (=0.5) of stochastic_depth110 must be a whole number from 0 to 2**63 - 1."),
        ("polynet", {"scale": "0.3"}, "scale (='0.3') of polynet must be a number from -1,000,000 to 1,000,000."),
        ("polynet", {"scale": float("nan")}, "scale (=nan) of polynet must be a number from -1,000,000 to 1,000,000."),
        (
            "highway_fc50",
            {"layers": 10**20},
            "layers (=100000000000000000000) of highway_fc50 must be a whole number from 1 to 1,000.",
        ),
        ("cifar_resnet20", {"unit": None}, "cifar_resnet20 has no option unit (=None); its options are classes, in_channels."),
        ("resnet18", {"pretrained": True}, "resnet18 has no option pretrained (=True); its options are classes, in_channels."),
    ],
)
def test_an_option_is_of_the_kind_that_its_builder_says(name: str, option: dict[str, Any], sentence: str) -> None:
    for use in (zoo.build, zoo.table):
        with pytest.raises(ZooError) as refused:
            use(name, **option)
        assert str(refused.value) == sentence


def test_an_option_that_no_layer_can_have_is_told_with_its_value() -> None:
    with pytest.raises(ZooError, match=r"^pyramidnet200 can't be built with dropped \(=2\.0\): dropout probability has to be"):
        zoo.build("pyramidnet200", dropped=2.0)


@pytest.mark.parametrize("name", [5, None, 2.5, ["resnet18"], b"resnet18"])
def test_a_name_is_a_text(name: Any) -> None:
    for look in (zoo.card, zoo.totals, zoo.costs, zoo.table, zoo.build, standalone.script):
        with pytest.raises(ZooError) as refused:
            look(name)
        assert str(refused.value) == f"A network's name (={name}) must be a text such as 'resnet50'."


def test_a_long_value_is_cut_in_the_sentence() -> None:
    with pytest.raises(ZooError) as refused:
        zoo.build("resnet18", classes="9" * 1_000)
    assert len(str(refused.value)) < LETTERS + 80


values = st.one_of(
    st.integers(-5, 400), st.integers(), st.floats(), st.text(max_size=5), st.booleans(), st.none(), st.binary(max_size=3)
)
shapes = st.one_of(values, st.lists(values, max_size=5), st.tuples(*[st.integers(1, 120)] * 3))


@settings(max_examples=30)
@given(name=st.sampled_from(QUICK), classes=values, shape=shapes)
def test_whatever_is_asked_for_gives_rows_or_one_sentence(name: str, classes: Any, shape: Any) -> None:
    answer: str | tuple[zoo.Row, ...]
    try:
        answer = zoo.table(name, classes=classes, input_shape=shape)
    except ZooError as refused:
        answer = str(refused)
    if isinstance(answer, str):
        assert answer.endswith(".")
        assert "\n" not in answer
    else:
        assert answer[0].output_shape == (zoo.card(name).input_shape if shape is None else tuple(shape))
        assert sum(row.params for row in answer) > 0


# the least sides of these: by hand from their strides and windows without padding
@pytest.mark.parametrize(("name", "smallest"), [("nin_cifar10", 4), ("squeezenet", 35), ("squeezenet1_1", 17), ("lenet", 0)])
def test_the_smallest_size_of_a_card_is_measured(name: str, smallest: int) -> None:
    network = registry.find(name)
    assert network.card.smallest == 0
    assert network.measured() == zoo.card(name)
    assert zoo.card(name).smallest == smallest


def test_measuring_takes_no_memory_and_leaves_the_random_state() -> None:
    state = torch.get_rng_state()
    registry.find("nin_cifar10").measured()
    assert torch.equal(torch.get_rng_state(), state)
