import pytest

from cnnviz import zoo
from cnnviz.settings import Settings
from cnnviz.zoo import ZooError
from cnnviz.zoo.timed import refusal

LIMITS = Settings(timing_mb=1_000, timing_gigamacs=100)


def test_what_fits_is_not_refused():
    assert refusal("resnet18", 0, 1, 20, LIMITS) == ""
    assert refusal("resnet18", 224, 1, 20, LIMITS) == ""


def test_too_much_memory_is_refused_with_the_number_and_the_way_out():
    cost = zoo.costs("resnet18")[512]
    needed = 4 * (zoo.totals("resnet18").params + 64 * cost.alive)
    told = refusal("resnet18", 512, 64, 5, LIMITS)
    assert told.startswith(f"64 examples of 512 × 512 would take ResNet-18 at least {needed / 1e6:,.0f} MB of memory, more than")
    assert "the 1,000 that this server gives a timing: choose fewer examples at once, or a smaller side." in told


def test_too_much_work_is_refused_with_the_number_and_the_way_out():
    macs = zoo.totals("vgg16").macs
    told = refusal("vgg16", 0, 1, 20, LIMITS)
    assert f"are {21 * macs / 1e9:,.0f} thousand million multiply-adds, more than the 100 that this server" in told
    assert told.startswith("20 passes of VGG-16 over 1 example of 224 × 224, and one to warm up,")


def test_work_up_to_the_limit_is_done():
    work = 21 * zoo.totals("resnet18").macs / 1e9
    assert refusal("resnet18", 0, 1, 20, Settings(timing_gigamacs=int(work) + 1)) == ""
    assert refusal("resnet18", 0, 1, 20, Settings(timing_gigamacs=int(work))) != ""


def test_a_size_that_was_not_counted_is_refused_with_those_that_were():
    assert refusal("alexnet", 224, 1, 5, LIMITS) == "AlexNet (two towers, 2012) was not counted at 224 × 224: choose one of 227."


def test_an_image_below_the_smallest_is_refused_with_that():
    said = refusal("inception_v3", 48, 1, 5, LIMITS)
    assert said.startswith("Inception v3 takes images of at least 75 × 75: choose one of 96, 128, ")


def test_every_network_may_be_timed_once_at_its_own_size():
    assert {name: refusal(name, 0, 1, 10) for name in zoo.names()} == dict.fromkeys(zoo.names(), "")


def test_an_unknown_network_is_told():
    with pytest.raises(ZooError, match="There is no network 'resnet19'"):
        refusal("resnet19", 0, 1, 5)
