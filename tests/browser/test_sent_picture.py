"""A learner's own picture in a real browser: sent, drawn, kept when a bad file comes, shown to nobody else, and removed."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from cnnviz import limits

pytestmark = pytest.mark.browser


def jpeg() -> bytes:
    written = io.BytesIO()
    random = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    Image.fromarray(random).resize((900, 600)).save(written, "JPEG")
    return written.getvalue()


def send(page: Page, name: str, content: bytes, kind: str = "image/jpeg") -> Locator:
    """Give a file to the field once it is empty; the one before it may still be leaving the page."""
    field = page.locator("[data-testid=stFileUploader]").first
    expect(field).to_contain_text(f"{limits.UPLOAD_MB}MB per file")
    field.locator("input").set_input_files({"name": name, "mimeType": kind, "buffer": content})
    return field


def choice(page: Page, label: str) -> Locator:
    return page.get_by_role("combobox", name=label, exact=True)


def strips(page: Page) -> list[Any]:
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    found: list[Any] = page.evaluate("[...document.querySelectorAll('img[alt^=\"The picture and\"]')].map(image => image.src)")
    return found


def test_a_picture_is_drawn_and_a_bad_file_costs_a_sentence(server: str, page: Page) -> None:
    page.goto(f"{server}/augmentation")
    first = page.locator("img[alt^='The picture and']").first
    first.wait_for()
    photographs, address = strips(page), page.url

    send(page, "my cat.jpg", jpeg())
    told = page.get_by_text("my cat.jpg: 900 × 600 pixels; cut to the middle square.")
    expect(told).to_be_visible()
    for label in ("Picture", "Photograph"):
        expect(choice(page, label)).to_have_value("Your own picture")
    expect(page.get_by_alt_text("Your own picture, before")).to_be_visible()
    expect(first).not_to_have_attribute("src", photographs[0])
    own = strips(page)

    send(page, "<b>half</b>.jpg", jpeg()[:900])
    expect(page.get_by_text("<b>half</b>.jpg is a JPEG that can't be decoded: it is damaged or ends too early.")).to_be_visible()
    expect(told).to_be_visible()
    expect(choice(page, "Picture")).to_have_value("Your own picture")
    field = send(page, "large.png", bytes((limits.UPLOAD_MB + 1) * 2**20), "image/png")
    expect(field.get_by_role("alert")).to_have_text(f"Error: File must be {limits.UPLOAD_MB}.0MB or smaller.")
    assert field.get_by_role("alert").bounding_box()["width"] > 100  # type: ignore[index]  # in words, not on a hover only
    expect(page.get_by_text("<b>half</b>.jpg is a JPEG")).to_be_hidden()  # what was said of the file before
    assert strips(page) == own
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.url == address

    page.get_by_role("button", name="Remove it").click()
    expect(told).to_have_count(0)
    expect(choice(page, "Picture")).to_have_value("China")
    expect(first).to_have_attribute("src", photographs[0])
