"""What settings do not go together, told before anything is built. Torch-free: the page's code export asks, too."""

from __future__ import annotations

from cnnviz.engine.data import points2d
from cnnviz.engine.experiment import Dropout, Experiment, ExperimentError, Net
from cnnviz.engine.words import (
    COLOURED,
    COMMITTEES,
    IMAGES,
    MAP_DROPS,
    NEVER_NEGATIVE,
    NORMS_OVER_EXAMPLES,
    NORMS_OVER_TIME,
    TWO_IN_THE_PLANE,
    WEIGHT_DROPS,
    WEIGHT_NORMS,
)

CLUSTERS = 3  # classes whose clusters are measured


def check(experiment: Experiment) -> None:
    """Raises ExperimentError where a net can't be built, or can't be trained on such batches."""
    check_net(experiment.net)
    check_dropout(experiment.net, experiment.dropout)
    _check_augmentation(experiment)
    net = experiment.net
    _check_batch(experiment)
    _check_classes(experiment)
    _check_teacher(experiment)
    _check_pretraining(experiment)
    if net.net == "rnn" and experiment.measure.filters:
        raise ExperimentError(
            f"filters (={experiment.measure.filters}) must be 0 for net (=rnn): its weights read a row, and are no images."
        )
    if net.net == "rnn" and experiment.measure.shift:
        raise ExperimentError("shift (=True) must be off for net (=rnn): all its time steps are one layer, with none below it.")
    _check_validation(experiment)
    if net.net in COMMITTEES:
        _check_committee(experiment)
    if experiment.measure.boundary and experiment.data.dataset not in TWO_IN_THE_PLANE:
        raise ExperimentError(
            f"boundary (=True) must have one of the data sets {', '.join(TWO_IN_THE_PLANE)}, not {experiment.data.dataset}: it "
            "maps two classes over the plane."
        )
    if experiment.measure.domains and experiment.data.dataset not in COLOURED:
        raise ExperimentError(f"domains (=True) needs the data set shapes: {experiment.data.dataset} has no domains.")
    for setting, needs in (("shifts", "moves images"), ("unpooling", "rebuilds maps")):
        if experiment.get(setting) and net.net != "cnn":
            raise ExperimentError(f"{setting} (=True) {needs}: it must be off for net (={net.net}), or net must be cnn.")


def _check_batch(experiment: Experiment) -> None:
    size, examples, held = experiment.batch_size, experiment.data.train_examples, experiment.stopping.validation
    if size > examples - held:
        less = f", less the validation set (={held})" if held else ""
        raise ExperimentError(f"batch_size (={size}) must be at most train_examples (={examples}){less}.")
    if experiment.net.norm in NORMS_OVER_EXAMPLES and experiment.net.net != "cnn" and size == 1:
        raise ExperimentError(
            f"batch_size (=1) must be at least 2 for norm (={experiment.net.norm}) without maps: a single value is its own mean."
        )


def _check_augmentation(experiment: Experiment) -> None:
    dataset, used = experiment.data.dataset, experiment.augmentation.used
    if used and dataset not in IMAGES:
        name, strength = next(iter(used.items()))
        raise ExperimentError(f"{name} (={strength:g}) must be 0 for {dataset}: augmentations change images.")
    for name in ("fancy_pca", "hue"):
        if name in used and dataset not in COLOURED:
            raise ExperimentError(f"{name} (={used[name]:g}) must be 0 for {dataset}, whose images have no colours.")
    if used.keys() >= {"mixup", "cutmix"}:
        raise ExperimentError(
            f"mixup (={used['mixup']:g}) must be 0 beside cutmix (={used['cutmix']:g}): one of them mixes the labels."
        )


def _check_classes(experiment: Experiment) -> None:
    """Raises ExperimentError where something is asked of classes that are not there."""
    dataset, measure = experiment.data.dataset, experiment.measure
    if dataset == "curve":
        for name in ("confidence", "confusion", "clusters", "passes", "smoothing", "labels", "task_classes"):
            value = experiment.get(name)
            if value:
                off = "off" if value is True else "0"
                raise ExperimentError(f"{name} (={value}) must be {off} for the data set curve: it has no classes.")
    classes = experiment.pretraining.task_classes or len(points2d.CLASSES.get(dataset, ()))
    if measure.clusters and 0 < classes < CLUSTERS:
        raise ExperimentError(
            f"clusters (=True) must have {CLUSTERS} classes, whose templates span a plane; here there are {classes}."
        )


def _check_committee(experiment: Experiment) -> None:
    net, measure = experiment.net.net, experiment.measure
    if experiment.augmentation.used:
        raise ExperimentError(f"{next(iter(experiment.augmentation.used))} must be 0 for net (={net}).")
    if experiment.data.dataset == "curve":
        raise ExperimentError(f"net (={net}) must have a data set of classes, not curve: its members give probabilities.")
    for setting, value in (("shift", measure.shift), ("clusters", measure.clusters), ("filters", measure.filters)):
        if value:
            raise ExperimentError(f"{setting} (={value}) must be off for net (={net}): its layers are those of several nets.")


def _check_validation(experiment: Experiment) -> None:
    held_out, patience = experiment.stopping.validation, experiment.stopping.patience
    if patience and not held_out:
        raise ExperimentError(f"patience (={patience}) must have a validation set to look at: set validation, which is 0.")
    if held_out and experiment.data.dataset == "curve":
        raise ExperimentError(f"validation (={held_out}) must be 0 for the data set curve, whose last examples lie at its end.")
    for setting in ("labels", "task_classes", "pretraining_steps"):
        if held_out and experiment.get(setting):
            raise ExperimentError(f"validation (={held_out}) must be 0 where {setting} (={experiment.get(setting)}) is used.")


def _check_teacher(experiment: Experiment) -> None:
    """Raises ExperimentError where a teacher could not teach."""
    if not experiment.distillation.teacher:
        return
    given = experiment.pretraining
    if experiment.net.net == "ensemble":
        raise ExperimentError("teacher (=True) must be off for net (=ensemble), whose members learn from examples of their own.")
    if experiment.data.dataset == "curve":
        raise ExperimentError("teacher (=True) must be off for the data set curve: it has no classes to have an opinion on.")
    if given.pretraining != "none":
        raise ExperimentError(f"pretraining (={given.pretraining}) must be none beside a teacher, which learns in those updates.")
    if not given.pretraining_steps:
        raise ExperimentError("pretraining_steps (=0) must be at least 1 with a teacher, which learns in those updates.")
    if experiment.dropout.dropout != "none":
        raise ExperimentError(f"dropout (={experiment.dropout.dropout}) must be none with a teacher, which would have it, too.")
    if given.task_classes:
        raise ExperimentError(f"task_classes (={given.task_classes}) must be 0 with a teacher: it knows all classes.")


def _check_pretraining(experiment: Experiment) -> None:
    """Raises ExperimentError where a net is none that the schemes can read."""
    scheme = experiment.pretraining.pretraining
    if scheme != "none" and experiment.pretraining.pretraining_steps and experiment.net.net != "mlp":
        raise ExperimentError(f"net (={experiment.net.net}) must be mlp for pre-training.")


def check_net(net: Net) -> None:
    """Raises ExperimentError where a net's settings do not go together."""
    if net.norm == "group" and net.width % net.groups:
        raise ExperimentError(f"width (={net.width}) must be divisible by groups (={net.groups}).")
    if net.norm == "group" and net.groups == net.width and net.net != "cnn":
        raise ExperimentError(
            f"groups (={net.groups}) must be less than width (={net.width}) without maps: a group of one unit is its own mean."
        )
    if net.norm == "instance" and net.net != "cnn":
        raise ExperimentError(
            f"norm (=instance) must have net (=cnn), not {net.net}: without a map each channel has one value, its own mean."
        )
    if net.net == "rnn":
        _check_recurrent(net)
    if net.net == "cnn" and net.pooling == "stochastic":
        _check_drawn_from(net)
    if net.norm in WEIGHT_NORMS and (net.init == "zero" or net.init_scale == 0):
        raise ExperimentError(f"norm (={net.norm}) divides weights by their size: init (={net.init}) must not make that 0.")
    if net.norm in WEIGHT_NORMS and net.init == "lsuv":
        raise ExperimentError(f"init (=lsuv) must be another for norm (={net.norm}), which undoes any factor on the weights.")


def _check_drawn_from(net: Net) -> None:
    if net.activation not in NEVER_NEGATIVE:
        raise ExperimentError(
            f"activation (={net.activation}) must be one of {', '.join(NEVER_NEGATIVE)} for pooling (=stochastic), which takes "
            "outputs as chances: none may be negative."
        )
    if net.skip:
        raise ExperimentError("skip (=True) must be off for pooling (=stochastic): what it adds may be negative.")


def _check_recurrent(net: Net) -> None:
    if net.norm not in NORMS_OVER_TIME:
        raise ExperimentError(f"norm (={net.norm}) must be one of {', '.join(NORMS_OVER_TIME)} for net (=rnn).")
    if net.skip:
        raise ExperimentError("skip (=True) must be off for net (=rnn): a time step's input is longer than its output.")
    if net.init == "lsuv":
        raise ExperimentError("init (=lsuv) must be another for net (=rnn): all time steps have the same weights to rescale.")


def check_dropout(net: Net, given: Dropout) -> None:
    """Raises ExperimentError where a net has nothing that such a dropout could drop."""
    kind = given.dropout
    if kind == "none":
        return
    if net.net == "rnn":
        raise ExperimentError(f"dropout (={kind}) must be none for net (=rnn): dropped anew at each row, nothing is remembered.")
    if net.net == "maxout_difference":
        raise ExperimentError(f"dropout (={kind}) must be none for net (=maxout_difference): it has no hidden layer.")
    if net.net in ("ensemble", "mixture"):
        raise ExperimentError(f"dropout (={kind}) must be none for net (={net.net}): its members differ as it is.")
    if kind in MAP_DROPS and net.net != "cnn":
        raise ExperimentError(f"dropout (={kind}) must have net (=cnn), not {net.net}: it drops channels or squares of maps.")
    if kind in WEIGHT_DROPS and net.norm in WEIGHT_NORMS:
        raise ExperimentError(f"norm (={net.norm}) must be none or one of outputs for dropout (={kind}): both remake weights.")
    if kind in WEIGHT_DROPS and net.init == "lsuv":
        raise ExperimentError(f"init (=lsuv) must be another for dropout (={kind}): it would be tuned to one mask.")
