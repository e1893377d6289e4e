"""Home: what the course is, a recording that plays by itself, the chapters."""

import streamlit as st

from cnnviz import lessons, ui
from cnnviz.plots.gradients import gradient_by_layer

st.title("What happens inside a convolutional network", anchor=False)
left, right = st.columns([4, 5], gap="large", vertical_alignment="center")
with left:
    st.markdown(
        "A course that you run, not one that you watch. Each lesson asks a question; you predict the answer, move a slider, and "
        "**a real network trains now, on this machine**, while its activations and gradients are drawn as it learns. "
        "Every claim is measured on your own run."
    )
    st.markdown(
        "Here two networks of eight layers learn the same Fashion-MNIST pictures in the same order: A has sigmoid units, B has "
        "ReLU and He's initialisation. Only one of them gets a gradient through to its first layer."
    )
    start = lessons.find("vanishing_gradients")
    ui.start_button(start)
with right:
    ui.replay(start, gradient_by_layer)

st.subheader("The chapters", anchor=False)
ui.chapters()
