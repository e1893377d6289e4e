"""The small networks that lessons train: `build` makes one from a Net; `.layers` names what is measured, input side first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Generator

from cnnviz.engine.compatible import check_dropout, check_net
from cnnviz.engine.experiment import Dropout, Net
from cnnviz.engine.nets.cnn import Cnn, cnn
from cnnviz.engine.nets.committee import Ensemble, Mixture
from cnnviz.engine.nets.difference import MaxoutDifference, maxout_difference
from cnnviz.engine.nets.drops import DROPS
from cnnviz.engine.nets.drops.masks import seed_masks
from cnnviz.engine.nets.ensemble import ensemble, mixture
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.nets.mlp import Mlp, mlp
from cnnviz.engine.nets.norms.noisy_batch import seed_noise
from cnnviz.engine.nets.pooling.stochastic import seed_pools
from cnnviz.engine.nets.rnn import Rnn, rnn

Network = Mlp | Cnn | MaxoutDifference | Rnn | Ensemble | Mixture
Builder = Callable[[Net, Sequence[int], int, Generator], Network]

NETS: dict[str, Builder] = {
    "mlp": mlp,
    "cnn": cnn,
    "maxout_difference": maxout_difference,
    "rnn": rnn,
    "ensemble": ensemble,
    "mixture": mixture,
}


def build(net: Net, input_shape: Sequence[int], classes: int, generator: Generator, dropout: Dropout | None = None) -> Network:
    """The network on the CPU, its weights drawn from `generator`, the same on every device.

    input_shape: of one example, without the batch. dropout: of its hidden layers, None for no dropout. Raises ExperimentError
    where the net can't read such examples, or where its settings do not go together.
    """
    check_net(net)
    check_dropout(net, dropout or Dropout())
    built = NETS[net.net](net, input_shape, classes, generator)
    seed_noise(built, generator.initial_seed())
    if dropout is not None and dropout.dropout != "none":
        *hidden, _output = built.layers.values()
        for layer in hidden:
            assert isinstance(layer, Layer)
            layer.drop_with(DROPS[dropout.dropout](dropout))
        seed_masks(built, generator.initial_seed())
    seed_pools(built, generator.initial_seed())
    return built
