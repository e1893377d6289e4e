import re
from math import floor

import pytest

from cnnviz import zoo
from cnnviz.zoo.counting import counts


def computed(formula):
    """A formula's two sides as numbers, by Python."""
    plain = re.sub(r"\\begin\{aligned\}|\\end\{aligned\}|&|\\,|\\\\", "", formula)
    plain = re.sub(r"\\frac\{(.*?)\}\{(.*?)\}", r"((\1)/(\2))", plain).replace(r"\cdot", "*")
    plain = plain.replace(r"\left\lfloor", "floor(").replace(r"\right\rfloor", ")")
    left, right = plain.split("=")
    return eval(left, {"floor": floor}), int(right)


@pytest.mark.parametrize("name", zoo.names())
def test_every_formula_gives_the_number_of_the_table(name):
    rows = zoo.table(name)
    for place, row in enumerate(rows):
        wanted = {"Parameters": row.params, "Multiply-adds": row.macs, "Map side": row.output_shape[-1]}
        for count in counts(rows, place):
            if count.formula:
                assert computed(count.formula) == (wanted[count.name], wanted[count.name])
            else:
                assert count.meaning.endswith(".")


def test_a_convolution_is_told_whole():
    rows = zoo.table("alexnet")
    told = {count.name: count for count in counts(rows, next(i for i, row in enumerate(rows) if row.name == "conv2"))}
    assert told["Parameters"].formula == (
        r"\begin{aligned}&5 \cdot 5 \cdot \frac{96}{2} \cdot 256 + 256\\&= 307\,456\end{aligned}"
    )
    assert told["Multiply-adds"].formula.endswith(r"\cdot 27 \cdot 27\\&= 223\,948\,800\end{aligned}")
    assert told["Map side"].formula.endswith("= 27")
    assert told["Parameters"].meaning == "kernel · input channels / groups · output channels + a bias each"


def test_what_has_no_formula_says_why():
    rows = zoo.table("lenet5_1998")
    told = [count.meaning for place in range(len(rows)) for count in counts(rows, place) if not count.formula]
    assert any("left out or shared" in meaning for meaning in told)


def test_a_pool_learns_nothing():
    rows = zoo.table("resnet18")
    assert any("learns nothing" in count.meaning for count in counts(rows, 4))
