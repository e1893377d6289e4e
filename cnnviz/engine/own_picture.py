"""A picture that a learner sends: the middle square of it, small and from 0 to 1, or a sentence on why not; torch-free.

Colour profiles are left aside: the file's numbers are taken as they are. Metadata are read for the orientation alone.
"""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin
from PIL.ExifTags import Base
from PIL.Image import Resampling, Transpose

from cnnviz import limits

# Each kind by how its files begin, at which byte: a file meets one decoder of Pillow's, or none. TIFF is not among them: a dozen
# more decoders would come with it. Nor is what runs a program, such as PostScript.
READ = {"JPEG": (0, b"\xff\xd8\xff"), "PNG": (0, b"\x89PNG\r\n\x1a\n"), "GIF": (0, b"GIF8"), "BMP": (0, b"BM")}
if WebPImagePlugin.SUPPORTED:
    READ["WebP"] = (8, b"WEBP")
KNOWN = {
    "HEIC": (4, b"ftyphei"), "HEIF": (4, b"ftypmif1"), "AVIF": (4, b"ftypavif"), "JPEG 2000": (4, b"jP  \r\n"),
    "TIFF": (0, b"II*\0"), "big-endian TIFF": (0, b"MM\0*"), "PDF": (0, b"%PDF"), "PostScript": (0, b"%!PS"),
}  # fmt: skip
KINDS = f"{', '.join(list(READ)[:-1])} or {list(READ)[-1]}"
PASS = b"\xff\xda"  # begins one of a JPEG's passes over the picture
LARGEST = 65_535  # of a 16-bit grey
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
}  # fmt: skip

# Pillow warns of damage on its way to a picture or to an error; the server's log has no use for it.
warnings.filterwarnings("ignore", module=r"PIL\.")
_one_at_a_time = threading.Lock()  # a whole picture in memory is large


class PictureError(ValueError):
    """Says in one sentence or two which file it is, what is wrong, and the way out."""


@dataclass(frozen=True, eq=False)
class OwnPicture:
    """pixels: (1, 3, side, side), red, green and blue of 0…1. told: what was done to the file's picture, in parts of a sentence.
    digest: tells one picture's pixels from another's."""

    name: str
    pixels: NDArray[np.float32]
    told: tuple[str, ...]
    digest: str


def read(name: str, content: bytes, side: int) -> OwnPicture:
    """The picture in a file of this name. Raises PictureError."""
    name = shortened(name)
    kind = _kind(name, content)
    try:
        with _one_at_a_time:
            pixels, told = _pixels(name, kind, content, side)
    except PictureError:
        raise
    except Image.DecompressionBombError:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        raise PictureError(
            f"{name} says that it has more than {most:.0f} million pixels; at most {_most(kind)} million of a {kind} are read. "
            "Choose a smaller picture."
        ) from None
    except Exception:  # Pillow has a dozen kinds for what may be wrong inside of a file, Python's own among them
        raise PictureError(
            f"{name} is a {kind} that can't be decoded: it is damaged or ends too early. Save it anew, or choose another one."
        ) from None
    digest = hashlib.blake2b(pixels.tobytes(), digest_size=16).hexdigest()
    return OwnPicture(name, pixels, told, digest)


def shortened(name: str) -> str:
    """A file's name without what can't be seen, its middle left out where it is long."""
    seen = "".join(letter for letter in name if letter.isprintable()).strip() or "The file"
    half = limits.FILE_NAME_CHARACTERS // 2
    return seen if len(seen) <= 2 * half else f"{seen[: half - 1]}…{seen[-half:]}"


def _kind(name: str, content: bytes) -> str:
    """One of those that are read, by the file's first bytes: its name may say anything."""
    if not content:
        raise PictureError(f"{name} has 0 bytes. Choose it again, or another one.")
    if len(content) > limits.UPLOAD_MB * 2**20:  # as Streamlit counts
        raise PictureError(
            f"{name} has {len(content) / 1e6:.1f} MB; at most {limits.UPLOAD_MB} MB are read. "
            "Save it smaller, or choose another one."
        )
    found = next((kind for kind, (start, mark) in (READ | KNOWN).items() if content.startswith(mark, start)), "")
    if found not in READ:
        what = f"is a {found} file" if found else "is no picture of a kind that is read here"
        raise PictureError(f"{name} {what}. Save it as {KINDS}, or choose another one.")
    return found


def _most(kind: str) -> int:
    return limits.JPEG_MEGAPIXELS if kind == "JPEG" else limits.PICTURE_MEGAPIXELS


class _Bounded(io.BytesIO):
    """A file that is read some number of times only: headers of a million parts would keep Pillow's loops busy for long."""

    left = limits.PICTURE_READS

    def read(self, size: int | None = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise OSError("too many parts")
        return super().read(size)


def _pixels(name: str, kind: str, content: bytes, side: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The square (1, 3, side, side), and what was done to get it."""
    passes = content.count(PASS) if kind == "JPEG" else 0
    if passes > limits.JPEG_PASSES:
        raise PictureError(f"{name} is a JPEG of {passes:,} passes; at most {limits.JPEG_PASSES} are read. Save it anew.")
    with Image.open(_Bounded(content), formats=(kind.upper(),)) as image:  # its header alone is read here
        _check(name, kind, image)
        width, height = image.size
        image.draft(None, (2 * side, 2 * side))  # a JPEG at a half, a quarter or an eighth, with twice the side at least
        image.load()
        small, turn = _square(image, side), TURNS.get(_orientation(image))
        done = {
            f"{width:,} × {height:,} pixels": True,
            "cut to the middle square": width != height,
            "enlarged": min(width, height) < side,
            "turned as its EXIF data say": turn is not None,
            "from CMYK to red, green and blue": image.mode == "CMYK",
            "over white where it is transparent": small.mode == "RGBA" and small.getchannel("A").getextrema() != (255, 255),
            "the first of several": _has_more(image),
        }
        turned = small if turn is None else small.transpose(turn)
    return _numbers(turned), tuple(part for part, true in done.items() if true)


def _check(name: str, kind: str, image: Image.Image) -> None:
    """What the header says, before anything is decoded. Raises PictureError."""
    size, most = f"{name} has {image.width:,} × {image.height:,} pixels", _most(kind)
    if min(image.size) < limits.PICTURE_SIDE:
        raise PictureError(f"{size}; each side needs at least {limits.PICTURE_SIDE}. Choose a larger picture.")
    if image.width * image.height > most * 1_000_000:
        raise PictureError(f"{size}; at most {most} million of a {kind} are read. Choose a smaller picture.")
    if any(tile.codec_name == "bmp_rle" for tile in getattr(image, "tile", ())):  # Pillow decodes it in Python: it takes long
        raise PictureError(f"{name} is a BMP with run lengths, which is not read here. Save it as PNG.")


def _square(image: Image.Image, side: int) -> Image.Image:
    """Its middle square, as large as asked: RGB, RGBA or, of a 16-bit grey, F."""
    if image.mode.startswith("I"):
        image = image.convert("F")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode != "RGB":
        image = image.convert("RGB")
    length = min(image.size)
    left, top = (image.width - length) / 2, (image.height - length) / 2
    box = (left, top, left + length, top + length)
    return image.resize((side, side), Resampling.LANCZOS, box, reducing_gap=3)


def _orientation(image: Image.Image) -> int:
    """1 where there is none to be read: whoever wrote EXIF data badly has a picture all the same."""
    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except Exception:
        return 1


def _has_more(image: Image.Image) -> bool:
    """Whether it is animated; a phone's JPEG may have a second picture inside that is no frame."""
    try:
        return image.format != "MPO" and bool(getattr(image, "is_animated", False))
    except Exception:  # the second frame is damaged
        return True


def _numbers(small: Image.Image) -> NDArray[np.float32]:
    """(1, 3, side, side) of 0…1."""
    if small.mode == "F":
        grey = (np.asarray(small, np.float32) / np.float32(LARGEST)).clip(0, 1)
        return np.ascontiguousarray(np.broadcast_to(grey, (1, 3, *grey.shape)))
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    return np.ascontiguousarray(np.asarray(small, np.float32).transpose(2, 0, 1)[None] / np.float32(255))
