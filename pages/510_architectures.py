"""The architecture explorer.

Needs: 310 batch normalisation, 410 overfitting. Leads to: 520 network in network and Inception.
"""

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.ui.zoo import explorer

page = lessons.explorer(__file__)

ui.opening(page)
explorer(page)
ui.theory(
    st.container(),
    "How layers are counted",
    (
        r"\text{parameters} = k_h\, k_w\, \frac{C_{in}}{g}\, C_{out} + C_{out}",
        "A convolution of *g* groups; the last term is its bias, which is left out where a norm follows.",
    ),
    (
        r"\text{multiply-adds} = k_h\, k_w\, \frac{C_{in}}{g}\, C_{out} \cdot H_{out}\, W_{out}",
        "Each weight is used once at each place of the output map. Papers often call them FLOPs, which would be twice as many.",
    ),
    (
        r"r_l = r_{l-1} + (k_l - 1) \prod_{i<l} s_i",
        "What one value **sees**: the receptive field grows with each kernel, the faster the more strides *s* stand before it. "
        "Through a gate, which weighs maps by what it read from all of them, or through attention each value sees the whole "
        "image: that is told apart.",
    ),
)
ui.try_this(page)
st.subheader("Read more", anchor=False)
ui.read_more(page)
