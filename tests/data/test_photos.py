"""The photographs that ship with the course: complete, credited, split fairly, and small."""

import numpy as np
import pytest
from PIL import Image

from helpers.data import photos
from helpers.paths import ASSETS

LICENCE_TEXTS = {
    "public domain": None,  # nothing to print
    "CC0 1.0": "CC0-1.0.txt",
    "CC BY 2.5": "CC-BY-2.5.txt",
    "GPL-2+": "GPL-2.txt",
}
CIFAR10 = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Images (n, 224, 224, 3) averaged to (n, 16, 16, 3)."""
    return images.reshape(len(images), 16, 14, 16, 14, 3).mean((2, 4))


@pytest.mark.parametrize(("part", "counts"), [("train", [8] * 5), ("test", [12, 12, 12, 12, 6])])
def test_a_part_has_its_photographs_of_each_class(part, counts):
    images, labels = photos.load_part(part)
    assert images.shape == (sum(counts), 224, 224, 3)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert np.bincount(labels).tolist() == counts
    assert (images.std((1, 2, 3)) > 15).all()  # no blank picture


def test_the_order_is_that_of_the_credits():
    for part in photos.PARTS:
        rows = [row for row in photos.credits() if row["part"] == part]
        assert [path.name for path, _ in photos.files(part)] == [row["file"] for row in rows]
        assert [photos.CLASS_NAMES[label] for label in photos.load_part(part)[1]] == [
            row["class"] for row in rows
        ]


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="train, test"):
        photos.load_part("validation")


@pytest.mark.parametrize(
    ("folder", "rows", "limit"),
    [(photos.PHOTOGRAPHS, photos.credits, 2_300_000), (photos.GALLERY, photos.gallery_credits, 1_000_000)],
    ids=["photographs", "gallery"],
)
def test_every_file_has_one_complete_credit_and_the_folder_is_small(folder, rows, limit):
    found = sorted(path.name for path in folder.iterdir() if path.name != "credits.csv")
    assert sorted(row["file"] for row in rows()) == found
    for row in rows():
        assert row["author"] and row["original"] and row["changes"]
        assert row["file"].startswith(row["class"] + "_")
        text = LICENCE_TEXTS[row["licence"]]
        assert text is None or (ASSETS / "licences" / text).stat().st_size > 5000
    assert sum(path.stat().st_size for path in folder.iterdir()) < limit


def test_photographs_have_a_source():
    assert all(row["source_url"].startswith("https://") for row in photos.credits())


def test_no_photograph_is_in_both_parts():
    names = {part: {path.name for path, _ in photos.files(part)} for part in photos.PARTS}
    assert not names["train"] & names["test"]
    sources = {
        part: {row["source_url"] for row in photos.credits() if row["part"] == part} for part in photos.PARTS
    }
    assert not sources["train"] & sources["test"]


def test_no_photograph_resembles_another():
    small = thumbnails(np.concatenate([photos.load_part(part)[0] for part in photos.PARTS]))
    distances = np.abs(small[:, None] - small[None]).mean((2, 3, 4))
    distances[np.diag_indices(len(small))] = np.inf
    assert distances.min() > 15  # a copy, scaled or compressed anew, differs by less than 5


def test_the_gallery_shows_objects_on_backgrounds():
    shown = photos.gallery()
    assert len(shown) == 13
    assert {picture.label for picture in shown} == CIFAR10 - {"cat", "ship"}
    for picture in shown:
        assert picture.image.shape == (224, 224, 3) and picture.image.dtype == np.uint8
        assert picture.mask.shape == (224, 224) and picture.mask.dtype == bool
        assert 0.03 < picture.mask.mean() < 0.6
        edge = np.concatenate([picture.mask[[0, -1]].ravel(), picture.mask[:, [0, -1]].ravel()])
        assert not edge.any()  # the whole object is in the picture
        assert "background" in picture.credit


def test_the_gallery_is_the_same_every_time_and_only_the_object_covers_the_background():
    for first, second, (background, *_) in zip(
        photos.gallery(), photos.gallery(), photos.PLACES.values(), strict=True
    ):
        np.testing.assert_array_equal(first.image, second.image)
        behind = np.asarray(Image.open(photos.GALLERY / f"{background}.jpg"))
        changed = (first.image != behind).any(axis=2)
        assert changed[first.mask].mean() > 0.9
        assert changed[~first.mask].mean() < 0.1  # the soft edge


def test_every_cut_out_has_its_place():
    cutouts = {row["file"] for row in photos.gallery_credits() if row["class"] != "background"}
    assert {f"{name}.png" for name in photos.PLACES} == cutouts
    for name, (_, _, _, longest) in photos.PLACES.items():
        assert longest <= max(Image.open(photos.GALLERY / f"{name}.png").size)  # never enlarged
