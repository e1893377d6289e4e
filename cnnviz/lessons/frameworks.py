"""Initialisation schemes as formulas, and in the words of PyTorch, Keras and TensorFlow."""

from __future__ import annotations

import math

from cnnviz.engine.experiment import Experiment

FORMULAS = {
    "he": r"W \sim \mathcal{N}\big(0,\, \tfrac{2}{n_{in}}\big)",
    "he_uniform": r"W \sim \mathcal{U}\big(\pm\sqrt{6 / n_{in}}\big)",
    "he_fan_out": r"W \sim \mathcal{N}\big(0,\, \tfrac{2}{n_{out}}\big)",
    "he_fan_out_uniform": r"W \sim \mathcal{U}\big(\pm\sqrt{6 / n_{out}}\big)",
    "glorot": r"W \sim \mathcal{N}\big(0,\, \tfrac{2}{n_{in} + n_{out}}\big)",
    "glorot_uniform": r"W \sim \mathcal{U}\big(\pm\sqrt{6 / (n_{in} + n_{out})}\big)",
    "standard": r"W \sim \mathcal{U}\big(\pm 1/\sqrt{n_{in}}\big)",
    "normal": r"W \sim \mathcal{N}(0,\, \sigma^2)",
    "uniform": r"W \sim \mathcal{U}(\pm\sqrt{3}\,\sigma)",
    "constant": r"W_{ji} = \sigma",
    "zero": r"W_{ji} = 0",
    "orthogonal": r"W^\top W = I",
    "lsuv": r"W \leftarrow W / \sqrt{\mathrm{Var}(z)} \text{ until } \mathrm{Var}(z) \approx 1 \text{, layer by layer}",
}

_LSUV_TORCH = """nn.init.orthogonal_(layer.weight)
z = layer(batch)                       # batch: what the layers below, already tuned, give
while abs(z.var() - 1) > 0.01:
    layer.weight.mul_(z.var() ** -0.5)  # under torch.no_grad()
    z = layer(batch)"""
_LSUV_KERAS = """layer = Dense(units, kernel_initializer="orthogonal")
z = layer(batch)  # no initialiser sees data: rescale after building
while abs(keras.ops.var(z) - 1) > 0.01:
    layer.kernel.assign(layer.kernel / keras.ops.std(z))
    z = layer(batch)"""
_LSUV_TENSORFLOW = """W = tf.Variable(tf.initializers.Orthogonal()(shape=[784, 256]))
while abs(tf.math.reduce_variance(x @ W) - 1) > 0.01:
    W.assign(W / tf.math.reduce_std(x @ W))"""

_TORCH = {
    "he": 'nn.init.kaiming_normal_({w}, nonlinearity="relu")',
    "he_uniform": 'nn.init.kaiming_uniform_({w}, nonlinearity="relu")',
    "he_fan_out": 'nn.init.kaiming_normal_({w}, mode="fan_out", nonlinearity="relu")',
    "he_fan_out_uniform": 'nn.init.kaiming_uniform_({w}, mode="fan_out", nonlinearity="relu")',
    "glorot": "nn.init.xavier_normal_({w})",
    "glorot_uniform": "nn.init.xavier_uniform_({w})",
    "standard": "nn.init.kaiming_uniform_({w}, a=5**0.5)  # what nn.Linear does by itself",
    "normal": "nn.init.normal_({w}, std={std})",
    "uniform": "nn.init.uniform_({w}, -{bound}, {bound})",
    "constant": "nn.init.constant_({w}, {std})",
    "zero": "nn.init.zeros_({w})",
    "orthogonal": "nn.init.orthogonal_({w})",
}
_VARIANCE_SCALING = 'VarianceScaling({scale}, mode="{mode}", distribution="{kind}")'
_KERAS = {
    "he": _VARIANCE_SCALING.format(scale="2.0", mode="fan_in", kind="untruncated_normal"),
    "he_uniform": "HeUniform()",
    "he_fan_out": _VARIANCE_SCALING.format(scale="2.0", mode="fan_out", kind="untruncated_normal"),
    "he_fan_out_uniform": _VARIANCE_SCALING.format(scale="2.0", mode="fan_out", kind="uniform"),
    "glorot": _VARIANCE_SCALING.format(scale="1.0", mode="fan_avg", kind="untruncated_normal"),
    "glorot_uniform": "GlorotUniform()  # the default of Dense and Conv2D",
    "standard": _VARIANCE_SCALING.format(scale="1 / 3", mode="fan_in", kind="uniform"),
    "normal": "RandomNormal(stddev={std})",
    "uniform": "RandomUniform(-{bound}, {bound})",
    "constant": "Constant({std})",
    "zero": "Zeros()",
    "orthogonal": "Orthogonal()",
}


def in_frameworks(experiment: Experiment) -> dict[str, str]:
    """The scheme of an experiment, unscaled, in the words of PyTorch, Keras and TensorFlow."""
    init, std = experiment.net.init, experiment.net.init_std
    if init == "lsuv":
        return {"PyTorch": _LSUV_TORCH, "Keras": _LSUV_KERAS, "TensorFlow": _LSUV_TENSORFLOW}
    told = {"w": "layer.weight", "std": f"{std:g}", "bound": f"{math.sqrt(3) * std:.4g}"}
    scheme, _, remark = _KERAS[init].format(**told).partition("  # ")
    comment = f"  # {remark}" if remark else ""
    return {
        "PyTorch": f"layer = nn.Linear(784, 256)\n{_TORCH[init].format(**told)}\nnn.init.zeros_(layer.bias)",
        "Keras": f"init = keras.initializers.{scheme}{comment}\nlayer = keras.layers.Dense(256, kernel_initializer=init)",
        "TensorFlow": f"init = tf.keras.initializers.{scheme}{comment}\nW = tf.Variable(init(shape=[784, 256]))",
    }
