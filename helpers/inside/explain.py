"""Why a network says what it says: feature maps, Grad-CAM, saliency and occlusion.

    maps = explain.grad_cam(model, images)                      # (images, rows, columns), small
    heat = heat_maps.as_heat_map(maps, images.shape[1:3])       # 0 to 1, as large as the images
    heat_maps.overlay(images[0], heat[0])                       # an RGB picture

Models are Functional or built Sequential ones, with one input and one output, and may hold a nested backbone,
whose layers are named "backbone/conv_1". Images are a batch of what the model takes, uint8 or float. A model is
never changed, and runs in inference mode. Scores are logits: what a model has before its softmax or sigmoid. A model
with one output has two classes: its score is that of class 1, and the negative of it that of class 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.arguments import as_numbers, whole_number, worded
from helpers.inside import graph, scores
from helpers.notebook.quiet_keras import keras, layers, tf

PASSED_ON = (  # layers after which a map is the same, or coarser
    layers.MaxPooling2D, layers.AveragePooling2D, layers.Dropout, layers.SpatialDropout2D, layers.Identity,
)  # fmt: skip


def feature_maps(
    model: keras.Model, images: Any, layer_names: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """The output of every layer for a batch, or of the named ones, from layer name to array, input first.

    Each array is (images, ...) as the layer gives it: (images, rows, columns, channels) for a convolution. The
    layers of a nested model come before it, as "backbone/conv_1"; input layers are left out; a model's last
    layer gives probabilities if it ends in softmax. Named layers come in the order in which they run.
    Raises ValueError for an unknown layer (near matches are listed) or images that do not fit.
    """
    net = graph.read(model)
    if layer_names is None:
        wanted = {call.name for call in net.steps()}
    else:
        names = [layer_names] if isinstance(layer_names, str) else layer_names
        wanted = {net.find(name).name for name in names}
    if not wanted:
        raise ValueError("layer_names is empty: name a layer, or leave it out for all of them.")
    pixels = graph.float_batch(model, images)
    found = [graph.values(net, part, wanted) for (part,) in graph.parts(pixels)]
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def last_convolution(model: keras.Model) -> str:
    """The name of the last convolutional feature map, where Grad-CAM looks: "top_activation", "backbone/relu".

    It is the last output (images, rows, columns, channels) of more than 1×1 places, after a layer with a
    kernel, on the way to the scores. Activation, BatchNormalization or a sum after the convolution belong to
    it; pooling and dropout after that do not, as they only make it coarser. Raises ValueError if there is none.
    """
    return _last_convolution(graph.read(model))


def grad_cam(
    model: keras.Model, images: Any, class_index: Any = None, layer_name: str | None = None
) -> np.ndarray:
    """Grad-CAM: where a feature map speaks for a class; (images, rows, columns) of the map, float32, 0 or more.

    Selvaraju et al. (2017), equations 1 and 2: each channel of the map is weighted by the gradient of the
    class's score, averaged over the places; what remains of the sum above 0 is the map. It is not
    normalized: its unit is that of a score, per place. `class_index` is a class for all images, one for each,
    or None for the predicted ones. `layer_name` is None for `last_convolution`. A score is what the model has
    before softmax or sigmoid; a model without either gives scores. Raises ValueError for an unknown layer or one
    without a feature map, a class out of range, images that do not fit or an ending whose scores cannot be read, and
    TypeError for a class that is not a whole number.
    """
    asked = _asked(model, images, class_index)
    call = asked.net.find(_last_convolution(asked.net) if layer_name is None else layer_name)
    if not call.is_feature_map:
        shape = worded(("images", *call.output.shape[1:]))
        raise ValueError(
            f"layer {call.name!r} gives {shape}, which is not a feature map: choose one that gives (images, rows, "
            f"columns, channels), for example {_last_convolution(asked.net)!r}."
        )
    maps = []
    for part, labels in graph.parts(asked.pixels, asked.labels()):
        features, slopes = (_exact(one) for one in asked.gradient(part, labels, at=call.name))
        weights = tf.reduce_mean(slopes, axis=(1, 2), keepdims=True)
        maps.append(tf.nn.relu(tf.reduce_sum(weights * features, axis=-1)).numpy())
    return np.concatenate(maps).astype("float32")


def saliency(model: keras.Model, images: Any, class_index: Any = None) -> np.ndarray:
    """How much each pixel moves the score of a class: |gradient|, the largest of its channels.

    (images, height, width), float32, 0 or more, in score per unit of pixel value (Simonyan, Vedaldi and
    Zisserman, 2014, section 3). Arguments and errors as for `grad_cam`; a model without channels works too.
    """
    asked = _asked(model, images, class_index)
    return _largest(asked.pixel_gradients(asked.pixels, asked.labels()))


def occlusion(
    model: keras.Model,
    image: Any,
    class_index: int | None = None,
    patch: int = 8,
    stride: int = 4,
    fill: Any = None,
) -> np.ndarray:
    """How much of a class's probability is lost where a square patch hides a part of one image.

    (rows, columns), float32, -1 to 1: at (i, j) the probability without the patch minus that with it, when it
    hides the `patch`×`patch` pixels from row i * stride and column j * stride on; patches that would stick
    out are left out. Above 0 the hidden part spoke for the class (Zeiler and Fergus, 2014, section 4.2).
    The probability is softmax of the scores (sigmoid where the model has that, or one output only).
    `image` is one image without a batch axis; `fill` is a number or a color in the image's range, or None
    for the image's mean color. `heat_maps.per_pixel` and `as_heat_map` make a picture of it. Errors as for
    `grad_cam`, and a patch larger than the image or a `fill` that is not a color of it.
    """
    patch, stride = whole_number(patch, "patch", least=1), whole_number(stride, "stride", least=1)
    net = graph.read(model)
    image = as_numbers(image, "the image")
    if image.ndim == len(model.inputs[0].shape) and len(image) == 1:
        raise ValueError("occlusion takes one image without a batch axis: pass images[0].")
    asked = _asked(model, image[None], class_index, net)
    pixels = asked.pixels
    if pixels.ndim < 3 or patch > min(pixels.shape[1:3]):
        raise ValueError(
            f"a patch of {patch}×{patch} does not fit into the image, {worded(pixels.shape[1:])}."
        )
    color = pixels.mean(axis=(1, 2)) if fill is None else as_numbers(fill, "fill")
    known = color.dtype.kind in "iuf" and bool(np.isfinite(color).all())
    if not known or color.size not in (1, *pixels.shape[3:]):
        raise ValueError(f"fill must be None, a number or a color of the image, not {fill!r}.")
    (label,) = asked.labels()
    rows, columns = (range(0, side - patch + 1, stride) for side in pixels.shape[1:3])
    corners = [(row, column) for row in rows for column in columns]
    copies = np.broadcast_to(pixels, (len(corners), *pixels.shape[1:]))
    left = []
    for part, places in graph.parts(copies, np.array(corners)):
        hidden = part.copy()
        for one, (row, column) in zip(hidden, places, strict=True):
            one[row : row + patch, column : column + patch] = color.reshape(-1) if one.ndim == 3 else color
        left.append(asked.probabilities(hidden)[:, label])
    whole = asked.probabilities(pixels)[0, label]
    return (whole - np.concatenate(left)).reshape(len(rows), len(columns)).astype("float32")


@dataclass(frozen=True, eq=False)
class _Asked:
    """A network, images that fit it and what is asked: everything is checked, and nothing has run."""

    net: graph.Graph
    head: scores.Head
    pixels: np.ndarray
    given: np.ndarray | None  # a class for each image; None for the predicted ones

    def labels(self) -> np.ndarray:
        """The class asked about, for each image."""
        if self.given is not None:
            return self.given
        return np.concatenate([self.scores(part) for (part,) in graph.parts(self.pixels)]).argmax(axis=1)

    def scores(self, pixels: np.ndarray) -> np.ndarray:
        return self.head.scores(self._before_softmax(pixels)).numpy()

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        return self.head.probabilities(self.head.scores(self._before_softmax(pixels))).numpy()

    def gradient(
        self, pixels: np.ndarray, labels: np.ndarray, *, at: str | None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What `at` gives (or the pixels), and the gradient of each image's score with respect to it."""
        head = self.head
        objective = _score_of(head, labels)
        return graph.gradient(self.net, pixels, objective, of=head.layer, at=at, linear=head.linear)

    def pixel_gradients(self, pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
        found = [self.gradient(part, some, at=None)[1] for part, some in graph.parts(pixels, labels)]
        return np.concatenate(found)

    def _before_softmax(self, pixels: np.ndarray) -> np.ndarray:
        name = self.head.layer
        return graph.values(self.net, pixels, [name], linear=self.head.linear)[name]


def _asked(model: keras.Model, images: Any, class_index: Any, net: graph.Graph | None = None) -> _Asked:
    net = net or graph.read(model)
    head = scores.head(model, net)
    pixels = graph.float_batch(model, images)
    asked = _Asked(net, head, pixels, scores.chosen_classes(head, class_index, len(pixels)))
    if not head.sure:
        tried = np.concatenate([pixels[:8], _noise_like(pixels)])
        scores.refuse_probabilities(asked._before_softmax(tried), net)
    return asked


def _noise_like(pixels: np.ndarray) -> np.ndarray:
    """Three images of noise in the range of these."""
    low, high = float(pixels.min()), float(pixels.max())
    noise = np.random.default_rng(0).uniform(low, high + 1e-3, size=(3, *pixels.shape[1:]))
    return noise.astype(pixels.dtype)


def _last_convolution(net: graph.Graph) -> str:
    found, learned = None, False
    for call in net.steps():
        if call.inside:
            continue
        learned = learned or bool(graph.kernels_of(call.layer))
        is_map = call.is_feature_map and tuple(call.output.shape[1:3]) != (1, 1)
        if learned and is_map and not isinstance(call.layer, PASSED_ON):
            found = call.name
    if found is None:
        raise ValueError(
            "this model has no convolutional feature map (images, rows, columns, channels) to look at: Grad-CAM "
            "needs a convolutional network; saliency and occlusion work for any."
        )
    return found


def _score_of(head: scores.Head, labels: np.ndarray) -> Callable[[tf.Tensor], tf.Tensor]:
    """The sum over the images of each one's score: its gradients are those of the images by themselves."""

    def total(value: tf.Tensor) -> tf.Tensor:
        found = head.scores(value)
        return tf.reduce_sum(found * tf.one_hot(labels, head.classes, dtype=found.dtype))

    return total


def _exact(tensor: tf.Tensor) -> tf.Tensor:
    """Half precision as float32: a sum over a map's places would lose digits."""
    return tf.cast(tensor, tf.float32) if tensor.dtype in (tf.float16, tf.bfloat16) else tensor


def _largest(gradient: np.ndarray) -> np.ndarray:
    size = np.abs(gradient).astype("float32")
    return size.max(axis=-1) if size.ndim == 4 else size
