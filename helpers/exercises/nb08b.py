"""Exercises and quizzes of notebook 08b, image files and pipelines."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    close,
    refuse_mistakes,
    result_of,
    worded_shape,
)

if TYPE_CHECKING:  # the site's tools read this module too, and have no Pillow
    from PIL import Image

# --- an opened file, ready for the network -------------------------------------------------------------


def _scene(width: int, height: int) -> np.ndarray:
    """A smooth image without any symmetry, so that it hardly matters how it is made smaller."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    red, green, blue = 40 + 200 * x, 200 - 180 * y, 120 + 100 * x * y - 60 * x
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def _opened(photo: "Image.Image", form: str, note: int = 0) -> "Image.Image":
    """The photo as Pillow opens it from a file of that form, with a note about its orientation if it isn't 0."""
    from PIL import Image

    exif = Image.Exif()
    if note:
        exif[0x0112] = note
    file = io.BytesIO()
    photo.save(file, format=form, **({"exif": exif} if note else {}))
    file.seek(0)
    return Image.open(file)


def _forms() -> "dict[str, Image.Image]":
    """The files that `prepare` is tried on."""
    from PIL import Image

    wide, tall = Image.fromarray(_scene(64, 48)), Image.fromarray(_scene(40, 60))
    seen_through = wide.copy()
    seen_through.putalpha(255)
    return {
        "a color photograph of 64×48 pixels": _opened(wide, "PNG"),
        "a phone's photograph with the note 6": _opened(tall.transpose(Image.Transpose.ROTATE_90), "PNG", 6),
        "a phone's photograph with the note 8": _opened(tall.transpose(Image.Transpose.ROTATE_270), "PNG", 8),
        "a phone's photograph with the note 3": _opened(tall.transpose(Image.Transpose.ROTATE_180), "PNG", 3),
        "a gray photograph": _opened(wide.convert("L"), "PNG"),
        "an image with a palette": _opened(wide.quantize(64), "GIF"),
        "an image with an alpha channel": _opened(seen_through, "PNG"),
    }


def _upright(photo: "Image.Image") -> "Image.Image":
    from PIL import ImageOps

    return ImageOps.exif_transpose(photo).convert("RGB")


def _examine_prepare(function: Any) -> None:
    for side in (24, 16):
        for form, photo in _forms().items():
            lead = f"For {form} and side={side}"
            result = result_of(function, photo, side, what="prepare")
            if hasattr(result, "convert"):  # still Pillow's
                result = np.asarray(result)
            found = as_array(result, what="prepare's result")
            _refuse_shape(found, photo, side, lead)
            right = np.asarray(_upright(photo).resize((side, side)), dtype=float)
            if np.abs(found - right).mean() < 6:
                continue
            lying = np.asarray(photo.convert("RGB").resize((side, side)), dtype=float)
            turned = [np.rot90(right, turns) for turns in (1, 2, 3)]
            mistakes = (
                (right[..., ::-1], "red and blue are exchanged; Pillow's order is the right one here"),
                (right / 255, "the values go from 0 to 1; leave them from 0 to 255"),
                (lying, "the note about the orientation is ignored: use ImageOps.exif_transpose"),
                (right[:, ::-1], "it comes out mirrored"),
                *((one, "it isn't upright: let ImageOps.exif_transpose read the note") for one in turned),
            )
            for wrong, why in mistakes:
                if np.abs(found - wrong).mean() < (0.05 if wrong.max() <= 1 else 6):
                    raise WrongAnswer(f"{lead}: {why}.")
            if np.isnan(found).any():
                refuse_mistakes(found, (), lead=lead)
            raise WrongAnswer(f"{lead}, the values are far from those that a person would see.")


def _refuse_shape(found: np.ndarray, photo: "Image.Image", side: int, lead: str) -> None:
    if found.shape == (side, side, 3):
        return
    got = worded_shape(found.shape)
    if found.shape == (side, side):
        raise WrongAnswer(f'{lead} you return {got}: the channels are missing. convert("RGB") makes three.')
    if found.shape == (side, side, 4):
        raise WrongAnswer(
            f'{lead} you return four channels, with the alpha channel. convert("RGB") drops it.'
        )
    if found.shape[:2] in (photo.size, photo.size[::-1]):
        raise WrongAnswer(
            f"{lead} you return {got}: the size hasn't changed. Use photo.resize((side, side))."
        )
    raise WrongAnswer(f"{lead} you return {got}; it should be {worded_shape((side, side, 3))}.")


prepare = Exercise(
    name="prepare",
    examine=_examine_prepare,
    hints=(
        "Three steps, one a line: ImageOps has a function that obeys the note; an image has convert and resize.",
        'The first is ImageOps.exif_transpose(photo), the second photo.convert("RGB").',
    ),
    solution_code="""
from PIL import ImageOps


def prepare(photo, side):
    photo = ImageOps.exif_transpose(photo)  # upright
    photo = photo.convert("RGB")  # three channels
    photo = photo.resize((side, side))  # side × side pixels
    return np.asarray(photo)


nb08b.prepare.check(prepare)
""",
    because="One function for every file, and the same one in training and in the app.",
)

# --- brighter, without falling off the end ------------------------------------------------------------


def _examine_brighten(function: Any) -> None:
    values = np.arange(256, dtype=np.uint8)
    image = np.stack([values, values[::-1], np.roll(values, 99)], axis=-1).reshape(16, 16, 3)
    for amount in (60, -60, 200):
        lead = f"For amount={amount}"
        found = as_array(result_of(function, image, amount, what="brighten"), what="brighten's result")
        if found.shape != image.shape:
            raise WrongAnswer(
                f"{lead} yours returns {worded_shape(found.shape)}; the shape {worded_shape(image.shape)} must stay."
            )
        free = image.astype(int) + amount
        if close(found, np.clip(free, 0, 255)):
            continue
        mistakes = (
            (free % 256, "the values still wrap around. Leave uint8 before you add"),
            (free, "some values lie outside of 0 to 255. Cut them off there: np.clip"),
            (np.clip(free, 0, 255) / 255, "the values go from 0 to 1; leave them from 0 to 255"),
            (np.clip(image.astype(int) - amount, 0, 255), "it got darker where it should get brighter"),
            (image, "nothing has changed"),
        )
        refuse_mistakes(found, mistakes, lead=lead)
        raise WrongAnswer(f"{lead}, each value should be the old one plus {amount}, cut off at 0 and at 255.")


brighten = Exercise(
    name="brighten",
    examine=_examine_brighten,
    hints=(
        "uint8 has no room above 255, so change the type before you add: image.astype(int).",
        "np.clip(values, 0, 255) cuts off at both ends. Then go back to uint8.",
    ),
    solution_code="""
def brighten(image, amount):
    return np.clip(image.astype(int) + amount, 0, 255).astype("uint8")


nb08b.brighten.check(brighten)
""",
    because="Room first, then the sum, then the cut, and uint8 at the very end.",
)

# --- the order of a pipeline --------------------------------------------------------------------------

STEPS = ("read", "cache", "shuffle", "augment", "batch", "prefetch")


def _examine_pipeline(answer: Any) -> None:
    if isinstance(answer, (str, bytes)) or not isinstance(answer, (list, tuple, np.ndarray)):
        raise WrongAnswer('Give the six steps as a list of words, for example ["read", "batch", ...].')
    steps = [str(step).strip().lower() for step in answer]
    unknown = [step for step in steps if step not in STEPS]
    if unknown:
        raise WrongAnswer(f'There is no step "{unknown[0]}": the steps are {", ".join(STEPS)}.')
    missing = [step for step in STEPS if step not in steps]
    if missing:
        raise WrongAnswer(f'"{missing[0]}" is missing.')
    if len(steps) != len(STEPS):
        twice = next(step for step in STEPS if steps.count(step) > 1)
        raise WrongAnswer(f'"{twice}" is there more than once.')
    place = {step: number for number, step in enumerate(steps)}
    first_of_all = '"read" has to come first: before a file is open, there is no image to do anything with.'
    rules = (
        ("read", "cache", first_of_all),
        ("read", "shuffle", first_of_all),
        ("read", "augment", first_of_all),
        ("read", "batch", first_of_all),
        ("cache", "augment", "A cache after augment keeps the first epoch's changes for good."),
        ("cache", "shuffle", "A cache after shuffle keeps the first epoch's order for good."),
        (
            "shuffle",
            "batch",
            "A shuffle after batch only moves whole batches, so the same images stay together.",
        ),
    )
    for earlier, later, why in rules:
        if place[earlier] > place[later]:
            raise WrongAnswer(why)
    if steps[-1] != "prefetch":
        raise WrongAnswer(
            f'"{steps[-1]}" comes after prefetch, so it would be done while the network waits. '
            "Prefetch should get a batch ready all the way."
        )


pipeline = Exercise(
    name="pipeline",
    examine=_examine_pipeline,
    hints=(
        "Ask of each step: once, or anew in every epoch? The cache stands between the two kinds.",
        "Reading happens once; order and changes are new every time; the last step only gets a batch ready early.",
    ),
    solution_code="""
steps = ["read", "cache", "shuffle", "batch", "augment", "prefetch"]
nb08b.pipeline.check(steps)
""",
    because="What is always the same comes before the cache, what is random after it. (augment may come before batch.)",
)


quiz_1 = Quiz(
    question=(
        "A friend trains a network from scratch on photographs read by OpenCV, blue first, and reads them with OpenCV "
        "in the app, too. What does the forgotten order cost?"
    ),
    choices={
        "a": (
            "Nothing, because training and app agree",
            "A fresh network learns from the channels as they come. Only borrowed weights would expect another order.",
        ),
        "b": (
            "A good many names, as in our measurement",
            "In ours, training and app disagreed. Here the network has never seen any other order.",
        ),
        "c": (
            "Almost everything: no color is right",
            "The colors look wrong to us, but to the network they are what it has learned.",
        ),
    },
    answer="a",
)

quiz_2 = Quiz(
    question="For a color photograph, Pillow says photo.size is (640, 480). What shape does np.asarray(photo) have?",
    choices={
        "a": ("(640, 480, 3)", "Pillow gives width first, but an array counts its rows first."),
        "b": ("(3, 480, 640)", "Rows before columns is right, but here the channels come last."),
        "c": ("(480, 640, 3)", "480 rows, 640 columns, 3 channels: Pillow's size is the other way round."),
    },
    answer="c",
)

quiz_3 = Quiz(
    question=(
        "You call image_dataset_from_directory twice with validation_split=0.2, once with "
        'subset="training", seed=1 and once with subset="validation", seed=2. What do you get?'
    ),
    choices={
        "a": (
            "An error, because the seeds differ",
            "Keras sees one call at a time, so it can't compare them.",
        ),
        "b": (
            "Two sets that share some photographs",
            "Each call shuffles the list in its own way before cutting it, so some files land in both parts.",
        ),
        "c": (
            "Two sets with no file in common",
            "Only the same seed gives the same shuffled list, and so two parts of one list.",
        ),
    },
    answer="b",
)

quiz_4 = Quiz(
    question="train.map(augment).cache().shuffle(500): what does the network see in the tenth epoch?",
    choices={
        "a": (
            "The original photographs in a new order",
            "The cache comes after augment, so it holds changed photographs.",
        ),
        "b": (
            "Newly changed photographs in a new order",
            "augment ran in the first epoch only; after that the cache answers in its place.",
        ),
        "c": (
            "The first epoch's changed photographs in a new order",
            "The changes are frozen in the cache, and only the order is new.",
        ),
    },
    answer="c",
)
