"""A learner's own picture on the page: it joins both choices, a bad file costs nothing, and nobody else has it."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from cnnviz import limits
from cnnviz.engine.augment import ORDER
from cnnviz.engine.own_picture import READ
from cnnviz.engine.photographs import photographs
from cnnviz.settings import ROOT
from cnnviz.ui.own_picture import OWN, TYPES

PAGE = ROOT / "pages" / "430_augmentation.py"
CHOICES = ("augmentation.gallery.name", "augmentation.fancy.name")
FIRST = ["china", "flower"]


def picture(kind: str = "PNG", colour: Any = None) -> bytes:
    random = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    image = Image.fromarray(random) if colour is None else Image.new("RGB", (40, 40), colour)
    written = io.BytesIO()
    image.save(written, kind)
    return written.getvalue()


def send(test: AppTest, name: str, content: bytes) -> AppTest:
    (field,) = test.file_uploader
    sent: AppTest = field.upload(name, content, "image/png").run()
    assert not sent.exception
    return sent


def chosen(test: AppTest) -> list[Any]:
    return [test.selectbox(key=key).value for key in CHOICES]


def told(test: AppTest) -> list[str]:
    return [caption.value.replace("\\", "") for caption in test.caption if "among the pictures below" in caption.value]


def refused(test: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in test.error]


def strips(test: AppTest) -> list[str]:
    """Where the gallery's pictures lie: Streamlit names a file by what is in it."""
    return [element.value[0] for element in test.get("image") if element.captions[0] not in ("Before", "After")]


def test_the_field_has_a_name_and_takes_what_is_read_up_to_the_limit(visit: Any) -> None:
    (field,) = visit(PAGE).file_uploader
    assert field.label == "Your own picture"
    assert field.allowed_type == list(TYPES)
    assert {kind.removeprefix("image/") for kind in field.allowed_type} == {kind.lower() for kind in READ}
    assert field.proto.max_upload_size_mb == limits.UPLOAD_MB


def test_a_picture_that_comes_is_chosen_told_and_drawn_in_both_places(visit: Any) -> None:
    before = visit(PAGE)
    assert [chosen(before), told(before)] == [FIRST, []]
    shown, link = strips(before), dict(before.query_params)
    assert len(shown) == len(ORDER)
    after = send(before, "cat.png", picture())
    assert chosen(after) == [OWN, OWN]
    assert told(after) == ["**cat.png**: 90 × 60 pixels; cut to the middle square; enlarged. It is among the pictures below."]
    assert len(set(strips(after)) - set(shown)) == len(ORDER)
    assert dict(after.query_params) == link


def test_the_photographs_can_be_chosen_beside_it_and_stay_so_when_the_page_is_touched(visit: Any) -> None:
    test = send(visit(PAGE), "cat.png", picture())
    test = test.selectbox(key=CHOICES[1]).set_value("coffee").run().run()
    assert chosen(test) == [OWN, "coffee"]
    assert test.selectbox(key=CHOICES[1]).options == [*(name.capitalize() for name in photographs()), "Your own picture"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.png", b"", "empty.png has 0 bytes. Choose it again, or another one."),
        ("half.png", picture()[:900], "half.png is a PNG that can't be decoded: it is damaged or ends too early."),
        ("<b>[x](javascript:1)</b>.png", b"MZ", "<b>[x](javascript:1)</b>.png is no picture of a kind that is read here."),
    ],
    ids=["empty", "half", "markup"],
)
def test_a_bad_file_costs_a_sentence_and_nothing_else(visit: Any, name: str, content: bytes, sentence: str) -> None:
    good = send(visit(PAGE), "cat.png", picture())
    kept = strips(good), told(good), dict(good.query_params)
    after = send(good, name, content)
    assert len(after.error) == 1
    assert refused(after)[0].startswith(sentence)
    assert (strips(after), told(after), dict(after.query_params)) == kept
    assert chosen(after) == [OWN, OWN]
    assert refused(send(after, "dog.png", picture("BMP", "red"))) == []


@pytest.mark.parametrize("text", ["<b>", "[x](y)", "`a`", "$x$", ":smile:", "**"])
def test_a_files_name_is_text(visit: Any, text: str) -> None:
    (error,) = send(visit(PAGE), f"{text}.png", b"").error
    for letter in set(text) & set("<>[]()`$:*"):
        assert f"\\{letter}" in error.value
        assert error.value.count(letter) == error.value.count(f"\\{letter}")


def test_a_second_picture_takes_the_firsts_place(visit: Any) -> None:
    first = send(visit(PAGE), "cat.png", picture())
    shown = strips(first)
    second = send(first, "red.bmp", picture("BMP", "red"))
    assert chosen(second) == [OWN, OWN]
    assert [line.split(":")[0] for line in told(second)] == ["**red.bmp**"]
    assert not set(strips(second)) & set(shown)


@pytest.mark.parametrize("over", ["all five photographs", "this one"])
def test_a_picture_of_one_colour_has_pictures_too(visit: Any, over: str) -> None:
    test = send(visit(PAGE), "black.png", picture("PNG", "black"))
    test = test.radio(key="augmentation.fancy.over").set_value(over).run()
    assert not test.exception
    assert chosen(test) == [OWN, OWN]


def test_a_picture_that_is_removed_is_offered_no_more_and_the_page_is_as_it_was(visit: Any) -> None:
    before = visit(PAGE)
    shown = strips(before)
    test = send(before, "cat.png", picture())
    test = send(test, "empty.png", b"")
    test = next(button for button in test.button if button.label == "Remove it").click().run()
    assert not test.exception
    assert (chosen(test), told(test), refused(test), strips(test)) == (FIRST, [], [], shown)
    assert "Your own picture" not in test.selectbox(key=CHOICES[0]).options


def test_it_is_still_offered_after_another_page_was_looked_at(visit: Any) -> None:
    test = send(visit(PAGE), "cat.png", picture())
    test.switch_page("../../pages/450_pooling.py").run()
    test.switch_page(f"../../pages/{PAGE.name}").run()
    assert len(told(test)) == 1
    assert "Your own picture" in test.selectbox(key=CHOICES[0]).options


def test_another_learner_is_not_offered_it(visit: Any) -> None:
    send(visit(PAGE), "cat.png", picture())
    other = visit(PAGE)
    assert (chosen(other), told(other)) == (FIRST, [])


def test_the_file_itself_is_let_go(visit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go: list[str] = []
    monkeypatch.setattr(MemoryUploadedFileManager, "remove_session_files", lambda _files, session: let_go.append(session))
    test = send(visit(PAGE), "cat.png", picture())
    assert len(let_go) == 1
    assert test.file_uploader[0].value is None
    assert len(send(test, "empty.png", b"").error) == len(let_go) - 1 == 1
