"""The names that an Experiment may use, so that a page can check and offer them without loading torch.

A registry in torch's half of the engine defines exactly these; a test compares the two.
"""

COMMITTEES = ("ensemble", "mixture")  # of several mlps
NETS = ("mlp", "cnn", "maxout_difference", "rnn", *COMMITTEES)
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "linear", "prelu", "relu6", "maxout")
INITS_WITH_STD = ("normal", "constant", "uniform")  # their spread is the setting init_std
MORE_INITS = ("constant", "uniform", "he_fan_out", "he_fan_out_uniform", "lsuv")
INITS = ("he", "glorot", "glorot_uniform", "he_uniform", "standard", "normal", "orthogonal", "zero", *MORE_INITS)
WEIGHT_NORMS = ("weight", "spectral")  # of a layer's weights, not of its outputs
NORMS_OVER_EXAMPLES = ("batch", "noisy_batch")  # of a batch
NORMS = ("none", "batch", "layer", "instance", "group", "noisy_batch", *WEIGHT_NORMS)
NORMS_OVER_TIME = ("none", "batch", "layer", "group")  # those that a recurrent net may have
OVER_TIME = ("each", "shared")
WEIGHT_DROPS = ("drop_connect",)  # of a layer's weights, not of its outputs
MAP_DROPS = ("spatial", "drop_block")  # of maps alone
DROPS = ("none", "plain", "inverted", *MAP_DROPS, *WEIGHT_DROPS)
POOLINGS = ("max", "average", "stochastic", "lp", "strided", "blur", "none")
NEVER_NEGATIVE = ("sigmoid", "relu", "relu6")  # activations that a stochastic pool can draw from
ENDINGS = ("global_average", "flatten")
OPTIMISERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
SCHEDULES = ("constant", "step", "cosine")
DATASETS = ("fashion_mnist", "digits", "shapes", "moons", "spirals", "circles", "blobs", "border", "curve")
TWO_IN_THE_PLANE = ("moons", "spirals", "circles", "border")  # data sets of points of two classes
IMAGES = ("fashion_mnist", "digits", "shapes")  # the data sets of images
COLOURED = ("shapes",)
DOMAINS = ("any", "red", "green", "blue", "grey", "negative")
CURVES = ("absolute", "sine", "steps", "w", "drawn")
PRETRAININGS = ("none", "autoencoder", "greedy", "transfer")
CALCULATIONS = ("none", "batch_norm", "polynomial", "dropout", "timing")
SHRINKAGES = ("ridge", "lasso")
SWEPT = (
    "labels", "train_examples", "batch_size", "steps", "lr", "momentum", "weight_decay", "l1", "max_norm", "depth", "width",
    "init_scale", "pretraining_steps", "corruption", "smoothing", "keep",
)  # fmt: skip
SWEEP_MEASURES = ("test_accuracy", "test_loss", "loss", "accuracy", "ece", "loss_gap", "accuracy_gap")
SMOOTHED_OVER = ("others", "all")
SLICES = ("line", "plane")
STATISTICS = ("batch", "running")
SHIFTS = (0, 1, 2, 3, 4)  # pixels that test images are moved by
AUGMENTATIONS = (
    "fancy_pca", "jitter", "hue", "flip", "crop", "crop_padding", "translate", "rotate", "pixel_noise", "cutout",
)  # fmt: skip
MIXINGS = ("mixup", "cutmix")  # augmentations of two images, which change the labels, too
UNPOOLINGS = ("switches", "corner", "spread")  # where a maximum goes when a map is brought back to its size

SAME_NUMBERS = (
    "Same seed, same numbers, with the same torch, processor and number of threads. Elsewhere sums round otherwise, and losses "
    "part, often after some 50 steps: with two threads in place of one, eight ReLU layers were 5 % apart at step 60."
)
