"""What a network's scores are: the numbers before its softmax or sigmoid, however these are written.

    head = scores.head(model, net)                # net = graph.read(model)
    head.scores(value), head.probabilities(...)   # (images, classes)

The layers at the end of a model are *tried out* on a few numbers, because names say little: `tf.nn.softmax` calls
itself "softmax_v2", a lambda "<lambda>". What can be neither recognized nor trusted is refused.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from helpers.arguments import as_numbers, worded
from helpers.inside import graph
from helpers.notebook.quiet_keras import keras, layers, tf

ACTIVATION_LAST = (  # layers that end in their `activation`
    layers.Dense, layers.EinsumDense, layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.Conv1DTranspose,
    layers.Conv2DTranspose, layers.Conv3DTranspose, layers.DepthwiseConv1D, layers.DepthwiseConv2D,
    layers.SeparableConv1D, layers.SeparableConv2D,
)  # fmt: skip
WITHOUT_ACTIVATION = (
    layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization, layers.PReLU,
    layers.Normalization,
)  # fmt: skip
WAYS_OUT = (
    'End the model in a Dense layer, with activation="softmax" or "sigmoid" or with none (logits), or in an '
    "Activation layer of its own."
)


@dataclass(frozen=True)
class Head:
    """How the outputs of a model, (images, outputs), come from its scores."""

    layer: str  # the call whose output the scores are ...
    before_activation: bool  # ... or would be, if it left its activation out
    function: str  # "softmax" or "sigmoid" of the scores; "" where the outputs are the scores
    scale: float  # softmax(scale * output of the layer): 1, or one over a temperature
    outputs: int
    sure: bool = True  # False: the outputs must still be looked at

    @property
    def classes(self) -> int:
        """The number of classes; one output, below or above one half, tells two apart."""
        return max(self.outputs, 2)

    @property
    def linear(self) -> str:
        """The layer that leaves its activation out, for `graph.walk`."""
        return self.layer if self.before_activation else ""

    def scores(self, value: tf.Tensor) -> tf.Tensor:
        """(images, classes), float32 or float64, from what the layer gives.

        One output is the score of class 1, and its negative that of class 0.
        """
        value = tf.reshape(value, (-1, self.outputs))
        value = value if value.dtype == tf.float64 else tf.cast(value, tf.float32)
        value = value if self.scale == 1 else value * self.scale
        return tf.concat([-value, value], axis=1) if self.outputs == 1 else value

    def probabilities(self, scores: tf.Tensor) -> tf.Tensor:
        """(images, classes), 0 to 1: softmax of the scores, or sigmoid where the model has that or one output."""
        one_by_one = self.function == "sigmoid" or self.outputs == 1
        return tf.sigmoid(scores) if one_by_one else tf.nn.softmax(scores)


def head(model: keras.Model, net: graph.Graph) -> Head:
    """How a model ends. Raises ValueError if its output is not (images, classes), or its scores cannot be read."""
    shape = model.outputs[0].shape
    if len(shape) != 2 or shape[1] is None:
        raise ValueError(
            f"the model's output is {worded(('images', *shape[1:]))}, and one number for each class is needed, "
            "images×classes: take a model with its classifier."
        )
    outputs = int(shape[1])
    last_first = net.last_calls()
    begin = last_first[-1].layer
    after: list[Callable] = []  # what is done to the scores, if these are the output of the call before
    for call, before in zip_longest(last_first, last_first[1:]):
        if before is None and type(begin) not in ACTIVATION_LAST:
            break
        after = [call.layer.activation if before is None else _alone(call), *after]
        at = before or call
        if found := _recognized(after, at.output.shape, outputs):
            return Head(at.name, before is None, *found, outputs)
    sure = type(begin) in ACTIVATION_LAST + WITHOUT_ACTIVATION
    grows = _grows(after, last_first[-1].output.shape)
    if grows is False:
        names = _listed([call.name for call in reversed(last_first)])
        raise ValueError(
            "a softmax over one output is always 1. Give the model two outputs, or one with a sigmoid."
            if outputs == 1 and _is_constant(after, last_first[-1].output.shape)
            else f"the scores of this model cannot be read: after {names} its outputs are limited, and they are "
            f"neither a softmax nor a sigmoid of the scores. {WAYS_OUT}"
        )
    return Head(net.calls[-1].name, False, "", 1.0, outputs, sure=sure and grows is True)


def refuse_probabilities(outputs: np.ndarray, net: graph.Graph) -> None:
    """Raise ValueError if outputs (images, classes) of a head that is not sure look like probabilities."""
    outputs = as_numbers(outputs)
    sums = outputs.sum(axis=1)
    shares = outputs.min() >= 0 and (outputs.max() <= 1 or np.ptp(sums) <= 1e-3 * sums.max())
    if shares or np.allclose(np.exp(outputs).sum(axis=1), 1, atol=1e-3):
        last = net.last_calls()[-1]
        raise ValueError(
            f"the outputs of this model look like probabilities, and how {last.name!r} ({type(last.layer).__name__}) "
            f"makes them cannot be seen, so the scores before them cannot be read. {WAYS_OUT}"
        )


def chosen_classes(head: Head, class_index: Any, images: int) -> np.ndarray | None:
    """`class_index` as one whole number for each image; None, for the predicted classes, stays None."""
    if class_index is None:
        return None
    indices = np.asarray(class_index)
    if indices.dtype.kind not in "iu" or indices.ndim > 1:
        raise TypeError(
            f"class_index must be None, a whole number or one for each image, not {class_index!r}."
        )
    if indices.ndim and len(indices) != images:
        raise ValueError(f"there are {images} images and {len(indices)} class indices.")
    if outside := [int(index) for index in np.atleast_1d(indices) if not 0 <= index < head.classes]:
        raise ValueError(
            f"class_index {outside[0]} is out of range: the model has {head.classes} classes, 0 to {head.classes - 1}."
        )
    return np.broadcast_to(indices, images)


def _listed(names: Sequence[str]) -> str:
    """'conv', 'relu' and 'out'."""
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _alone(call: graph.Call) -> Callable:
    """A call with one input as a function of that input."""
    return lambda x: call.run({id(call.inputs[0]): x})[0]


def _tried(after: Sequence[Callable], shape: Sequence[int | None], *, factor: float = 1.0) -> Any:
    """Eight examples of scores from -4 to 4 times `factor`, and what `after` makes of them: both (8, ...).

    The second is None where the functions cannot take them.
    """
    sides = [4 if side is None else side for side in shape[1:]]
    examples = np.random.default_rng(0).uniform(-4, 4, size=(8, *sides)).astype("float32")
    value = tf.constant(factor * examples)
    try:
        with keras.StatelessScope(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Keras, about a softmax over one output: `head` says it
            for function in after:
                value = function(value)
            return examples, tf.convert_to_tensor(value)
    except Exception:  # of a function that someone else wrote: whatever it is, it is not known
        return examples, None


def _recognized(
    after: Sequence[Callable], shape: Sequence[int | None], outputs: int
) -> tuple[str, float] | None:
    """("softmax" or "sigmoid", scale) if `after` is that function of scale times the scores; else None."""
    if None in shape[1:] or np.prod(shape[1:]) != outputs:
        return None
    scores, found = _tried(after, shape)
    if found is None or found.shape != (8, outputs):
        return None
    tolerance = 0.02 if found.dtype in (tf.float16, tf.bfloat16) else 1e-4
    scores, found = scores.reshape(8, outputs).astype("float64"), as_numbers(found).astype("float64")
    with np.errstate(all="ignore"):  # logarithms of what may be no probabilities
        candidates = {
            "softmax": (found, np.log(found)),
            "log_softmax": (np.exp(found), found),
            "sigmoid": (found, np.log(found) - np.log(1 - found)),
        }
        for name, (probabilities, logits) in candidates.items():
            known = scores
            if name != "sigmoid":  # a softmax does not see what is added to all scores
                known, logits = (one - one.mean(axis=1, keepdims=True) for one in (known, logits))
            scale = float((known * logits).sum() / (known * known).sum())
            logits = scale * scores
            powers = np.exp(logits)
            expected = (
                1 / (1 + 1 / powers) if name == "sigmoid" else powers / powers.sum(axis=1, keepdims=True)
            )
            if scale > 0 and np.allclose(probabilities, expected, rtol=0, atol=tolerance):
                name = "sigmoid" if name == "sigmoid" else "softmax"
                return name, 1.0 if abs(scale - 1) < 3 * tolerance else scale
    return None


def _grows(after: Sequence[Callable], shape: Sequence[int | None]) -> bool | None:
    """Whether larger scores still give larger outputs, as they do not behind a softmax; None if it cannot be tried."""
    small, large = (_tried(after, shape, factor=factor)[1] for factor in (1.0, 1000.0))
    if small is None or large is None:
        return None
    return bool(as_numbers(large).max() > 2 * abs(as_numbers(small).max()))


def _is_constant(after: Sequence[Callable], shape: Sequence[int | None]) -> bool:
    _, found = _tried(after, shape)
    return np.ptp(as_numbers(found)) == 0
