"""Notebook 08b's checks: wrong answers get the message that helps, and every right form passes."""

import cv2
import numpy as np
from PIL import ImageOps

from helpers.exercises import ____, nb08b

ORDER = ["read", "cache", "shuffle", "batch", "augment", "prefetch"]


def prepared(photo, side, *, upright=ImageOps.exif_transpose, mode="RGB", size=None, end=np.asarray):
    return end(upright(photo).convert(mode).resize(size or (side, side)))


def as_is(photo):
    return photo


def cut_below(image, amount):
    return np.maximum(image.astype(int) + amount, 0)


def with_opencv(image, amount):
    step = np.full(image.shape, abs(amount), np.uint8)
    return cv2.add(image, step) if amount > 0 else cv2.subtract(image, step)


WRONG = [
    (nb08b.prepare, lambda photo, side: prepared(photo, side, upright=as_is), "note about the orientation"),
    (nb08b.prepare, lambda photo, side: prepared(photo, side, mode="L"), "the channels are missing"),
    (nb08b.prepare, lambda photo, side: prepared(photo, side, mode="RGBA"), "four channels"),
    (nb08b.prepare, lambda photo, side: prepared(photo, side, size=photo.size), "the size hasn't changed"),
    (nb08b.prepare, lambda photo, side: prepared(photo, side, size=(side, 7)), "it should be 24×24×3"),
    (nb08b.prepare, lambda photo, side: prepared(photo, side)[..., ::-1], "red and blue are exchanged"),
    (nb08b.prepare, lambda photo, side: prepared(photo, side) / 255, "from 0 to 1"),
    (nb08b.prepare, lambda photo, side: prepared(photo, side)[:, ::-1], "mirrored"),
    (nb08b.prepare, lambda photo, side: np.rot90(prepared(photo, side)), "isn't upright"),
    (nb08b.prepare, lambda photo, side: prepared(photo, side) * np.nan, "not a number"),
    (nb08b.prepare, lambda photo, side: 255 - prepared(photo, side), "far from those that a person"),
    (nb08b.prepare, lambda photo, side: None, "returned nothing"),
    (nb08b.brighten, lambda image, amount: image + np.uint8(amount % 256), "wrap around"),
    (nb08b.brighten, lambda image, amount: image.astype(int) + amount, "outside of 0 to 255"),
    (
        nb08b.brighten,
        lambda image, amount: np.minimum(image.astype(int) + amount, 255),
        "For amount=-60: some values lie outside",
    ),
    (nb08b.brighten, cut_below, "For amount=60: some values lie outside"),
    (
        nb08b.brighten,
        lambda image, amount: np.clip(image.astype(int) + amount, 0, 255) / 255,
        "from 0 to 1",
    ),
    (nb08b.brighten, lambda image, amount: np.clip(image.astype(int) - amount, 0, 255), "it got darker"),
    (nb08b.brighten, lambda image, amount: image, "nothing has changed"),
    (nb08b.brighten, lambda image, amount: image[0], "the shape 16×16×3 must stay"),
    (nb08b.brighten, lambda image, amount: np.clip(image * 1.2, 0, 255), "the old one plus 60"),
    (nb08b.brighten, 60, "must be a function"),
    (nb08b.pipeline, "read, cache", "as a list of words"),
    (nb08b.pipeline, [*ORDER[:-1], "fetch"], 'no step "fetch"'),
    (nb08b.pipeline, ORDER[:-1], '"prefetch" is missing'),
    (nb08b.pipeline, [*ORDER, "read"], "more than once"),
    (
        nb08b.pipeline,
        ["cache", "read", "shuffle", "batch", "augment", "prefetch"],
        '"read" has to come first',
    ),
    (
        nb08b.pipeline,
        ["augment", "read", "cache", "shuffle", "batch", "prefetch"],
        '"read" has to come first',
    ),
    (nb08b.pipeline, ["read", "augment", "cache", "shuffle", "batch", "prefetch"], "first epoch's changes"),
    (nb08b.pipeline, ["read", "shuffle", "cache", "augment", "batch", "prefetch"], "first epoch's order"),
    (
        nb08b.pipeline,
        ["read", "cache", "batch", "shuffle", "augment", "prefetch"],
        "only moves whole batches",
    ),
    (nb08b.pipeline, ["read", "cache", "shuffle", "batch", "prefetch", "augment"], "all the way"),
]

RIGHT = [
    (nb08b.prepare, prepared),
    (nb08b.prepare, lambda photo, side: prepared(photo, side, end=as_is)),  # still Pillow's
    (nb08b.prepare, lambda photo, side: prepared(photo, side).astype("float32")),
    (
        nb08b.prepare,
        lambda photo, side: np.array(ImageOps.exif_transpose(photo.convert("RGB")).resize((side, side))),
    ),
    (
        nb08b.prepare,
        lambda photo, side: cv2.resize(prepared(photo, side, size=(50, 50)), (side, side)),
    ),
    (
        nb08b.prepare,
        lambda photo, side: prepared(photo, side).tolist(),
    ),
    (nb08b.brighten, lambda image, amount: np.clip(image.astype(int) + amount, 0, 255).astype("uint8")),
    (nb08b.brighten, lambda image, amount: np.clip(image.astype("float32") + amount, 0, 255)),
    (nb08b.brighten, with_opencv),
    (nb08b.pipeline, ORDER),
    (nb08b.pipeline, np.array(["read", "cache", "shuffle", "augment", "batch", "prefetch"])),
    (nb08b.pipeline, ["read", "cache", "augment", "shuffle", "batch", "prefetch"]),
]


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(photo, side):
        photo = ImageOps.exif_transpose(photo)
        photo = ____
        return np.asarray(photo)

    assert nb08b.prepare.verdict(half_done).status == "unanswered"
    assert nb08b.brighten.verdict(lambda image, amount: ____).status == "unanswered"
    assert nb08b.pipeline.verdict(____).status == "unanswered"


def test_the_photos_that_prepare_is_tried_on_are_all_different_to_open():
    forms = nb08b._forms()
    assert {photo.mode for photo in forms.values()} == {"RGB", "L", "P", "RGBA"}
    notes = [photo.getexif().get(0x0112) for photo in forms.values()]
    assert sorted(note for note in notes if note) == [3, 6, 8]
    tall = [nb08b._upright(photo) for form, photo in forms.items() if "phone" in form]
    assert {photo.size for photo in tall} == {(40, 60)}
