"""Every limit on what cnnviz takes from outside, with its reason.

Those that `settings` has too are its defaults, which whoever runs cnnviz may change by an environment variable. The others hold
everywhere: links, stored recordings and the browser's scripts rely on them. docs/limits.md tells of all.
"""

# What a browser sends and is sent. The first two stand in .streamlit/config.toml, too.
UPLOAD_MB = 10  # of a learner's own picture, where a phone's photograph has 3 to 8; Streamlit refuses more before it is kept
PAGE_MESSAGE_MB = 10  # one websocket message, either way, of which a page's largest has 0.2; a longer one ends its connection
MESSAGE_BYTES = 65_536  # to the live channel, where an honest message has less than 200
MESSAGES_AT_ONCE = 80  # to the live channel: a panel that comes back says a few things, a dragged slider one a frame
MESSAGES_PER_SECOND = 30.0  # on average: above what a hand does, below what keeps others waiting
REPLIES = 32  # that wait for a browser which does not read them; the oldest is dropped
TOKEN_CHARACTERS = 100  # of a run's id, a token or an offer, where ours have at most 37
WATCHERS = 500  # of one run: a lecture hall; whoever began it is always let in
FRAMES_PER_SECOND = 15.0  # updates of a run to those who watch it: the eye needs no more

# A learner's own picture
JPEG_MEGAPIXELS = 50  # of a JPEG, which is decoded at a fraction of its size: the largest that phones take
PICTURE_MEGAPIXELS = 25  # of any other picture, which is decoded whole, one at a time: it takes up to 400 MB for a second or two
PICTURE_SIDE = 16  # pixels of each side at least: less is no picture
JPEG_PASSES = 40  # over one JPEG, each a tenth of a second at most; a progressive one has 10, its thumbnail more
PICTURE_READS = 100_000  # parts of one file, where 10 MB of a GIF have 80,000; 800,000 chunks of a PNG took 14 s
FILE_NAME_CHARACTERS = 40  # of a file's name that a sentence repeats

# Links
LINK_SETTINGS = 40  # query parameters; the page with the most knobs has 21
LINK_CHARACTERS = 300  # of one value; the longest honest one is a mini-batch of 12 numbers with 12 digits each
SEARCH_CHARACTERS = 60  # of the explorer's search; the longest title has 44

# Experiments
JSON_CHARACTERS = 10_000  # the longest preset has 362; one with every setting changed fits as well
NUMBERS = 50  # of a list in a setting, such as a sweep's values
STEPS = 200_000  # updates of one run; the longest preset makes 1,500 of them
SWEEP_RUNS = 400  # of one experiment that sweeps a setting or two; the largest preset has 56
BATCH_SIZE = 4_096  # examples; above it an update is hardly less noisy and only takes longer
DEPTH = 100  # layers with weights; a recording has a row for each, and a chart a place
WIDTH = 1_024  # units of a layer, or channels; the widest preset has 512
DRAWN_WIDTH = 16  # units of a layer where each unit and weight is drawn; a page with 1,024 took over a minute
DRAWN_DEPTH = 10  # layers, likewise
TRAINING_SET = 60_000  # examples: the whole of Fashion-MNIST
TEST_SET = 10_000  # examples: likewise
NETWORK_WIDTH = 1_000_000  # classes or input channels of a published network; ImageNet's largest set has 21,841 classes
IMAGE_SIDE = 1_024  # pixels that a published network is asked to look at; the largest that a paper uses here has 600
SNAPSHOTS = 2_000  # of a run, more than a chart has pixels; presets have at most 200

# Runs
RUNS_PER_LEARNER = 2  # running or queued at once, over all of a learner's pages
QUEUE = 100  # runs that wait, of all learners: a class of thirty does not meet it
GRACE_SECONDS = 12.0  # a run that nobody watches ends after this: time to reload a page
PAUSE_SECONDS = 600.0  # a paused run gives its worker back after this, since others wait for it
SILENCE_SECONDS = 60.0  # a run that reports nothing for so long is ended: it hangs, or its step is too large to watch
SLOWEST = 0.1  # steps a second that a learner may ask for: slower, a run would look as if it had stopped
FASTEST = 10_000  # steps a second that a learner may ask for: faster than any worker is
ENDED_RUNS = 64  # that can still be watched, 0.4 MB each: of a class of thirty, what its pages show
OFFERS = 2_000  # pages whose Train button is remembered, a few kB each
TIMING_MB = 1_500  # of weights and maps in a timed forward pass, beside whatever else trains on the machine
TIMING_GIGAMACS = 500  # 10⁹ multiply-adds of a timing in all: a minute or so on one core

# Disk and memory
CACHE_MB = 256  # of finished recordings on the disk, some hundred kB each
STORE_MEMORY_MB = 24  # of numbers in recordings at hand, which take a third more in Python: the presets have 15
RUN_MEMORY_MB = 0  # that a run may need by its estimate; 0: a training process's share of the machine's memory
SERVER_MEMORY_MB = 1_024  # of the machine's memory for the server itself, before training processes share the rest
WORKER_MEMORY_MB = 400  # of a training process that is warm and has no run
LEAST_RUN_MEMORY_MB = 512  # that a run may need on the smallest machine: every lesson's own presets
