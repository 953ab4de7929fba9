"""Why a network says what it says: feature maps, Grad-CAM, saliency, occlusion, and the sanity check of them.

    maps = explain.grad_cam(model, images)                    # (images, rows, columns), small
    heat = explain.as_heat_map(maps, images.shape[1:3])       # 0 to 1, as large as the images
    explain.overlay(images[0], heat[0])                       # an RGB picture

Models are Functional or built Sequential ones, with one input and one output, and may hold a nested backbone,
whose layers are named "backbone/conv_1". Images are a batch of what the model takes, uint8 or float. A model is
never changed, and runs in inference mode. Scores are logits: what a model has before its softmax or sigmoid.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.arguments import whole_number, worded
from helpers.inside import graph, probing
from helpers.inside.heat_maps import as_heat_map, overlay, per_pixel
from helpers.inside.sanity_check import layers_with_weights, randomised
from helpers.notebook.quiet_keras import keras, layers, tf

__all__ = [
    "as_heat_map", "feature_maps", "grad_cam", "last_convolution", "layers_with_weights", "occlusion", "overlay",
    "per_pixel", "randomised", "saliency", "smooth_grad",
]  # fmt: skip
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
    if layer_names is None:
        wanted = [call.name for call in graph.steps(model)]
    else:
        names = [layer_names] if isinstance(layer_names, str) else layer_names
        wanted = [graph.find(model, name).name for name in names]
    if not wanted:
        raise ValueError("layer_names is empty: name a layer, or leave it out for all of them.")
    pixels = graph.batch(model, images)
    found = [graph.values(model, part, set(wanted)) for (part,) in graph.parts(pixels)]
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def last_convolution(model: keras.Model) -> str:
    """The name of the last convolutional feature map, where Grad-CAM looks: "top_activation", "backbone/relu".

    It is the last output (images, rows, columns, channels) of more than 1×1 places, after a layer with a
    kernel, on the way to the scores. Activation, BatchNormalization or a sum after the convolution belong to
    it; pooling and dropout after that do not, as they only make it coarser. Raises ValueError if there is none.
    """
    found, learned = None, False
    for call in graph.steps(model):
        if probing.is_nested(call.layer):
            continue
        learned = learned or any(w.name.endswith("kernel") for w in getattr(call.layer, "weights", ()))
        is_map = graph.is_feature_map(call) and tuple(call.output.shape[1:3]) != (1, 1)
        if learned and is_map and not isinstance(call.layer, PASSED_ON):
            found = call.name
    if found is None:
        raise ValueError(
            "this model has no convolutional feature map (images, rows, columns, channels) to look at: Grad-CAM "
            "needs a convolutional network; saliency and occlusion work for any."
        )
    return found


def grad_cam(
    model: keras.Model, images: Any, class_index: Any = None, layer_name: str | None = None
) -> np.ndarray:
    """Grad-CAM: where a feature map speaks for a class; (images, rows, columns) of the map, float32, 0 or more.

    Selvaraju et al. (2017), equations 1 and 2: each channel of the map is weighted by the gradient of the
    class's score, averaged over the places; what remains of the sum above 0 is the map. It is not
    normalised: its unit is that of a score, per place. `class_index` is a class for all images, one for each,
    or None for the predicted ones. `layer_name` is None for `last_convolution`. A score is what the model has
    before softmax or sigmoid, which are known in the last layer (Dense, Activation, Softmax); anything else is
    taken as scores. Raises ValueError for an unknown layer or one without a feature map, a class out of range
    or images that do not fit, and TypeError for a class that is no whole number.
    """
    pixels, chosen = _checked(model, images, class_index)
    call = graph.find(model, last_convolution(model) if layer_name is None else layer_name)
    if not graph.is_feature_map(call):
        shape = worded(("images", *call.output.shape[1:]))
        raise ValueError(
            f"layer {call.name!r} gives {shape}, which is no feature map: take one that gives (images, rows, "
            f"columns, channels), for example {last_convolution(model)!r}."
        )
    chosen = _predicted(model, pixels) if chosen is None else chosen
    maps = []
    for part, labels in graph.parts(pixels, chosen):
        features, gradient = graph.gradient(model, part, _score_of(labels), at=call.name)
        weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
        maps.append(tf.nn.relu(tf.reduce_sum(weights * features, axis=-1)).numpy())
    return np.concatenate(maps).astype("float32")


def saliency(model: keras.Model, images: Any, class_index: Any = None) -> np.ndarray:
    """How much each pixel moves the score of a class: |gradient|, the largest of its channels.

    (images, height, width), float32, 0 or more, in score per unit of pixel value (Simonyan, Vedaldi and
    Zisserman, 2014, section 3). Arguments and errors as for `grad_cam`; a model without channels works too.
    """
    pixels, chosen = _checked(model, images, class_index)
    chosen = _predicted(model, pixels) if chosen is None else chosen
    return _largest(_pixel_gradients(model, pixels, chosen))


def smooth_grad(
    model: keras.Model,
    images: Any,
    class_index: Any = None,
    *,
    samples: int = 25,
    noise: float = 0.15,
    seed: int = 0,
) -> np.ndarray:
    """`saliency` of the mean gradient over `samples` copies of each image with normal noise added.

    `noise` is its standard deviation as a share of each image's range (largest minus smallest value); 0.1 to
    0.2 is usual (Smilkov et al., 2017). The class is that of the image without noise. Further errors: `samples`
    below 1, a negative `noise`.
    """
    samples = whole_number(samples, "samples", least=1)
    if not noise >= 0:
        raise ValueError(f"noise must be 0 or more, a share of the image's range, not {noise!r}.")
    rng = np.random.default_rng(whole_number(seed, "seed", least=0))
    pixels, chosen = _checked(model, images, class_index)
    chosen = _predicted(model, pixels) if chosen is None else chosen
    spread = noise * np.ptp(pixels, axis=tuple(range(1, pixels.ndim)), keepdims=True)
    total = np.zeros(pixels.shape)
    for _ in range(samples):
        noisy = pixels + (spread * rng.normal(size=pixels.shape)).astype(pixels.dtype)
        total += _pixel_gradients(model, noisy, chosen)
    return _largest(total / samples)


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
    `image` is one image without a batch axis; `fill` is a number or a colour in the image's range, or None
    for the image's mean colour. `per_pixel` and `as_heat_map` make a picture of it. Errors as for `grad_cam`,
    and a patch larger than the image or a `fill` that is no colour of it.
    """
    patch, stride = whole_number(patch, "patch", least=1), whole_number(stride, "stride", least=1)
    graph.classes(model)
    image = np.asarray(image)
    if image.ndim == len(model.inputs[0].shape) and len(image) == 1:
        raise ValueError("occlusion takes one image without a batch axis: pass images[0].")
    pixels, chosen = _checked(model, image[None], class_index)
    if pixels.ndim < 3 or patch > min(pixels.shape[1:3]):
        raise ValueError(
            f"a patch of {patch}×{patch} does not fit into the image, {worded(pixels.shape[1:])}."
        )
    colour = pixels.mean(axis=(1, 2)) if fill is None else np.asarray(fill)
    if colour.dtype.kind not in "iuf" or colour.size not in (1, *pixels.shape[3:]):
        raise ValueError(f"fill must be None, a number or a colour of the image, not {fill!r}.")
    chosen = _predicted(model, pixels) if chosen is None else chosen
    rows, columns = (range(0, side - patch + 1, stride) for side in pixels.shape[1:3])
    corners = [(row, column) for row in rows for column in columns]
    copies = np.broadcast_to(pixels, (len(corners), *pixels.shape[1:]))
    left = []
    for part, places in graph.parts(copies, np.array(corners)):
        hidden = part.copy()
        for one, (row, column) in zip(hidden, places, strict=True):
            one[row : row + patch, column : column + patch] = colour.reshape(-1) if one.ndim == 3 else colour
        left.append(graph.probabilities(model, hidden)[:, chosen[0]])
    whole = graph.probabilities(model, pixels)[0, chosen[0]]
    return (whole - np.concatenate(left)).reshape(len(rows), len(columns)).astype("float32")


def _checked(model: keras.Model, images: Any, class_index: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Images and classes that fit the model; nothing has run yet, so predicted classes are None."""
    graph.classes(model)
    pixels = graph.batch(model, images)
    return pixels, graph.chosen_classes(model, class_index, len(pixels))


def _predicted(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    scores = [graph.scores(model, part) for (part,) in graph.parts(pixels)]
    return np.concatenate(scores).argmax(axis=1)


def _score_of(labels: np.ndarray) -> Any:
    """The sum over the images of each one's score: its gradients are those of the images by themselves."""

    def total(scores: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(scores * tf.one_hot(labels, scores.shape[1], dtype=scores.dtype))

    return total


def _pixel_gradients(model: keras.Model, pixels: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    found = [graph.gradient(model, x, _score_of(y))[1] for x, y in graph.parts(pixels, chosen)]
    return np.concatenate(found)


def _largest(gradient: np.ndarray) -> np.ndarray:
    size = np.abs(gradient).astype("float32")
    return size.max(axis=-1) if size.ndim == 4 else size
