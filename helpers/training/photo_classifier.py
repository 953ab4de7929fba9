"""Your own photographs: a folder of image files in, a trained classifier and a page of predictions out.

    mine = photo_classifier.learn("photos/train")  # one folder of photographs for each class
    photo_classifier.show_page(mine.predict("photos/new"))

Notebook 07 builds the same in plain Keras, step by step; it also calls `per_class` and `in_batches`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from helpers.arguments import whole_number
from helpers.data import image_folders, sampling
from helpers.errors import DataError
from helpers.networks import pretrained
from helpers.notebook import plots
from helpers.notebook.quiet_keras import keras, layers
from helpers.training.evaluate import in_batches

SIZES = (32, 512)
OTHER_PICTURES = {".avif", ".heic", ".heif", ".tif", ".tiff", ".webp"}  # photographs that cannot be read
BATCH, CHUNK = 32, 512


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a classifier says of one photograph: `answers` are (class, probability), the likeliest first."""

    path: Path
    image: np.ndarray  # as the classifier sees it: (size, size, 3) uint8
    answers: tuple[tuple[str, float], ...]
    truth: str | None = None  # the class whose folder the file lies in, if any

    def __str__(self) -> str:
        return f"{self.path.name}: " + ", ".join(f"{name} {share:.0%}" for name, share in self.answers[:3])


@dataclass(frozen=True, eq=False, repr=False)
class PhotoClassifier:
    """A trained classifier: `model` maps images (n, size, size, 3), values 0 to 255, to probabilities.

    It is `extractor`, frozen, and `head` in one. `held_back` and `recognised` count the photographs that it was
    tested on, and its right answers.
    """

    extractor: keras.Model
    head: keras.Model
    class_names: tuple[str, ...]
    learned_from: int
    held_back: int
    recognised: int

    @property
    def model(self) -> keras.Model:
        """Pixels in, probabilities out: the model to save."""
        return keras.Model(self.extractor.input, self.head(self.extractor.output), name="photo_classifier")

    @property
    def size(self) -> int:
        """The side of the square images that the model takes, in pixels."""
        return self.extractor.input_shape[1]

    def predict(self, photos: str | Path) -> list[Prediction]:
        """Classify an image file, all image files in a folder, or those in the class folders inside it.

        Raises `DataError` for a folder without image files, and for a file that cannot be read.
        """
        paths = _pictures(Path(photos).expanduser())
        images = np.stack([open_square(path, self.size) for path in paths])
        rows = in_batches(self.head, self.extractor.predict(images, batch_size=BATCH, verbose=0))
        found = []
        for path, image, row in zip(paths, images, rows, strict=True):
            order = np.argsort(-row, kind="stable")
            truth = path.parent.name if path.parent.name in self.class_names else None
            answers = tuple((self.class_names[k], float(row[k])) for k in order)
            found.append(Prediction(path, image, answers, truth))
        return found

    def __str__(self) -> str:
        return (
            f"{len(self.class_names)} classes ({', '.join(self.class_names)}), learned from "
            f"{self.learned_from:,} photographs; of {self.held_back:,} held back, {self.recognised:,} were recognised"
        )


def learn(
    folder: str | Path, *, size: int = 160, seed: int = 0, updates: int = 200, held_back: float = 0.2
) -> PhotoClassifier:
    """Train a classifier on `folder`/CLASS/*.jpg (or PNG, GIF, BMP): a new head on frozen EfficientNet-Lite0.

    The photographs may have any size: the largest square in the middle is cut out and scaled to `size`. A share
    `held_back` of each class, at least one, is not trained on but tested on. The head makes `updates` or more.
    Raises `DataError` where `image_folders.check` does, and for a class with fewer than two photographs.
    """
    if not SIZES[0] <= whole_number(size, "size", least=1) <= SIZES[1]:
        raise ValueError(f"size must be from {SIZES[0]} to {SIZES[1]} pixels, not {size}.")
    if not 0 < held_back < 1:
        raise ValueError(f"held_back is a share between 0 and 1, not {held_back}.")
    found = image_folders.check(folder)
    for name, count in zip(found.class_names, found.counts, strict=True):
        if count < 2:
            raise DataError(
                f"{found.path} has only {count} photograph of {name}. Give each class at least 2 "
                "(one is held back for the test); 20 or more are better."
            )
    paths, labels = [], []
    for label, name in enumerate(found.class_names):
        paths += [path for path in sorted((found.path / name).rglob("*")) if _is_picture(path)]
        labels += [label] * (len(paths) - len(labels))
    labels = np.array(labels)
    testing = sampling.held_back(labels, held_back, seed=seed)
    training = np.setdiff1d(np.arange(len(labels)), testing)

    extractor = feature_extractor(size)
    features = []
    for start in range(0, len(paths), CHUNK):  # so many photographs in memory at a time
        images = np.stack([open_square(path, size) for path in paths[start : start + CHUNK]])
        features.append(extractor.predict(images, batch_size=BATCH, verbose=0))
    features = np.concatenate(features)
    keras.utils.set_random_seed(seed)
    head = new_head(features.shape[1], classes=len(found.class_names))
    often = np.resize(
        training, max(BATCH * updates, 5 * len(training))
    )  # each photograph at least five times
    head.fit(features[often], labels[often], batch_size=BATCH, verbose=0)
    right = int((in_batches(head, features[testing]).argmax(axis=1) == labels[testing]).sum())
    return PhotoClassifier(extractor, head, found.class_names, len(training), len(testing), right)


def feature_extractor(size: int) -> keras.Model:
    """EfficientNet-Lite0 up to its pooled features: images (n, size, size, 3), values 0 to 255, to (n, 1280)."""
    inputs = keras.Input(shape=(size, size, 3), name="pixels")
    x = layers.Rescaling(scale=1 / 127.5, offset=-1, name="to_plus_minus_1")(inputs)
    body = pretrained.efficientnet_lite0(include_top=False, input_shape=(size, size, 3))
    body.trainable = False
    outputs = layers.GlobalAveragePooling2D(name="features")(body(x, training=False))
    return keras.Model(inputs, outputs, name="feature_extractor")


def new_head(features: int, *, classes: int, rate: float = 3e-3) -> keras.Model:
    """A compiled softmax classifier for so many cached features, with random weights."""
    inputs = keras.Input(shape=(features,), name="features")
    outputs = layers.Dense(units=classes, activation="softmax", name="probabilities")(inputs)
    head = keras.Model(inputs, outputs, name="head")
    head.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    head.optimizer.build(head.trainable_variables)  # or Keras traces the first training step twice
    return head


def open_square(path: str | Path, size: int) -> np.ndarray:
    """The largest square in the middle of an image file, scaled: (size, size, 3) uint8.

    A photograph that the camera marked as turned is turned back; transparent parts become white.
    Raises `DataError` for a file that is no image or is damaged.
    """
    path = Path(path)
    try:
        with Image.open(path) as picture:
            turned = ImageOps.exif_transpose(picture)
            if turned.has_transparency_data:
                white = Image.new("RGBA", turned.size, "white")
                turned = Image.alpha_composite(white, turned.convert("RGBA"))
            square = ImageOps.fit(turned.convert("RGB"), (size, size), method=Image.Resampling.BICUBIC)
    except UnidentifiedImageError:
        raise DataError(f"{path} is no image that can be read. Save it again as JPEG or PNG.") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read ({error}). Remove it, or save it again as JPEG.") from error
    return np.asarray(square)


def show_page(predictions: Sequence[Prediction], *, limit: int = 24, columns: int = 6) -> None:
    """Show photographs with the classifier's answer and its probability; ✗ and the true class where it is wrong.

    Of more than `limit` photographs, as many are taken at equal distances.
    """
    places = np.unique(np.linspace(0, len(predictions) - 1, min(limit, len(predictions))).round().astype(int))
    shown = [predictions[place] for place in places]
    titles = []
    for prediction in shown:
        name, share = prediction.answers[0]
        wrong = prediction.truth not in (None, name)
        titles.append(f"{name} {share:.0%}" + (f"\nis: {prediction.truth}" if wrong else ""))
    known = all(prediction.truth is not None for prediction in shown)
    plots.image_grid(
        [prediction.image for prediction in shown],
        titles=titles,
        good=[prediction.truth == prediction.answers[0][0] for prediction in shown] if known else None,
        columns=min(columns, len(shown)),
        cell=1.25,
        alt=f"{len(shown)} photographs, each with the classifier's answer and its probability above it.",
    )


def _pictures(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise DataError(f"{place} is not there. Name an image file, or a folder of them.")
    files = [path for path in sorted(place.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    foreign = [path.name for path in files if path.suffix.lower() in OTHER_PICTURES]
    if foreign:
        found = f"{foreign[0]} ({len(foreign):,} in all)"
        raise DataError(f"{place} holds pictures in a format not read here: {found}. Save them as JPEG.")
    pictures = [path for path in files if _is_picture(path)]
    if not pictures:
        raise DataError(f"{place} holds no image files (JPEG, PNG, GIF or BMP).")
    return pictures


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in image_folders.FORMATS and path.is_file() and not path.name.startswith(".")
