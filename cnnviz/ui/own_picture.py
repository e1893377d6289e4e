"""A learner's own picture: one field for it, which every choice of photographs then offers; it stays in the learner's session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cnnviz.engine.own_picture import KINDS, OwnPicture, PictureError, read
from cnnviz.engine.photographs import photographs
from cnnviz.ui.controls import plain

OWN = "your own picture"
SIDE = 128  # pixels, as the photographs have
TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp")  # a phone sends its other kinds as one of these
KEPT, REFUSED, RECEIVED = "own_picture.kept", "own_picture.refused", "own_picture.received"


def own_picture() -> None:
    """Draw the field and, below it, why the last file was refused, and what was done to the picture that is kept.

    The field is empty again once a file has come: so the picture before stays where the next one is refused, and no file is kept.
    """
    key = f"own_picture.field.{st.session_state.setdefault(RECEIVED, 0)}"
    st.file_uploader(
        "Your own picture",
        TYPES,
        key=key,
        on_change=_received,
        args=(key,),
        help=f"{KINDS}. Its middle square joins the choices of pictures below. It stays in the server's memory until you "
        "close the tab or remove it. Nobody else is shown it, and no link holds it.",
    )
    if refused := st.session_state.get(REFUSED):
        st.error(plain(refused), icon=":material/broken_image:")
    if own := kept():
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.caption(f"**{plain(own.name)}**: {'; '.join(own.told)}. It is among the pictures below.")
        right.button("Remove it", on_click=_removed, icon=":material/delete:")


def kept() -> OwnPicture | None:
    """The learner's picture, where there is one."""
    own: OwnPicture | None = st.session_state.get(KEPT)
    return own


def picture_choice(place: DeltaGenerator, label: str, key: str, first: str, more: Sequence[str] = ()) -> str:
    """A choice of the photographs, the learner's own picture, which is chosen when it comes, and more."""
    own = kept()
    names = [*photographs(), *([OWN] if own else []), *more]
    newest = own.digest if own else ""
    if own and st.session_state.get(f"{key}.newest") != newest:
        st.session_state[key] = OWN
    st.session_state[f"{key}.newest"] = newest
    if st.session_state.get(key) not in names:
        st.session_state[key] = first
    return str(place.selectbox(label, names, key=key, format_func=str.capitalize))


def photograph(name: str) -> NDArray[np.float32]:
    """One of the photographs or the learner's own picture, (1, 3, 128, 128) of 0…1."""
    own = kept()
    return own.pixels if own and name == OWN else photographs()[name]


def _received(key: str) -> None:
    """Keep the picture in the file, or why there is none; the file itself is let go."""
    file = st.session_state[key]
    st.session_state.pop(REFUSED, None)
    if not isinstance(file, UploadedFile):
        return
    try:
        st.session_state[KEPT] = read(file.name, file.getvalue(), SIDE)
    except PictureError as problem:
        st.session_state[REFUSED] = str(problem)
    st.session_state[RECEIVED] += 1
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)  # the field has the only ones


def _removed() -> None:
    for key in (KEPT, REFUSED):
        st.session_state.pop(key, None)
