from cnnviz import zoo
from cnnviz.zoo.budget import budget


def test_work_and_maps_grow_with_the_batch_and_weights_do_not():
    cost, params = zoo.costs("vgg16")[224], zoo.totals("vgg16").params
    one, many = (budget(params, cost, batch) for batch in (1, 64))
    assert many.weights == one.weights == 4 * 138_357_544
    assert many.state == one.state == 4 * one.weights
    assert many.macs == 64 * one.macs == 64 * sum(row.macs for row in zoo.table("vgg16"))
    assert (many.maps, many.alive) == (64 * one.maps, 64 * one.alive)
    assert one.maps == 4 * sum(row.activations for row in zoo.table("vgg16"))
    assert many.training == many.state + many.maps
    assert many.inference == many.weights + many.alive
