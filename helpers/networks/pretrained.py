"""Networks that were trained on ImageNet: EfficientNet-Lite0 ships with the course, others come from Keras.

    network = pretrained.load("EfficientNet-Lite0")
    photo = pretrained.prepare_photo(datasets.photo("chelsea"))
    network.top(photo)  # the five likeliest of ImageNet's 1,000 classes, with their probabilities

Another of NAMES, for example "InceptionV3", gives the same interface over `keras.applications`.
"""

import functools
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.arguments import whole_number, worded
from helpers.errors import DataError
from helpers.networks import efficientnet_lite0, keras_applications
from helpers.notebook.quiet_keras import keras
from helpers.paths import ASSETS

CHECKSUMS = {  # SHA-256; tools/make_assets/convert_efficientnet.py prints them
    "efficientnet_lite0.npz": "32a43802bc77ac8d76706522f3d638cd77a29047f84b1d4bbc1b9150155b36c7",
    "imagenet_classes.txt": "14a4ed7942dbcc8fd7a153b76eb4a2d354c70922065a15da6ae0a461cca620f3",
}
SHIPPED = "EfficientNet-Lite0"
NAMES = (SHIPPED, *keras_applications.APPLICATIONS)


@dataclass(frozen=True, eq=False, repr=False)
class Pretrained:
    """A network with what is needed to use it: how images must be prepared, and what its outputs mean."""

    name: str
    model: keras.Model
    feature_layer: str  # the last convolutional feature map, where Grad-CAM looks
    input_shape: tuple[int, int, int]
    include_top: bool
    source: str
    license: str
    _preprocess: Callable[[Any], Any]

    def preprocess(self, images: Any) -> Any:
        """Bring images (one, or a batch) with values 0 to 255, uint8 or float, to the values the model expects.

        A NumPy array gives a new float32 array, a tensor gives a tensor. The size stays as it is:
        `prepare_photo` changes it. Raises ValueError for images that are rescaled already, or not RGB.
        """
        if not hasattr(images, "shape"):
            images = np.asarray(images)
        if len(images.shape) not in (3, 4) or images.shape[-1] != 3:
            found = worded(tuple(images.shape))
            raise ValueError(
                f"one image (height, width, 3) or a batch of them is needed, not the shape {found}."
            )
        if not isinstance(images, np.ndarray):
            return self._preprocess(keras.ops.cast(images, "float32"))
        if images.dtype.kind == "f" and images.any() and images.max() <= 1:
            raise ValueError(
                f"these images look rescaled already (values from {images.min():.2g} to {images.max():.2g}): "
                "preprocess takes the original ones, with values from 0 to 255."
            )
        return self._preprocess(np.array(images, dtype=np.float32))  # a copy: Keras changes arrays in place

    def top(self, images: Any, count: int = 5) -> list:
        """The likeliest classes, best first: [(name, probability), ...]; for a batch, a list of such lists.

        `images` have the model's input size and values 0 to 255: they are preprocessed here.
        """
        if not self.include_top:
            raise ValueError(
                f"this {self.name} has no classifier: load it with include_top=True to get classes."
            )
        count = min(whole_number(count, "count", least=1), efficientnet_lite0.CLASSES)
        images = np.asarray(images)
        if images.ndim not in (3, 4) or images.shape[-3:] != self.input_shape:
            raise ValueError(
                f"this {self.name} takes images of {worded(self.input_shape)}, not {worded(images.shape)}: "
                f"pretrained.prepare_photo(image, size={self.input_shape[0]}) brings a photograph to its size."
            )
        inputs = self.preprocess(images).reshape(-1, *self.input_shape)
        batches = [inputs[start : start + 32] for start in range(0, len(inputs), 32)]
        outputs = np.concatenate([np.asarray(self.model(batch, training=False)) for batch in batches])
        if self.model.layers[-1].activation is not keras.activations.softmax:
            outputs = np.asarray(keras.ops.softmax(outputs))
        best = np.argsort(-outputs, axis=1, kind="stable")[:, :count]
        answers = [
            [(class_names()[label], float(row[label])) for label in labels]
            for row, labels in zip(outputs, best, strict=True)
        ]
        return answers[0] if images.ndim == 3 else answers

    def __repr__(self) -> str:
        ending = f"{efficientnet_lite0.CLASSES:,} classes" if self.include_top else "no classifier"
        return f"{self.name}: images of {worded(self.input_shape)}, {ending}; {self.source}; {self.license}"


def load(
    name: str,
    *,
    include_top: bool = True,
    input_shape: tuple[int, int, int] | None = None,
    weights: str | None = "imagenet",
    classifier_activation: str | None = "softmax",
) -> Pretrained:
    """Build the network `name`, one of NAMES, with its ImageNet weights, or with random ones (weights=None).

    `include_top=False` leaves the classifier out, as in Keras: the model ends with its last feature map (VGG16:
    with the pooling after it). Without `input_shape` the size is the one it was trained at.
    `classifier_activation=None` leaves the softmax out. EfficientNet-Lite0's weights ship with the course, and its
    inputs have values from -1 to 1, which `scale` makes; the others' weights are downloaded, once.
    Raises ValueError for a wrong argument, `DataError` where weights are missing, damaged or out of reach.
    """
    if name not in NAMES:
        raise ValueError(f"unknown network {name!r}: choose one of {', '.join(NAMES)}.")
    options = {
        "include_top": include_top,
        "input_shape": input_shape,
        "weights": weights,
        "classifier_activation": classifier_activation,
    }
    if name == SHIPPED:
        model, layer, prepare = _shipped(**options), efficientnet_lite0.FEATURE_LAYER, scale
        source, license_ = "Google's ImageNet weights, which ship with the course", "Apache-2.0"
    else:
        spec = keras_applications.APPLICATIONS[name]
        model, layer = keras_applications.build(name, **options), spec.feature_layer
        prepare = getattr(keras.applications, spec.module).preprocess_input
        source, license_ = f"ImageNet weights from keras.applications.{name}", spec.license
    if weights is None:
        source, license_ = "random weights", "no license needed"
    shape = tuple(model.input_shape[1:])
    return Pretrained(name, model, layer, shape, include_top, source, license_, prepare)


def _shipped(*, include_top: bool, input_shape: Any, weights: Any, classifier_activation: Any) -> keras.Model:
    """EfficientNet-Lite0; it takes images of any size from 32×32, with the classifier too. Errors as for `load`."""
    shape = keras_applications.check_arguments(
        SHIPPED,
        input_shape=(224, 224, 3) if input_shape is None else input_shape,
        least=32,
        weights=weights,
        classifier_activation=classifier_activation,
    )
    arrays = {} if weights is None else _read_weights()
    model = efficientnet_lite0.build(
        include_top=include_top, input_shape=shape, classifier_activation=classifier_activation
    )
    if arrays:
        assign(model, arrays)
    return model


def scale(images: Any) -> Any:
    """Pixel values from 0 … 255 to -1 … 1."""
    return images / 127.5 - 1.0


def prepare_photo(image: np.ndarray, size: int = 224) -> np.ndarray:
    """A photograph as a square of `size` pixels, as networks are examined on ImageNet: uint8 in, uint8 out.

    The short side is resized (bicubic, antialiased) to size / 0.875 pixels, then the center is cut out.
    A gray picture (height, width) becomes an RGB one.
    """
    size = whole_number(size, "size", least=1)
    image = np.asarray(image)
    if image.ndim == 2:
        image = np.stack([image] * 3, axis=-1)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3 or image.size == 0:
        found = f"{image.dtype} of shape {worded(image.shape)}"
        raise ValueError(f"one uint8 photograph (height, width, 3) is needed, not {found}.")
    from PIL import Image

    height, width = image.shape[:2]
    factor = round(size / 0.875) / min(height, width)
    height, width = round(height * factor), round(width * factor)
    resized = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
    row, column = (height - size) // 2, (width - size) // 2
    return resized[row : row + size, column : column + size]


@functools.cache
def class_names() -> tuple[str, ...]:
    """The names of ImageNet's 1,000 classes, in the order of the networks' outputs."""
    lines = _read_asset("imagenet_classes.txt").decode().splitlines()
    return tuple(line.split(" ", 1)[1] for line in lines)


def assign(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
    """Give each of the model's weights the array named "layer/weight"."""
    for layer in model.layers:
        for weight in layer.weights:
            weight.assign(arrays[f"{layer.name}/{weight.name}"].astype(np.float32))


def _read_weights() -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(_read_asset("efficientnet_lite0.npz")), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _read_asset(name: str) -> bytes:
    """The bytes of a file that ships with the course; raises `DataError` where they are not the right ones."""
    path = ASSETS / name
    try:
        content = path.read_bytes()
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
    else:
        if name.endswith(".txt"):
            content = content.replace(b"\r\n", b"\n")  # Git writes Windows' line ends on Windows
        if hashlib.sha256(content).hexdigest() == CHECKSUMS[name]:
            return content
        found = f"is damaged: it has {len(content):,} bytes and not the checksum it should have"
    raise DataError(f"{path} {found}. It ships with the course: get the folder helpers/assets again.")
