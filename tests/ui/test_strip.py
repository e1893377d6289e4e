"""Images side by side: each in its place, as large as asked, with grey between them."""

import io

import numpy as np
from PIL import Image

from cnnviz.ui.strip import side_by_side


def test_each_image_stands_in_its_place_enlarged_with_grey_between():
    colours = np.array([[255, 0, 0], [0, 0, 255]], dtype=np.uint8)
    images = np.broadcast_to(colours[:, None, None], (2, 4, 3, 3))
    picture = Image.open(io.BytesIO(side_by_side(images, 8, 16)))
    assert (picture.format, picture.size) == ("JPEG", (3 * 8 + 16 + 3 * 8, 4 * 8))
    places = [np.asarray(picture, int)[16, x] for x in (12, 32, 52)]
    np.testing.assert_allclose(places, [[255, 0, 0], [128, 128, 128], [0, 0, 255]], atol=3)
