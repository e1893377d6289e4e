"""A learner's own picture: each kind read as a second way reads it; each bad file refused in a sentence, whatever is in it."""

import io
import re
import struct
import subprocess
import sys
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from cnnviz import limits
from cnnviz.engine.own_picture import READ, OwnPicture, PictureError, read, shortened
from cnnviz.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # as the module itself sets it, which pytest undoes for each test

SIDE = 32
WIDTH, HEIGHT = 96, 64
MIDDLE = ((WIDTH - HEIGHT) // 2, 0, (WIDTH + HEIGHT) // 2, HEIGHT)
STEP = 1 / 255


def scene(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Smooth and without any symmetry: no two turns of it are alike."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    channels = [0.2 + 0.6 * x, 0.1 + 0.8 * y**2, 0.5 + 0.4 * np.sin(5 * x + 3 * y)]
    return Image.fromarray((255 * np.stack(channels, 2)).round().astype(np.uint8))


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def expected(picture: Image.Image) -> np.ndarray:
    """Its middle square with each four pixels averaged: plainer than the filter in use."""
    small = picture.convert("RGB").crop(MIDDLE).reduce(HEIGHT // SIDE)
    return np.asarray(small, np.float32).transpose(2, 0, 1)[None] / 255


def far(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())


def sound(own: OwnPicture, side: int = SIDE) -> None:
    assert own.pixels.shape == (1, 3, side, side)
    assert own.pixels.dtype == np.float32
    assert own.pixels.flags["C_CONTIGUOUS"]
    assert 0 <= own.pixels.min() <= own.pixels.max() <= 1
    assert own.told


def sentence(problem: PictureError, name: str) -> str:
    """What the learner is told: the name, then what is wrong, then the way out; nothing of Python's or Pillow's."""
    told = str(problem)
    assert told.startswith(f"{name} ")
    assert told.isprintable()
    assert re.search(r"(Choose|Save) [^.]+\.$", told)
    assert not re.search(r"Error|Traceback|0x|PIL|None", told)
    assert problem.__cause__ is None
    assert problem.__suppress_context__ or problem.__context__ is None
    return told


def refused(content: bytes, name: str = "cat.png") -> str:
    with pytest.raises(PictureError) as caught:
        read(name, content, SIDE)
    return sentence(caught.value, name)


FILES = {
    "JPEG": saved(scene(), "JPEG", quality=98, subsampling=0),
    "progressive JPEG": saved(scene(), "JPEG", quality=98, subsampling=0, progressive=True),
    "PNG": saved(scene(), "PNG"),
    "PNG with a palette": saved(scene().quantize(64), "PNG"),
    "WebP": saved(scene(), "WEBP", lossless=True),
    "lossy WebP": saved(scene(), "WEBP", quality=95),
    "GIF": saved(scene(), "GIF"),
    "BMP": saved(scene(), "BMP"),
}


@pytest.mark.parametrize("kind", FILES)
def test_each_kind_is_read_as_pillow_reduces_it(kind: str) -> None:
    own = read(f"scene of {kind}", FILES[kind], SIDE)
    sound(own)
    assert own.told == ("96 × 64 pixels", "cut to the middle square")
    assert far(own.pixels, expected(Image.open(io.BytesIO(FILES[kind])))) < 12 * STEP
    assert float(np.abs(own.pixels - expected(scene())).mean()) < 8 * STEP  # a palette has few colours


@pytest.mark.parametrize("side", [16, 28, 128, 224])
def test_any_side_may_be_asked_for(side: int) -> None:
    own = read("cat.png", FILES["PNG"], side)
    sound(own, side)
    assert ("enlarged" in own.told) == (side > HEIGHT)
    square = np.asarray(scene().crop(MIDDLE), np.float32) / 255
    np.testing.assert_allclose(own.pixels[0].mean((1, 2)), square.mean((0, 1)), atol=STEP)


def test_a_jpeg_that_is_decoded_at_a_fraction_is_the_same_picture() -> None:
    large = saved(scene(3 * 640, 2 * 640), "JPEG", quality=95)
    assert far(read("cat.jpg", large, SIDE).pixels, expected(scene())) < 6 * STEP


def test_the_kind_is_found_by_what_is_in_a_file_and_not_by_its_name() -> None:
    assert far(read("cat.jpg", FILES["PNG"], SIDE).pixels, read("cat.png", FILES["PNG"], SIDE).pixels) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_its_exif_data_turn_is_the_picture_as_it_was_taken(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"PNG": {}, "JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}[kind]
    lying = saved(scene(), kind, exif=exif, **options)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(lying)))
    own = read("cat.jpg", lying, SIDE)
    assert far(own.pixels, read("cat.png", saved(upright, "PNG"), SIDE).pixels) < 4 * STEP
    assert ("turned as its EXIF data say" in own.told) == (orientation > 1)


@pytest.mark.parametrize("orientation", [0, 9, 65_535, "top", b"\0\6"], ids=repr)
def test_exif_data_that_say_nonsense_turn_nothing(orientation: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    own = read("cat.png", saved(scene(), "PNG", exif=exif.tobytes() if isinstance(orientation, int) else b"MM\0*" * 9), SIDE)
    assert far(own.pixels, read("cat.png", FILES["PNG"], SIDE).pixels) == 0


def test_cmyk_is_pillows_red_green_and_blue() -> None:
    content = saved(scene().convert("CMYK"), "JPEG", quality=98, subsampling=0)
    own = read("print.jpg", content, SIDE)
    assert far(own.pixels, expected(Image.open(io.BytesIO(content)).convert("RGB"))) < 2 * STEP
    assert far(own.pixels, expected(scene())) < 6 * STEP
    assert "from CMYK to red, green and blue" in own.told


def test_a_grey_of_16_bits_is_that_of_8_bits_within_a_step() -> None:
    grey = np.asarray(scene().convert("L"))
    deep = read("deep.png", saved(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"), SIDE).pixels
    assert far(deep, read("flat.png", saved(Image.fromarray(grey), "PNG"), SIDE).pixels) <= STEP
    assert len(np.unique(deep)) > 256  # the finer steps are kept
    assert (deep[:, 0] == deep[:, 2]).all()


def test_what_is_transparent_lies_over_white_and_hides_its_colour() -> None:
    covered = scene()
    alpha = Image.new("L", covered.size, 255)
    alpha.paste(0, (0, 0, WIDTH, HEIGHT // 2))
    covered.putalpha(alpha)
    white = scene()
    white.paste((255, 255, 255), (0, 0, WIDTH, HEIGHT // 2))
    own = read("cut out.png", saved(covered, "PNG"), SIDE)
    inner = [*range(SIDE // 2 - 3), *range(SIDE // 2 + 3, SIDE)]  # off the edge, where the two filters differ
    assert far(own.pixels[:, :, inner], expected(white)[:, :, inner]) < 3 * STEP
    assert "over white where it is transparent" in own.told


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param(saved(Image.new("LA", (40, 40), (0, 0)), "PNG"), 1, id="LA"),
        pytest.param(saved(Image.new("L", (40, 40)).quantize(2), "PNG", transparency=0), 1, id="palette"),
        pytest.param(saved(Image.new("RGB", (40, 40), "red"), "PNG", transparency=(255, 0, 0)), 1, id="one colour"),
        pytest.param(saved(Image.new("1", (40, 40), 1), "PNG"), 1, id="1 bit, white"),
        pytest.param(saved(Image.new("1", (40, 40), 0), "BMP"), 0, id="1 bit, black"),
        pytest.param(saved(Image.new("I;16", (40, 40), 32_768), "PNG"), 32_768 / 65_535, id="16 bits"),
        pytest.param(saved(Image.new("RGBA", (40, 40), (0, 0, 0, 51)), "WEBP", lossless=True), 0.8, id="mostly seen through"),
    ],
)
def test_rarer_pixels_have_the_value_that_they_say(content: bytes, value: float) -> None:
    np.testing.assert_allclose(read("cat.png", content, SIDE).pixels, value, atol=1.01 * STEP)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_what_is_animated_the_first_picture_is_taken(kind: str) -> None:
    frames = [scene(), *(Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "blue", "white"))]
    options = {"lossless": True} if kind == "WEBP" else {}
    moving = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
    own = read("dance.gif", moving, SIDE)
    assert far(own.pixels, read("still.gif", saved(scene(), kind, **options), SIDE).pixels) < 2 * STEP
    assert "the first of several" in own.told
    if kind == "GIF":  # whose later pictures may be damaged
        assert far(read("dance.gif", moving[:-40], SIDE).pixels, own.pixels) == 0


def test_a_phones_second_picture_inside_of_a_jpeg_is_no_frame() -> None:
    double = saved(scene(), "MPO", save_all=True, append_images=[scene().transpose(Image.Transpose.ROTATE_180)])
    assert Image.open(io.BytesIO(double)).format == "MPO"
    own = read("phone.jpg", double, SIDE)
    assert far(own.pixels, expected(scene())) < 12 * STEP
    assert own.told == ("96 × 64 pixels", "cut to the middle square")


def test_colour_profiles_are_left_aside() -> None:
    tagged = saved(scene(), "PNG", icc_profile=b"no profile at all")
    assert far(read("cat.png", tagged, SIDE).pixels, read("cat.png", FILES["PNG"], SIDE).pixels) == 0


def test_the_digest_tells_pictures_apart_and_knows_the_same_pixels_again() -> None:
    one, same, other = (read("cat.png", FILES[kind], SIDE).digest for kind in ("PNG", "BMP", "GIF"))
    assert one == same != other


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks, each with its right checksum."""
    parts = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return READ["PNG"][1] + b"".join(parts)


def header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def gif(width: int, height: int) -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0, 0, 0)
        + b",\0\0\0\0"
        + struct.pack("<HHB", width, height, 0)
        + b"\2\2L\1\0;"
    )


def bmp(width: int, height: int, compression: int = 0) -> bytes:
    depth = 8 if compression else 24
    return (
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 999, 0, 54, 40, width, height, 1, depth, compression, 0, 0, 0, 0, 0)
        + b"\0" * 2_000
    )


def webp(width: int, height: int) -> bytes:
    body = b"WEBPVP8X" + struct.pack("<II", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg(width: int, height: int) -> bytes:
    """A real one, whose header says another size."""
    small, place = FILES["JPEG"], FILES["JPEG"].index(b"\xff\xc0")
    return small[: place + 5] + struct.pack(">HH", height, width) + small[place + 9 :]


ROW = (b"IDAT", zlib.compress(b"\0" * (20 * 61)))  # what a PNG of 20 × 20 needs
BOMBS = {
    "PNG of 10,000 million pixels": png(header(100_000, 100_000), ROW),
    "PNG of 26 million pixels": png(header(6_500, 4_000), ROW),
    "PNG of the largest size": png(header(2**31 - 1, 2**31 - 1), ROW),
    "GIF": gif(65_535, 65_535),
    "GIF of 26 million pixels": gif(6_500, 4_000),
    "BMP": bmp(60_000, 60_000),
    "BMP of 26 million pixels": bmp(6_500, 4_000),
    "WebP": webp(16_384, 16_384),
    "WebP of the largest size": webp(2**24, 2**24),
    "JPEG": jpeg(65_535, 65_535),
    "JPEG of 51 million pixels": jpeg(8_500, 6_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_would_be_large_is_refused_by_its_header_and_takes_no_memory(name: str) -> None:
    tracemalloc.start()
    told = refused(BOMBS[name])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000
    kind = name.split()[0]
    assert (
        f"at most {limits.JPEG_MEGAPIXELS if kind == 'JPEG' else limits.PICTURE_MEGAPIXELS} million of a {kind} are read" in told
    )
    assert re.search(r" has [\d,]+ × [\d,]+ pixels;|says that it has more than 1\d\d million pixels;", told)


def test_bombs_of_every_kind_leave_a_process_as_small_as_it_was() -> None:
    """Pillow allocates beside Python's own memory, so the whole process is measured, in one whose memory is bounded."""
    code = f"""
import resource
from cnnviz.engine.own_picture import PictureError, read
bombs = {list(BOMBS.values())!r}
read("cat.png", {FILES["PNG"]!r}, 32)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for bomb in bombs:
    try:
        read("bomb", bomb, 32)
    except PictureError:
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 16_000)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n" * len(BOMBS), "")


TEXT = b"note\0\0" + zlib.compress(b"a" * 50_000_000)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "cat.png has 0 bytes", id="empty"),
        pytest.param(b"hello", "is no picture of a kind that is read here", id="words"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no picture of a kind", id="SVG"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0", "is a HEIC file. Save it as JPEG, PNG, GIF, BMP or WebP", id="HEIC"),
        pytest.param(saved(scene(), "TIFF"), "is a TIFF file", id="TIFF"),
        pytest.param(saved(scene(), "EPS"), "is a PostScript file", id="EPS"),
        pytest.param(saved(scene(), "PDF"), "is a PDF file", id="PDF"),
        pytest.param(saved(scene(), "ICO"), "is no picture of a kind", id="ICO"),
        pytest.param(saved(scene(), "PPM"), "is no picture of a kind", id="PPM"),
        pytest.param(FILES["PNG"].ljust(11 * 2**20, b"\0"), "has 11.5 MB; at most 10 MB are read", id="11 MB"),
        pytest.param(saved(scene(90, 15), "PNG"), "has 90 × 15 pixels; each side needs at least 16", id="narrow"),
        pytest.param(png(header(0, 0)), "", id="nothing wide"),
        pytest.param(png(header(20, 20), (b"zTXt", TEXT), ROW, (b"IEND", b"")), "can't be decoded", id="a note of 50 MB"),
        pytest.param(png(header(20, 20), *[(b"teXt", b"")] * 200_000), "can't be decoded", id="200,000 notes"),
        pytest.param(b"\xff\xd8" + b"\xff" * 2_000_000, "is a JPEG that can't be decoded", id="padding"),
        pytest.param(FILES["JPEG"] + b"\xff\xda" * 100, "is a JPEG of 101 passes; at most 40 are read", id="passes"),
        pytest.param(bmp(20, 20, compression=1), "is a BMP with run lengths", id="run lengths"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence_with_its_value_and_the_way_out(content: bytes, told: str) -> None:
    assert told in refused(content)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("part", [0.05, 0.5, 0.95])
def test_a_file_that_ends_too_early_is_never_shown_in_part(kind: str, part: float) -> None:
    assert "damaged or ends too early" in refused(FILES[kind][: int(part * len(FILES[kind]))])


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("cat.png", "cat.png"),
        ("", "The file"),
        ("\n\0\u202e", "The file"),
        ("../../etc/pass\0wd\u202egnp.exe", "../../etc/passwdgnp.exe"),
        ("a" * 500 + ".png", "aaaaaaaaaaaaaaaaaaa…aaaaaaaaaaaaaaaa.png"),
    ],
)
def test_a_name_is_shown_short_and_without_what_can_not_be_seen(name: str, seen: str) -> None:
    assert shortened(name) == seen
    assert len(seen) <= limits.FILE_NAME_CHARACTERS
    assert refused(b"", name).startswith(f"{seen} has 0 bytes") if name == seen else True


def read_or_refused(content: bytes) -> None:
    """A sound picture or a sentence; whatever else comes out fails the test by itself."""
    try:
        own = read("some file", content, SIDE)
    except PictureError as problem:
        sentence(problem, "some file")
    else:
        sound(own)


kinds = st.sampled_from(sorted(FILES))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_picture_or_a_sentence(content: bytes) -> None:
    read_or_refused(content)


@given(st.sampled_from(sorted(READ.values())), st.binary(max_size=400))
def test_any_bytes_that_begin_as_a_picture_are_a_picture_or_a_sentence(mark: tuple[int, bytes], content: bytes) -> None:
    start, first = mark
    read_or_refused(b"RIFF"[:start].ljust(start, b"\0") + first + content)


@given(kinds, st.data())
def test_a_file_cut_anywhere_is_a_picture_or_a_sentence(kind: str, data: st.DataObject) -> None:
    read_or_refused(FILES[kind][: data.draw(st.integers(0, len(FILES[kind])))])


@given(kinds, st.data())
def test_a_file_with_some_bits_turned_is_a_picture_or_a_sentence(kind: str, data: st.DataObject) -> None:
    content = bytearray(FILES[kind])
    early = st.integers(0, min(300, len(content) - 1))  # where the header stands, or anywhere
    for place in data.draw(st.lists(st.one_of(early, st.integers(0, len(content) - 1)), min_size=1, max_size=8)):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    read_or_refused(bytes(content))


@given(kinds, kinds, st.data())
def test_two_files_grown_together_are_a_picture_or_a_sentence(one: str, other: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(FILES[one])))
    read_or_refused(FILES[one][:cut] + FILES[other][data.draw(st.integers(0, len(FILES[other]))) :])


def test_pillows_own_guards_stand() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert PngImagePlugin.MAX_TEXT_CHUNK <= 2**20
    assert (Image.MAX_IMAGE_PIXELS or 0) >= limits.JPEG_MEGAPIXELS * 10**6  # so that the limit here speaks first


def test_damage_that_pillow_warns_of_is_no_line_in_the_log() -> None:
    twice = png(header(20, 20), (b"acTL", struct.pack(">II", 2, 0)), (b"acTL", struct.pack(">II", 2, 0)), ROW, (b"IEND", b""))
    code = f"from cnnviz.engine.own_picture import read; print(read('x', {twice!r}, 32).told)"
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("('20 × 20 pixels', 'enlarged')\n", "")
