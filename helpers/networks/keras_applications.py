"""Seven of the networks in `keras.applications`: what they take, where their weights are, what they are called.

`helpers.networks.pretrained` builds on it. The weights are downloaded by Keras, into its own cache, once. A file there
that cannot be used is put aside under another name and downloaded again; nothing is deleted.
"""

import contextlib
import hashlib
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import owned
from helpers.arguments import whole_number, worded
from helpers.data.download import check_network
from helpers.errors import DataError
from helpers.notebook.frontend import safe_print
from helpers.notebook.quiet_keras import keras
from helpers.paths import keras_home

HOST = "https://storage.googleapis.com/"
FOLDER = "tensorflow/keras-applications"
KERNELS = "weights_tf_dim_ordering_tf_kernels"
SHIPPED = '"EfficientNet-Lite0", which ships with the course.'
STALLED = 30.0  # seconds without a byte after which a download is given up


@dataclass(frozen=True)
class Application:
    """What is known of a network before it is built.

    `weights` is the file's address below HOST. {top} is what its name adds when the classifier is left out,
    {rows} for the image size it was trained at, of which MobileNetV2 alone has several.
    """

    module: str  # in keras.applications: it holds preprocess_input
    feature_layer: str  # the last convolutional feature map
    size: int  # of the images it was trained on, in pixels
    least: int  # the smallest size it takes
    weights: str
    license: str
    no_top: str = "_notop"
    md5: tuple[str, str] | None = None  # of the files with and without the classifier, where Keras knows them


APPLICATIONS = {
    "InceptionV3": Application(
        module="inception_v3", feature_layer="mixed10", size=299, least=75, license="Apache-2.0",
        weights=f"{FOLDER}/inception_v3/inception_v3_{KERNELS}{{top}}.h5",
        md5=("9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"),
    ),
    "MobileNetV2": Application(
        module="mobilenet_v2", feature_layer="out_relu", size=224, least=32, license="Apache-2.0",
        weights=f"{FOLDER}/mobilenet_v2/mobilenet_v2_{KERNELS}_1.0_{{rows}}{{top}}.h5", no_top="_no_top",
    ),
    "ResNet50": Application(
        module="resnet", feature_layer="conv5_block3_out", size=224, least=32, license="MIT",
        weights=f"{FOLDER}/resnet/resnet50_{KERNELS}{{top}}.h5",
        md5=("2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"),
    ),
    "VGG16": Application(
        module="vgg16", feature_layer="block5_conv3", size=224, least=32, license="CC BY 4.0",
        weights=f"{FOLDER}/vgg16/vgg16_{KERNELS}{{top}}.h5",
        md5=("64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"),
    ),
    "EfficientNetB0": Application(
        module="efficientnet", feature_layer="top_activation", size=224, least=32, license="Apache-2.0",
        weights="keras-applications/efficientnetb0{top}.h5",
        md5=("902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"),
    ),
    "Xception": Application(
        module="xception", feature_layer="block14_sepconv2_act", size=299, least=71, license="MIT",
        weights=f"{FOLDER}/xception/xception_{KERNELS}{{top}}.h5",
        md5=("0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"),
    ),
    "DenseNet121": Application(
        module="densenet", feature_layer="relu", size=224, least=32, license="BSD-3-Clause",
        weights=f"{FOLDER}/densenet/densenet121_{KERNELS}{{top}}.h5",
        md5=("9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"),
    ),
}  # fmt: skip


def check_arguments(
    name: str, *, input_shape: Any, least: int, weights: Any, classifier_activation: Any
) -> tuple[int, int, int]:
    """`input_shape` as a tuple of ints; raises ValueError for an argument that makes no sense."""
    if not (weights is None or (isinstance(weights, str) and weights == "imagenet")):
        raise ValueError(f'weights must be "imagenet" or None (random ones), not {weights!r}.')
    if classifier_activation not in ("softmax", None):
        raise ValueError(f'classifier_activation must be "softmax" or None, not {classifier_activation!r}.')
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3:
        raise ValueError(f"input_shape must be (height, width, 3), not {input_shape!r}.")
    height, width, channels = input_shape
    if channels != 3:
        raise ValueError(f"{name} takes color images: input_shape must end in 3, not in {channels!r}.")
    height, width = whole_number(height, "the height", least=1), whole_number(width, "the width", least=1)
    if min(height, width) < least:
        raise ValueError(f"{name} needs images of at least {least}×{least} pixels, not {height}×{width}.")
    return height, width, 3


def build(
    name: str, *, include_top: bool, input_shape: Any, weights: Any, classifier_activation: Any
) -> keras.Model:
    """The network `name` of APPLICATIONS; arguments and errors as for `pretrained.load`."""
    spec = APPLICATIONS[name]
    trained_at = (spec.size, spec.size, 3)
    shape = check_arguments(
        name,
        input_shape=trained_at if input_shape is None else input_shape,
        least=spec.least,
        weights=weights,
        classifier_activation=classifier_activation,
    )
    if include_top and weights and shape != trained_at:
        raise ValueError(
            f"{name} with its classifier takes images of {worded(trained_at)} only, not {worded(shape)}: "
            "leave input_shape out, or take include_top=False."
        )
    options = {"include_top": include_top, "input_shape": shape, "weights": weights}
    if include_top:
        options["classifier_activation"] = classifier_activation
    make = getattr(keras.applications, name)
    if weights is None:
        return make(**options)
    return _with_weights(make, options, name, weights_url(name, include_top=include_top, input_shape=shape))


def _with_weights(
    make: Callable[..., keras.Model], options: dict[str, Any], name: str, url: str
) -> keras.Model:
    """The network with the weights in Keras' cache, or else with downloaded ones; a bad file is replaced once."""
    file = cached(url)
    if file.exists():
        try:
            _check_file(file, APPLICATIONS[name], options["include_top"])
            return _quietly(make, options)
        except (_Unusable, OSError, ValueError, KeyError) as error:  # Keras raises several for other weights
            _put_aside(file, name, url, error)
    _check_folder(file.parent)
    try:
        check_network(url)  # asked first, as Keras waits long for an answer
        return _quietly(make, options)
    except Exception as error:  # a download fails in many ways, and all have the same three ways out
        raise DataError(
            f"the weights of {name} could not be loaded ({error}). Connect to the network and run the cell again; "
            f"or fetch {url} elsewhere and put {file.name} into the folder {file.parent}; or use {SHIPPED}"
        ) from None


class _Unusable(Exception):
    """A file of weights is there and not what it should be."""


def _quietly(make: Callable[..., keras.Model], options: dict[str, Any]) -> keras.Model:
    with _patience(), warnings.catch_warnings():
        # MobileNetV2 warns that it takes the weights for 224×224 at other sizes, which is what is wanted
        warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square")
        return make(**options)


def _check_file(file: Path, spec: Application, include_top: bool) -> None:
    """Raise `_Unusable` for a file whose checksum is wrong, before Keras sees it and writes over it."""
    if not file.is_file():
        raise _Unusable("it is not a file")
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if spec.md5 and digest != spec.md5[0 if include_top else 1]:
        raise _Unusable(f"it has {file.stat().st_size:,} bytes and not the published checksum")


def _put_aside(file: Path, name: str, url: str, error: Exception) -> None:
    """Rename a file that cannot be used, so that it can be downloaded again; `DataError` where that makes no sense."""
    what = f"{file} does not hold the weights of {name} ({_first_line(error)})"
    try:
        check_network(url)
        aside = owned.set_aside(file, "unusable")
    except (DataError, OSError) as reason:
        raise DataError(
            f"{what}. Delete that file, connect to the network and run the cell again, which downloads it again "
            f"(not possible now: {reason}); or use {SHIPPED}"
        ) from None
    safe_print(f"{what}. It is called {aside.name} now, and the weights are downloaded again.", flush=True)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _check_folder(folder: Path) -> None:
    """Raise `DataError` where Keras could not write into this folder: it would go to a place where nothing stays."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise DataError(
            f"Keras keeps downloaded weights in {folder}, and {place} is not a folder that can be written to. Set the "
            f"environment variable KERAS_HOME to a folder of your own before you start Jupyter; or use {SHIPPED}"
        )


def weights_url(name: str, *, include_top: bool, input_shape: tuple[int, int, int]) -> str:
    """The address from which Keras takes the weights."""
    spec = APPLICATIONS[name]
    height, width, _ = input_shape
    rows = height if height == width and height in (96, 128, 160, 192) else 224
    return HOST + spec.weights.format(top="" if include_top else spec.no_top, rows=rows)


def cached(url: str) -> Path:
    """Where Keras keeps the weights from this address."""
    return keras_home() / "models" / url.rsplit("/", 1)[1]


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Give up on a connection that stalls; Keras itself would wait forever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALLED)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
