"""What a filter answers to: an image made for it, and the patches of real images that excite it most.

    image = excitation.exciting_image(model, "conv_3", filter_index=5)
    patches = excitation.most_exciting_patches(model, images, "conv_3", filter_index=5, count=9)

Models are as for `explain`, and are not changed either.
"""

from typing import Any, NamedTuple

import numpy as np

from helpers.arguments import whole_number, worded
from helpers.inside import graph, probing, receptive_field
from helpers.notebook.quiet_keras import keras, tf

PROBES = 8  # random images by which a receptive field is measured where no formula is known


class Patch(NamedTuple):
    """A piece of an image and how much it excites a filter."""

    value: float  # of the filter, at its place on the feature map
    image: int  # number of the image in the batch
    place: tuple[int, int]  # row and column on the feature map
    rows: slice  # of the image: what the place sees
    columns: slice
    pixels: np.ndarray  # image[rows, columns], as it was given


def exciting_image(
    model: keras.Model,
    layer_name: str,
    filter_index: int,
    steps: int = 48,
    seed: int = 0,
    *,
    step_size: float = 0.04,
    jitter: int = 2,
    decay: float = 0.01,
    blur_every: int = 4,
    value_range: tuple[float, float] = (0.0, 255.0),
) -> np.ndarray:
    """An image that excites a filter, by gradient ascent from grey noise: float32 (height, width, channels).

    What grows is the filter's mean over its feature map, or one unit of a layer without a map; of the last layer
    the score before softmax (activation maximisation: Erhan et al., 2009; Simonyan et al., 2014). Each step
    moves the pixels by `step_size` of the range on average (root mean square). So that it does not end in
    checkerboards, the image is shifted by up to `jitter` pixels before each step and back after it, pulled
    to grey by the share `decay`, and blurred (1 2 1) after every `blur_every` steps, 0 for never (Yosinski et
    al., 2015). The result is in `value_range`, which must be that of the model's input: (-1, 1) for the
    pretrained EfficientNet-Lite0. A dead filter, whose gradient is 0, leaves smooth grey noise.
    Raises ValueError for an unknown layer, a filter out of range, or a model whose image size is not fixed.
    """
    call = graph.find(model, layer_name)
    number = _filter_number(call, filter_index)
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) != 3 or None in shape:
        sides = worded(tuple("any" if side is None else side for side in shape))
        raise ValueError(f"the model takes images of {sides}, and a fixed height×width×channels is needed.")
    low, high = map(float, value_range)
    if not (low < high and step_size > 0 and 0 <= decay < 1):
        raise ValueError("value_range must be (low, high), step_size above 0, decay from 0 to below 1.")
    steps, jitter = whole_number(steps, "steps", least=1), whole_number(jitter, "jitter", least=0)
    blur_every = whole_number(blur_every, "blur_every", least=0)
    rng = np.random.default_rng(whole_number(seed, "seed", least=0))

    def excitation(output: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(output[..., number])

    @tf.function(autograph=False)
    def ascent(pixels: tf.Tensor) -> tf.Tensor:
        return graph.gradient(model, pixels, excitation, of=call.name)[1]

    middle, span, dtype = (low + high) / 2, high - low, graph.float_type(model)
    image = middle + 0.05 * span * rng.normal(size=shape)
    for step in range(1, steps + 1):
        shift = rng.integers(-jitter, jitter + 1, size=2)
        moved = np.roll(image, shift, axis=(0, 1))[None].astype(dtype)
        gradient = np.roll(ascent(moved)[0].numpy().astype("float64"), -shift, axis=(0, 1))
        size = np.sqrt(np.mean(gradient**2))
        image += step_size * span * gradient / (size or 1.0)
        image = middle + (1 - decay) * (image - middle)
        if blur_every and step % blur_every == 0 and step < steps:
            image = _blur(_blur(image, axis=0), axis=1)
        image = np.clip(image, low, high)
    return image.astype("float32")


def most_exciting_patches(
    model: keras.Model, images: Any, layer_name: str, filter_index: int, count: int = 9
) -> list[Patch]:
    """The patches of real images at which a filter answers most, strongest first (Zeiler and Fergus, 2014).

    Each image gives its strongest place only, so that one image does not fill the list; of equal places the
    first, of equal images too. At most `count` patches. What a place sees is calculated by `receptive_field`;
    where that knows no formula, it is where the gradient of the place is not 0 for random images. At the
    edge of the image a patch is smaller.
    Raises ValueError for an unknown layer, one without a feature map, a filter out of range or images that do
    not fit.
    """
    call = graph.find(model, layer_name)
    if not graph.is_feature_map(call):
        shape = worded(("images", *call.output.shape[1:]))
        raise ValueError(f"layer {layer_name!r} gives {shape}, which is no map of places in an image.")
    number = _filter_number(call, filter_index)
    count = whole_number(count, "count", least=1)
    pixels = graph.batch(model, images)
    maps = np.concatenate(
        [graph.values(model, part, [call.name])[call.name][..., number] for (part,) in graph.parts(pixels)]
    )
    best = maps.reshape(len(maps), -1).max(axis=1)
    patches = []
    for index in np.argsort(-best, kind="stable")[:count]:
        place = np.unravel_index(maps[index].argmax(), maps[index].shape)
        row, column = map(int, place)
        try:
            rows, columns = _seen(model, call.name, (row, column))
        except ValueError:  # a layer that slides no window, or sizes that are not fixed
            rows, columns = _touched(model, call.name, (row, column), pixels)
        piece = np.asarray(images)[index][rows, columns].copy()
        patches.append(Patch(float(best[index]), int(index), (row, column), rows, columns, piece))
    return patches


def _filter_number(call: probing.Call, filter_index: Any) -> int:
    """`filter_index` as an int, if the layer has so many filters (or units)."""
    count, number = call.output.shape[-1], whole_number(filter_index, "filter_index", least=0)
    if number >= count:
        raise ValueError(
            f"filter_index {number} is out of range: {call.name!r} has {count} filters, 0 to {count - 1}."
        )
    return number


def _seen(model: keras.Model, layer_name: str, place: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns of the input that a place of a feature map depends on, by the formula."""
    name, _, inner = layer_name.partition("/")
    (call,) = [call for call in probing.calls(model) if call.name == name]
    if not inner:
        probe = keras.Model(model.inputs[0], call.output, name="probe")
        return receptive_field.seen_by(probe, place)
    within = _seen(call.layer, inner, place)
    before = keras.Model(model.inputs[0], call.inputs[0], name="probe")
    first = receptive_field.seen_by(before, tuple(side.start for side in within))
    last = receptive_field.seen_by(before, tuple(side.stop - 1 for side in within))
    rows, columns = (slice(one.start, other.stop) for one, other in zip(first, last, strict=True))
    return rows, columns


def _touched(
    model: keras.Model, layer_name: str, place: tuple[int, int], pixels: np.ndarray
) -> tuple[slice, slice]:
    """The same by measurement: the box of the pixels whose gradient is not 0 for random images."""
    rng = np.random.default_rng(0)
    noise = rng.uniform(pixels.min(), pixels.max() + 1e-3, size=(PROBES, *pixels.shape[1:]))

    def answer(output: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(output[:, place[0], place[1]])

    gradient = graph.gradient(model, noise.astype(pixels.dtype), answer, of=layer_name)[1].numpy()
    touched = np.argwhere((gradient != 0).any(axis=(0, 3)))
    if len(touched) == 0:
        touched = np.argwhere(np.ones(pixels.shape[1:3]))
    rows, columns = (
        slice(int(a), int(b) + 1) for a, b in zip(touched.min(axis=0), touched.max(axis=0), strict=True)
    )
    return rows, columns


def _blur(image: np.ndarray, axis: int) -> np.ndarray:
    """Each pixel as a quarter, a half and a quarter of its neighbours and itself; the edge is repeated."""
    width = [(1, 1) if a == axis else (0, 0) for a in range(image.ndim)]
    padded = np.pad(image, width, mode="edge")
    side = image.shape[axis]
    before, after = (np.take(padded, range(start, start + side), axis) for start in (0, 2))
    return before / 4 + image / 2 + after / 4
