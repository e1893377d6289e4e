"""The names that an Experiment may use, so that a page can check and offer them without loading torch.

A registry in torch's half of the engine defines exactly these; a test compares the two.
"""

NETS = ("mlp", "cnn", "maxout_difference")
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "linear", "prelu", "relu6", "maxout")
INITS = ("he", "glorot", "glorot_uniform", "he_uniform", "standard", "normal", "orthogonal", "zero")
NORMS = ("none", "batch", "layer")
OPTIMISERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
SCHEDULES = ("constant", "step", "cosine")
DATASETS = ("fashion_mnist", "digits", "shapes", "moons", "spirals", "circles", "blobs", "curve")
CURVES = ("absolute", "sine", "steps", "w", "drawn")
PRETRAININGS = ("none", "autoencoder", "greedy", "transfer")
SWEPT = (
    "labels", "train_examples", "batch_size", "steps", "lr", "momentum", "weight_decay", "depth", "width", "init_scale",
    "pretraining_steps", "corruption",
)  # fmt: skip
SWEEP_MEASURES = ("test_accuracy", "test_loss", "loss", "accuracy")
