"""Parts of an Experiment with a file of their own: measures, penalties, sweeps, slices through the loss surface, calculations."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz import zoo
from cnnviz.engine.fields import Checked, ExperimentError, choice, real, series, several, switch, whole
from cnnviz.engine.words import CALCULATIONS, SHRINKAGES, SLICES, STATISTICS, SWEEP_MEASURES, SWEPT
from cnnviz.limits import IMAGE_SIDE, SNAPSHOTS, SWEEP_RUNS

LOWEST = 1e-5  # λ of lasso: below it, rounding would decide which coefficients are in use


@dataclass(frozen=True)
class Measure(Checked):
    """How often a run is measured. It decides how large a recording is, never what is trained."""

    snapshots: int = whole(200, 2, SNAPSHOTS, "Snapshots", "a run")
    histograms: int = whole(40, 0, SNAPSHOTS, "Histograms", "a run")
    evaluations: int = whole(11, 0, SNAPSHOTS, "Test evaluations", "a run")
    units: bool = switch(False, "Units", help="Also measures inputs of activations, and dead units on the whole test set.")
    filters: int = whole(0, 0, 64, "Filters", "units", help="Units of layer 1 whose weights are recorded as images.")
    domains: bool = switch(
        False, "Domains", help="Also tests on shapes of every domain, and with batch norm's statistics renewed."
    )
    shift: bool = switch(False, "Shift", help="Also measures how far each layer's inputs move from snapshot to snapshot.")
    landscape: bool = switch(False, "Landscape", help="Also measures loss and gradient along steps of several sizes.")
    modes: bool = switch(False, "Modes", help="Also compares train mode with eval mode, and folds batch norm into the weights.")
    signal: bool = switch(False, "Signal", help="Also measures variances forward and backward, and rows of a weight matrix.")
    paths: bool = switch(False, "Paths", help="Also measures what all paths together do to the gradient at each layer.")
    shifts: bool = switch(False, "Shifts", help="Also tests a cnn on images moved by a few pixels.")
    unpooling: bool = switch(False, "Unpooling", help="Also rebuilds a cnn's first maps from what max pooling leaves of them.")
    confidence: bool = switch(
        False, "Confidence", help="Also measures logit margins, and on the test set how far confidence can be trusted."
    )
    confusion: bool = switch(False, "Confusion matrix", help="Also counts which class each test image is taken for.")
    clusters: bool = switch(False, "Clusters", help="Also measures what the output layer reads of the first three classes.")
    spectrum: bool = switch(False, "Spectrum", help="Also measures the largest singular value of each layer's weights.")
    weights: bool = switch(False, "Weights", help="Also measures how many weights are exactly 0, and a unit's largest norm.")
    training_set: bool = switch(False, "Training set", help="Also tests on the training set, as on the test set.")
    maps: bool = switch(False, "Maps", help="Also records feature maps with what is dropped of them, and how well it is guessed.")
    passes: int = whole(0, 0, 1_000, "Passes with masks", "a test image", help="MC dropout: how far their answers spread.")
    boundary: bool = switch(False, "Boundary", help="Also maps the probability of two classes of points over the plane.")


@dataclass(frozen=True)
class Sweep(Checked):
    """One setting over several values, each with several seeds: many small runs recorded as one curve; with a second setting
    across, as a map."""

    sweep_over: str = choice("none", ("none", *SWEPT), "Sweep over")
    sweep_values: tuple[float, ...] = series("Values")
    sweep_seeds: int = whole(1, 1, 20, "Seeds", "a value")
    sweep_measure: str = choice("test_accuracy", SWEEP_MEASURES, "Measured at the end")
    sweep_across: str = choice("none", ("none", *SWEPT), "Sweep across", help="A second setting: each of its values with each.")
    sweep_across_values: tuple[float, ...] = series("Values across")
    sweep_examples: int = whole(
        0, 100, 10_000_000, "Seen by a run", "examples", off=0, log=True, help="Over batch sizes: a run's updates follow from it."
    )
    sweep_scaled: bool = switch(
        False, "Rate follows the batch", help="Over batch sizes: the rate is that of the experiment times batch size / its own."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sweep_across != "none" and self.sweep_across == self.sweep_over:
            raise ExperimentError(f"sweep_across (='{self.sweep_across}') must be another setting than sweep_over.")
        runs = len(self.sweep_values) * max(1, len(self.sweep_across_values)) * self.sweep_seeds
        if runs > SWEEP_RUNS:
            raise ExperimentError(
                f"A sweep of {len(self.sweep_values)} sweep_values, {len(self.sweep_across_values)} sweep_across_values and "
                f"{self.sweep_seeds} sweep_seeds has {runs:,} runs, at most {SWEEP_RUNS} are made."
            )

    @property
    def runs(self) -> int:
        """How many runs there are, 0 where nothing is swept."""
        across = len(self.sweep_across_values) if self.sweep_across != "none" else 1
        return len(self.sweep_values) * across * self.sweep_seeds if self.sweep_over != "none" else 0


@dataclass(frozen=True)
class Surface(Checked):
    """The loss around the trained weights, along one random direction or two; evaluated once training has ended."""

    surface: bool = switch(False, "Loss surface", help="Evaluates the loss around the trained weights.")
    surface_slice: str = choice("plane", SLICES, "Slice", help="line: along one random direction. plane: along two.")
    surface_points: int = whole(12, 1, 30, "Points", "to each side of the trained net")
    surface_reach: float = real(
        1.0, 0.01, 10.0, "Reach", "× each filter's norm", log=True, help="How far the slice goes to each side of the trained net."
    )
    surface_examples: int = whole(256, 10, 2_048, "Examples", log=True, help="Over which each loss of the slice is a mean.")
    surface_statistics: str = choice(
        "batch",
        STATISTICS,
        "Batch norm uses",
        help="batch: the examples' own mean and variance at each point, as in training. running: those that training has kept, "
        "at every point the same.",
    )
    surface_seed: int = whole(0, 0, 2**31 - 1, "Seed of the directions")

    @property
    def evaluations(self) -> int:
        """Points of the slice, 0 without one."""
        along = 2 * self.surface_points + 1
        return 0 if not self.surface else along if self.surface_slice == "line" else along**2


@dataclass(frozen=True)
class Penalty(Checked):
    """What is done to each weight, but to no bias, after each update; 0 switches each off. See `penalties`."""

    l1: float = real(
        0.0, 1e-8, 1.0, "Penalty L1", "λ₁", off=0.0, log=True,
        help="After each update a weight moves rate × λ₁ towards 0, and stays there. With weight decay it is the elastic net.",
    )  # fmt: skip
    max_norm: float = real(
        0.0, 1e-3, 1e3, "Max-norm", "L2, a unit's weights", off=0.0, log=True,
        help="After each update a unit's incoming weights are scaled back to this norm where they exceed it.",
    )  # fmt: skip


@dataclass(frozen=True)
class Calculation(Checked):
    """A calculation instead of a training run; the other settings are those of batch normalisation of one feature."""

    calculation: str = choice("none", CALCULATIONS, "Calculation")
    batch: tuple[float, ...] = several((18, 25, 31, 38, 46, 55, 67, 80), -1e4, 1e4, 12, "Mini-batch", "x₁, x₂, …")
    upstream: tuple[float, ...] = several(
        (0.5, -0.2, 0.1, 0.3, -0.4, 0.2, -0.1, 0.6), -1e4, 1e4, 12, "Upstream gradients", "∂ℓ/∂y₁, …",
        help="Where there are fewer of them than examples, the others are 0.",
    )  # fmt: skip
    gamma: float = real(1.0, -10.0, 10.0, "γ", help="Scale, learned in a net.")
    beta: float = real(0.0, -10.0, 10.0, "β", help="Shift, learned in a net.")
    epsilon: float = real(1e-5, 1e-12, 100.0, "ε", log=True, help="Keeps the division finite where all of a batch are equal.")


@dataclass(frozen=True)
class Polynomial(Checked):
    """The calculation “polynomial”: y(x) = w₀ + w₁x + … fitted to points of a noisy sine. See `polynomials`."""

    degree: int = whole(9, 0, 9, "Degree M", help="The highest power of x; there are M + 1 coefficients.")
    shrinkage: str = choice("ridge", SHRINKAGES, "Penalty", help="ridge: λ/2 times Σ w². lasso: λ times Σ |w|.")
    strength: float = real(
        0.0, 1e-20, 1e3, "Penalty λ", off=0.0, log=True, help="0: least squares. Lasso is computed from 10⁻⁵ up."
    )
    points: int = whole(10, 10, 1_000, "Points", log=True, help="10: those of Bishop's book. More: drawn with the same noise.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shrinkage == "lasso" and 0 < self.strength < LOWEST:
            raise ExperimentError(f"strength (={self.strength:g}) must be at least {LOWEST:g} for lasso, or 0 for off.")


@dataclass(frozen=True)
class Stopping(Checked):
    """When training ends before its last step. It depends on no measurement: what is recorded changes nothing."""

    validation: int = whole(
        0, 10, 30_000, "Validation set", "examples", off=0, help="Held out of the training set, to choose by; no test example is."
    )
    patience: int = whole(
        0, 1, 1_000, "Patience", "looks", off=0,
        help="Ends after so many looks at the validation set without a new best, and puts the best weights back.",
    )  # fmt: skip
    look_every: int = whole(10, 1, 10_000, "Look every", "updates", log=True, help="How often early stopping looks.")


@dataclass(frozen=True)
class Timing(Checked):
    """The calculation “timing”: `steps` forward passes of a published network over `batch_size` examples. See `timing`."""

    network: str = choice("resnet18", zoo.names, "Published network")
    input_side: int = whole(0, 1, IMAGE_SIDE, "Side of the input", "pixels", off=0, help="off: the paper's own.")
