"""Seven of the networks in `keras.applications`: what they take, where their weights are, what they are called.

`helpers.networks.pretrained` builds on it. The weights are downloaded by Keras, into its own cache, once.
"""

import contextlib
import os
import socket
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.arguments import whole_number, worded
from helpers.data.download import check_network
from helpers.errors import DataError
from helpers.notebook.quiet_keras import keras
from helpers.paths import keras_home

HOST = "https://storage.googleapis.com/"
FOLDER = "tensorflow/keras-applications"
KERNELS = "weights_tf_dim_ordering_tf_kernels"
STALLED = 30.0  # seconds without a byte after which a download is given up


@dataclass(frozen=True)
class Application:
    """What is known of a network before it is built.

    `weights` is the file's address below HOST. {top} stands for what its name adds when the classifier is left out,
    {rows} for the image size it was trained at, of which MobileNetV2 alone has several.
    """

    module: str  # in keras.applications: it holds preprocess_input
    feature_layer: str  # the last convolutional feature map
    size: int  # of the images it was trained on, in pixels
    least: int  # the smallest size it takes
    weights: str
    licence: str
    no_top: str = "_notop"


APPLICATIONS = {
    "InceptionV3": Application(
        module="inception_v3", feature_layer="mixed10", size=299, least=75, licence="Apache-2.0",
        weights=f"{FOLDER}/inception_v3/inception_v3_{KERNELS}{{top}}.h5",
    ),
    "MobileNetV2": Application(
        module="mobilenet_v2", feature_layer="out_relu", size=224, least=32, licence="Apache-2.0",
        weights=f"{FOLDER}/mobilenet_v2/mobilenet_v2_{KERNELS}_1.0_{{rows}}{{top}}.h5", no_top="_no_top",
    ),
    "ResNet50": Application(
        module="resnet", feature_layer="conv5_block3_out", size=224, least=32, licence="MIT",
        weights=f"{FOLDER}/resnet/resnet50_{KERNELS}{{top}}.h5",
    ),
    "VGG16": Application(
        module="vgg16", feature_layer="block5_conv3", size=224, least=32, licence="CC BY 4.0",
        weights=f"{FOLDER}/vgg16/vgg16_{KERNELS}{{top}}.h5",
    ),
    "EfficientNetB0": Application(
        module="efficientnet", feature_layer="top_activation", size=224, least=32, licence="Apache-2.0",
        weights="keras-applications/efficientnetb0{top}.h5",
    ),
    "Xception": Application(
        module="xception", feature_layer="block14_sepconv2_act", size=299, least=71, licence="MIT",
        weights=f"{FOLDER}/xception/xception_{KERNELS}{{top}}.h5",
    ),
    "DenseNet121": Application(
        module="densenet", feature_layer="relu", size=224, least=32, licence="BSD-3-Clause",
        weights=f"{FOLDER}/densenet/densenet121_{KERNELS}{{top}}.h5",
    ),
}  # fmt: skip


def check_arguments(
    name: str, *, input_shape: Any, least: int, weights: Any, classifier_activation: Any
) -> tuple[int, int, int]:
    """`input_shape` as a tuple of ints; raises ValueError where an argument cannot be meant."""
    if not (weights is None or (isinstance(weights, str) and weights == "imagenet")):
        raise ValueError(f'weights must be "imagenet" or None (random ones), not {weights!r}.')
    if classifier_activation not in ("softmax", None):
        raise ValueError(f'classifier_activation must be "softmax" or None, not {classifier_activation!r}.')
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3:
        raise ValueError(f"input_shape must be (height, width, 3), not {input_shape!r}.")
    height, width, channels = input_shape
    if channels != 3:
        raise ValueError(f"{name} takes colour images: input_shape must end in 3, not in {channels!r}.")
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
    url = weights_url(name, include_top=include_top, input_shape=shape)
    file = cached(url)
    try:
        if not file.is_file():
            check_network(url)  # asked first, as Keras waits long for an answer
        with _patience(), warnings.catch_warnings():
            # MobileNetV2 warns that it takes the weights for 224×224 at other sizes, which is what is wanted
            warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square")
            return make(**options)
    except Exception as error:  # a download fails in many ways, and all have the same three ways out
        raise DataError(
            f"the weights of {name} could not be loaded ({error}). Connect to the network and run the cell again; "
            f"or fetch {url} elsewhere and put {file.name} into the folder {file.parent}; "
            'or take "EfficientNet-Lite0", which ships with the course.'
        ) from None


def weights_url(name: str, *, include_top: bool, input_shape: tuple[int, int, int]) -> str:
    """The address from which Keras takes the weights."""
    spec = APPLICATIONS[name]
    height, width, _ = input_shape
    rows = height if height == width and height in (96, 128, 160, 192) else 224
    return HOST + spec.weights.format(top="" if include_top else spec.no_top, rows=rows)


def cached(url: str) -> Path:
    """Where Keras keeps the weights from this address."""
    home = keras_home()
    if not os.access(home, os.W_OK):
        home = Path("/tmp/.keras")  # what Keras does
    return home / "models" / url.rsplit("/", 1)[1]


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Give up on a connection that stalls; Keras by itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALLED)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
