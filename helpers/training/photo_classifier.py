"""Your own photos: a folder of image files in, a trained classifier and a page of predictions out.

    mine = photo_classifier.learn("photos/train")  # one folder of photos for each class
    photo_classifier.show_page(mine.predict("photos/new"))

Notebook 07 builds the same in plain Keras, step by step.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from helpers import paths
from helpers.arguments import whole_number
from helpers.data import image_files, image_folders, sampling
from helpers.data.image_files import Unreadable
from helpers.errors import DataError
from helpers.networks import pretrained
from helpers.notebook import plots
from helpers.notebook.course import check_seed
from helpers.notebook.quiet_keras import keras, layers
from helpers.training.evaluate import in_batches

SIZES = (32, 512)
BATCH, CHUNK = 32, 512
FINER = 4  # a large photo is opened at a fraction of its size, but at least this many times finer than needed


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a classifier says of one photo: `answers` are (class, probability), the likeliest first."""

    path: Path
    image: np.ndarray  # as the classifier sees it: (size, size, 3) uint8
    answers: tuple[tuple[str, float], ...]
    truth: str | None = None  # the class whose folder the file lies in, if any

    def __str__(self) -> str:
        return f"{self.path.name}: " + ", ".join(f"{name} {share:.0%}" for name, share in self.answers[:3])


@dataclass(frozen=True, eq=False, repr=False)
class PhotoClassifier:
    """A trained classifier: `model` maps images (n, size, size, 3), values 0 to 255, to probabilities.

    It is `extractor`, frozen, and `head` in one. `held_back` and `recognized` count the photos that it was
    tested on, and its right answers.
    """

    extractor: keras.Model
    head: keras.Model
    class_names: tuple[str, ...]
    learned_from: int
    held_back: int
    recognized: int

    @property
    def model(self) -> keras.Model:
        """Pixels in, probabilities out: the model to save."""
        return keras.Model(self.extractor.input, self.head(self.extractor.output), name="photo_classifier")

    @property
    def size(self) -> int:
        """The side of the square images that the model takes, in pixels."""
        return self.extractor.input_shape[1]

    def predict(self, photos: str | os.PathLike) -> list[Prediction]:
        """Classify an image file, or all image files in a folder and in the folders inside it.

        JPEG, PNG, GIF, BMP, WebP and TIFF files are read whatever their names end in. A file that is not an image, and
        not named like one, is passed over, and a printed line says so. Raises `DataError` for a folder without image
        files, and for files named like images that cannot be read.
        """
        place = paths.given(photos, "photos")
        if place.is_dir():
            there = image_files.find(place)
            read = _read_all(there.candidates, self.size)
            image_folders.refuse_troubles(place, read.troubles, len(there.candidates))
            image_files.tell_passed_over(there.side_files + read.strangers)
            if not read.files:
                raise DataError(f"{place} holds no image files (JPEG, PNG, GIF, BMP, WebP or TIFF).")
            files, images = read.files, np.stack(read.images)
        elif os.path.lexists(place):
            files, images = [place], open_square(place, self.size)[np.newaxis]
        else:
            raise DataError(f"{place} is not there. Name an image file, or a folder of them.")
        rows = in_batches(self.head, in_batches(self.extractor, images, batch_size=BATCH))
        found = []
        for path, image, row in zip(files, images, rows, strict=True):
            order = np.argsort(-row, kind="stable")
            answers = tuple((self.class_names[k], float(row[k])) for k in order)
            found.append(Prediction(path, image, answers, _truth(path, place, self.class_names)))
        return found

    def __str__(self) -> str:
        return (
            f"{len(self.class_names)} classes ({', '.join(self.class_names)}), learned from "
            f"{self.learned_from:,} photos; of {self.held_back:,} held back, {self.recognized:,} were recognized"
        )


def learn(
    folder: str | os.PathLike, *, size: int = 160, seed: int = 0, updates: int = 200, held_back: float = 0.2
) -> PhotoClassifier:
    """Train a classifier on the image files in `folder`/CLASS/: a new head on frozen EfficientNet-Lite0.

    JPEG, PNG, GIF, BMP, WebP and TIFF files of any size are read: the largest square in the middle is cut out and
    scaled to `size`. What systems and programs leave in folders (Thumbs.db, ._ files, .ipynb_checkpoints) and notes
    are passed over. A share `held_back` of each class, at least one photo, is not trained on but tested on. The head
    makes `updates` or more. Raises `DataError` for a folder without class folders or with the parts of a data set
    ("train", "test") in their place, for files that cannot be read, and for a class with fewer than two photos.
    """
    if not SIZES[0] <= whole_number(size, "size", least=1) <= SIZES[1]:
        raise ValueError(f"size must be from {SIZES[0]} to {SIZES[1]} pixels, not {size}.")
    if not isinstance(held_back, Real) or not 0 < held_back < 1:
        raise ValueError(f"held_back is a share between 0 and 1, not {held_back!r}.")
    updates, seed = whole_number(updates, "updates", least=1), check_seed(seed)
    folder = paths.given(folder)
    classes, passed_over = image_folders.class_files(folder)
    _refuse_few(folder, {name: len(files) for name, files in classes.items()})
    files = [path for found in classes.values() for path in found]
    places = np.repeat(np.arange(len(classes)), [len(found) for found in classes.values()])

    extractor, features, used, troubles = None, [], [], []
    for start in range(0, len(files), CHUNK):  # not all photos in memory at once
        read = _read_all(files[start : start + CHUNK], size)
        troubles += read.troubles
        passed_over += read.strangers
        used += [start + place for place in read.places]
        if read.files and not troubles:
            extractor = extractor or feature_extractor(size)
            features.append(in_batches(extractor, np.stack(read.images), batch_size=BATCH))
    image_folders.refuse_troubles(folder, troubles, len(files))
    labels = places[used]
    _refuse_few(folder, dict(zip(classes, np.bincount(labels, minlength=len(classes)), strict=True)))
    image_files.tell_passed_over(passed_over)
    features = np.concatenate(features)
    testing = sampling.held_back(labels, held_back, seed=seed)
    training = np.setdiff1d(np.arange(len(labels)), testing)
    keras.utils.set_random_seed(seed)
    head = new_head(features.shape[1], classes=len(classes))
    often = np.resize(training, max(BATCH * updates, 5 * len(training)))  # each photo at least five times
    head.fit(features[often], labels[often], batch_size=BATCH, verbose=0)
    right = int((in_batches(head, features[testing]).argmax(axis=1) == labels[testing]).sum())
    return PhotoClassifier(extractor, head, tuple(classes), len(training), len(testing), right)


def feature_extractor(size: int) -> keras.Model:
    """EfficientNet-Lite0 up to its pooled features: images (n, size, size, 3), values 0 to 255, to (n, 1280)."""
    inputs = keras.Input(shape=(size, size, 3), name="pixels")
    x = layers.Rescaling(scale=1 / 127.5, offset=-1, name="to_plus_minus_1")(inputs)
    body = pretrained.load("EfficientNet-Lite0", include_top=False, input_shape=(size, size, 3)).model
    body.trainable = False
    outputs = layers.GlobalAveragePooling2D(name="features")(body(x, training=False))
    return keras.Model(inputs, outputs, name="feature_extractor")


def new_head(features: int, *, classes: int) -> keras.Model:
    """A compiled softmax classifier for so many cached features.

    Its weights start at zero: with few photos, random ones would stay in them as noise.
    """
    inputs = keras.Input(shape=(features,), name="features")
    outputs = layers.Dense(
        units=classes, activation="softmax", kernel_initializer="zeros", name="probabilities"
    )(inputs)
    head = keras.Model(inputs, outputs, name="head")
    head.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy")
    head.optimizer.build(head.trainable_variables)  # or Keras traces the first training step twice
    return head


def open_square(path: str | os.PathLike, size: int) -> np.ndarray:
    """The largest square in the middle of an image file, scaled: (size, size, 3) uint8.

    A photo that the camera marked as turned is turned back; transparent parts become white; 16 bits a channel are
    scaled to 8. Large photos are opened at a fraction of their size, which needs little memory.
    Raises `DataError` for a file that is not an image, is damaged or too large.
    """
    size = whole_number(size, "size", least=1)
    return _square(image_files.open_image(path, least=FINER * size), size)


def show_page(predictions: Sequence[Prediction], *, limit: int = 24, columns: int = 6) -> None:
    """Show photos with the classifier's answer and its probability; where it is wrong, a ✗, and the true class above.

    Of more than `limit` photos, as many are taken at equal distances.
    """
    if isinstance(predictions, Prediction):
        predictions = [predictions]
    limit = whole_number(limit, "limit", least=1)
    places = np.unique(np.linspace(0, len(predictions) - 1, min(limit, len(predictions))).round().astype(int))
    shown = [predictions[place] for place in places]
    titles = []
    for prediction in shown:
        name, share = prediction.answers[0]
        wrong = prediction.truth not in (None, name)
        titles.append((f"is: {prediction.truth}\n" if wrong else "") + f"{name} {share:.0%}")  # ✗ comes last
    known = all(prediction.truth is not None for prediction in shown)
    plots.image_grid(
        [prediction.image for prediction in shown],
        titles=titles,
        good=[prediction.truth == prediction.answers[0][0] for prediction in shown] if known else None,
        columns=min(columns, len(shown)),
        cell=1.25,
        alt=f"{len(shown)} photos, each with the classifier's answer and its probability above it.",
    )


@dataclass
class _Read:
    """What came of opening files: those that are images, with their places in the list, and those that are not."""

    files: list[Path]
    images: list[np.ndarray]
    places: list[int]
    troubles: list[tuple[Path, str]]  # named like images, and why they cannot be used
    strangers: list[Path]  # neither images nor named like one


def _read_all(files: list[Path], size: int) -> _Read:
    read = _Read([], [], [], [], [])
    for place, path in enumerate(files):
        try:
            image = _square(image_files.decode(path, least=FINER * size), size)
        except Unreadable as reason:
            if image_files.has_picture_ending(path):
                read.troubles.append((path, str(reason)))
            else:
                read.strangers.append(path)
        else:
            read.files.append(path)
            read.images.append(image)
            read.places.append(place)
    return read


def _square(picture: Image.Image, size: int) -> np.ndarray:
    return np.asarray(ImageOps.fit(picture, (size, size), method=Image.Resampling.BICUBIC))


def _refuse_few(folder: Path, counts: dict[str, int]) -> None:
    for name, count in counts.items():
        if count < 2:
            raise DataError(
                f"{folder} has only {count} photo{'s' * (count != 1)} of {name}. Give each class at least 2 "
                "(one is held back for the test); 20 or more are better."
            )


def _truth(path: Path, place: Path, class_names: tuple[str, ...]) -> str | None:
    """The class in whose folder a file lies, as far up as the folder that was named; None if there is none."""
    for parent in path.absolute().parents:
        name = image_folders.composed(parent.name)
        if name in class_names:
            return name
        if parent == place.absolute() or path == place:
            return None
    return None
