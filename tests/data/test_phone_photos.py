"""A phone's files lie on their side and have a note that turns them; `read` sees them as a person does."""

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.data import phone_photos, photos
from helpers.errors import DataError


@pytest.fixture(scope="module")
def phone(tmp_path_factory):
    return phone_photos.write(tmp_path_factory.mktemp("phone") / "photos")


FAWN = next(one for one in photos.gallery() if one.label == "deer")


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    return phone_photos.write_forms(tmp_path_factory.mktemp("forms") / "files", FAWN.image, FAWN.mask)


def apart(one, other):
    return np.abs(one.astype(float) - other.astype(float)).mean()


def test_the_files_are_the_test_photographs_in_their_order(phone):
    paths, labels = phone
    images, right = photos.load_part("test")
    assert (labels == right).all() and len(paths) == len(images)
    for path, image in zip(paths, images, strict=True):
        assert apart(phone_photos.read(path, side=224), image) < 4  # saved as JPEG once more


def test_they_lie_on_their_side_for_whoever_ignores_the_note(phone):
    paths, _ = phone
    image = photos.load_part("test")[0][5]
    lying = np.asarray(Image.open(paths[5]))
    assert apart(np.rot90(lying, -1), image) < 4 < apart(lying, image)
    assert apart(cv2.imread(str(paths[5]))[..., ::-1], image) < 4  # OpenCV obeys it
    assert apart(cv2.imread(str(paths[5]), cv2.IMREAD_UNCHANGED)[..., ::-1], lying) < 4  # and here it doesn't


def test_the_forms_are_what_their_names_say(forms):
    modes = {form: Image.open(path).mode for form, path in forms.items()}
    assert modes == {"color": "RGB", "gray": "L", "palette": "P", "transparent": "RGBA", "phone": "RGB"}
    color = phone_photos.read(forms["color"], side=224)
    assert apart(phone_photos.read(forms["phone"], side=224), color) < 4
    hidden = np.asarray(Image.open(forms["transparent"]))
    assert (hidden[..., 3] == 0).mean() > 0.5 and apart(hidden[..., :3], color) < 4


def test_every_form_is_read_as_three_channels_of_the_size_asked_for(forms):
    for path in forms.values():
        image = phone_photos.read(path, side=50)
        assert image.shape == (50, 50, 3) and image.dtype == np.uint8


def test_files_of_a_reader_are_not_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "01.jpg").write_bytes(b"mine")
    with pytest.raises(DataError):
        phone_photos.write(tmp_path / "mine")
    with pytest.raises(DataError):
        phone_photos.write_forms(tmp_path / "mine", FAWN.image, FAWN.mask)
    assert (tmp_path / "mine" / "01.jpg").read_bytes() == b"mine"


def test_writing_twice_gives_the_same_files(tmp_path):
    first = phone_photos.write_forms(tmp_path / "files", FAWN.image, FAWN.mask)
    before = {form: path.read_bytes() for form, path in first.items()}
    again = phone_photos.write_forms(tmp_path / "files", FAWN.image, FAWN.mask)
    assert before == {form: path.read_bytes() for form, path in again.items()}
