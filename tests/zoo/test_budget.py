from cnnviz import zoo
from cnnviz.zoo.budget import budget


def test_work_and_maps_grow_with_the_batch_and_weights_do_not():
    one, many = (budget(zoo.totals("vgg16"), batch) for batch in (1, 64))
    assert many.weights == one.weights == 4 * 138_357_544
    assert many.training == one.training == 4 * one.weights
    assert many.macs == 64 * one.macs == 64 * sum(row.macs for row in zoo.table("vgg16"))
    assert many.activations == 64 * one.activations
    assert one.activations == 4 * sum(row.activations for row in zoo.table("vgg16")[1:])
