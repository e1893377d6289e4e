from cnnviz import zoo
from cnnviz.zoo.compare import compared
from cnnviz.zoo.graph import layers


def test_a_network_is_the_same_as_itself():
    rows = zoo.table("resnet18")
    pairs = compared(rows, rows)
    assert [pair.a for pair in pairs] == [pair.b for pair in pairs] == list(layers(rows))
    assert all(pair.same for pair in pairs)


def test_every_layer_of_both_is_told_once_in_its_order():
    a, b = zoo.table("alexnet"), zoo.table("vgg16")
    pairs = compared(a, b)
    assert [pair.a for pair in pairs if pair.a] == list(layers(a))
    assert [pair.b for pair in pairs if pair.b] == list(layers(b))


def test_a_plain_network_lacks_the_skips_of_a_residual_one_and_nothing_else():
    differing = [pair for pair in compared(zoo.table("resnet34"), zoo.table("plain34")) if not pair.same]
    weighted = [
        part for pair in differing for part in (pair.a, pair.b) if part and part.kind == "conv" and "shortcut" in part.name
    ]
    assert len(weighted) == 3  # the projections of the three stages that halve the map
    assert sum(pair.a is not None and pair.a.kind == "add" for pair in differing) == 16


def test_another_stride_is_a_difference():
    differing = [pair for pair in compared(zoo.table("resnet50"), zoo.table("resnet50_v1_5")) if not pair.same]
    assert differing
    assert all(pair.a and pair.b and pair.a.name == pair.b.name for pair in differing)
