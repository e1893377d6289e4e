"""Everything that draws on a Streamlit page; the only package that imports streamlit."""

from cnnviz.ui.closing import closing
from cnnviz.ui.controls import Knobs, controls, describe
from cnnviz.ui.cube import cube as norm_cube
from cnnviz.ui.domains import domains
from cnnviz.ui.fancy_pca import fancy_pca
from cnnviz.ui.gallery import gallery
from cnnviz.ui.home import chapters, start_button
from cnnviz.ui.lesson import answered, findings, opening, predict, read_more, remark, theory, try_this
from cnnviz.ui.live import Tabs, Variants, live
from cnnviz.ui.own_picture import own_picture
from cnnviz.ui.picture import picture
from cnnviz.ui.pools import pooled_maps, rebuilt_picture, region_draws
from cnnviz.ui.replay import replay
from cnnviz.ui.slices import SLICE_SETTINGS, slices
from cnnviz.ui.smoothed import smoothed_targets
from cnnviz.ui.table import numbers, table
from cnnviz.ui.weight_masks import weight_masks

__all__ = [
    "SLICE_SETTINGS",
    "Knobs",
    "Tabs",
    "Variants",
    "answered",
    "chapters",
    "closing",
    "controls",
    "describe",
    "domains",
    "fancy_pca",
    "findings",
    "gallery",
    "live",
    "norm_cube",
    "numbers",
    "opening",
    "own_picture",
    "picture",
    "pooled_maps",
    "predict",
    "read_more",
    "rebuilt_picture",
    "region_draws",
    "remark",
    "replay",
    "slices",
    "smoothed_targets",
    "start_button",
    "table",
    "theory",
    "try_this",
    "weight_masks",
]
