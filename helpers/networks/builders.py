"""The course's networks, built and not compiled: convolutional and small residual nets.

Each takes images of values 0 to 255 and rescales them inside (`Rescaling(1 / 255)`), ends in softmax probabilities,
and has fresh random weights. The notebooks call them. An impossible argument raises ValueError, a count that is not
a whole number TypeError.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from helpers.arguments import whole_number
from helpers.notebook.quiet_keras import keras, layers

MNIST_SHAPE, CIFAR_SHAPE = (28, 28, 1), (32, 32, 3)
VGG_FILTERS = (64, 64, "max_pool", 128, 128, "max_pool", 256, 256, 256, "max_pool", 512, 512, 512, "max_pool")
BATCH_NORM = ("before", "after")  # the ReLU


def small_cnn(
    *, input_shape: Sequence[int] = MNIST_SHAPE, num_classes: int = 10, filters: Sequence[int] = (8, 16)
) -> keras.Model:
    """A convolutional network small enough for quick experiments: two convolutions, one pooling, softmax.

    Input (images, height, width, channels); gray images may come without the channel axis. On 28×28×1: 14×14×8,
    14×14×16, 7×7×16, 784, 10; the defaults make 9,154 parameters.
    """
    widths = _counts(filters, "filters", "(8, 16)")
    if len(widths) != 2:
        raise ValueError(f"filters must be two numbers such as (8, 16), not {filters!r}.")
    inputs, x = _input(input_shape, least=4)
    options = {"padding": "same", "activation": "relu"}
    x = layers.Conv2D(filters=widths[0], kernel_size=4, strides=2, name="conv_1", **options)(x)
    x = layers.Conv2D(filters=widths[1], kernel_size=3, name="conv_2", **options)(x)
    x = layers.Flatten(name="flatten")(layers.MaxPooling2D(pool_size=2, name="pool")(x))
    return _classifier(inputs, x, num_classes, name="small_cnn")


def build_convnet(
    input_shape: Sequence[int],
    output_dim: int,
    num_filters_list: Sequence[int | str],
    *,
    kernel_size: int = 3,
    batch_norm: bool | str = False,
    kernel_initializer: Any = "glorot_uniform",
    dense_units: Sequence[int] = (),
    dropout: Sequence[float] = (),
    width: float = 1.0,
    name: str = "convnet",
) -> keras.Model:
    """A network of "same" convolutions with ReLU and of 2×2 max pooling, then Flatten, Dense, softmax.

    Input (images, *input_shape), output (images, output_dim). A number in `num_filters_list` is a convolution,
    "max_pool" a pooling. `batch_norm` "before" or "after" puts BatchNormalization before or after each ReLU of
    a convolution (whose bias is kept). `width` multiplies the filters. `dropout` has one rate for the flattened
    features and one after each of `dense_units`; 0 is left out. `kernel_initializer` is for all layers but the
    last. Layers are conv_1, bn_1, relu_1, pool_1, ..., flatten, hidden_1, dropout_1, probabilities.

    A convolution has (kernel_size² * channels in + 1) * filters parameters, BatchNormalization 4 a filter.
    Raises ValueError also for an unknown word, an empty list and pooling below 1×1.
    """
    inputs, x = _input(input_shape)
    convolutions = poolings = 0
    for place, token in enumerate(_tokens(num_filters_list), start=1):
        if token == "max_pool":
            poolings += 1
            if min(x.shape[1:3]) < 2:
                raise ValueError(
                    f'"max_pool" at place {place} cannot halve a {x.shape[1]}×{x.shape[2]} feature map: '
                    "leave it out, or use larger images."
                )
            x = layers.MaxPooling2D(pool_size=2, name=f"pool_{poolings}")(x)
            continue
        convolutions += 1
        options = {"kernel_size": kernel_size, "kernel_initializer": kernel_initializer}
        x = _convolution(x, _scaled(token, width), name=f"conv_{convolutions}", **options)
        x = _activation(x, batch_norm, number=convolutions)
    x = layers.Flatten(name="flatten")(x)
    units = _counts(dense_units, "dense_units", "(500,)")
    return _dense_part(inputs, x, output_dim, units, dropout, kernel_initializer, name=name)


def vgg(
    *, input_shape: Sequence[int] = CIFAR_SHAPE, num_classes: int = 10, name: str = "vgg", **options: Any
) -> keras.Model:
    """Ten 3×3 convolutions of 64 to 512 filters in the manner of VGG-16 (Simonyan and Zisserman, 2014).

    7,655,754 parameters on 32×32×3, with `batch_norm` 7,666,506. `options` go to `build_convnet`: batch_norm,
    kernel_initializer, width=0.25 for a net a quarter as wide, ...
    """
    return build_convnet(input_shape, num_classes, VGG_FILTERS, name=name, **options)


def residual_net(
    *,
    input_shape: Sequence[int] = CIFAR_SHAPE,
    num_classes: int = 10,
    blocks: int = 2,
    filters: Sequence[int] = (16, 32, 64),
    residual: bool = True,
    batch_norm: bool = True,
    kernel_initializer: Any = "he_normal",
    name: str | None = None,
) -> keras.Model:
    """A small ResNet for small images, or with `residual=False` its plain twin (He et al., 2016, section 4.2).

    One 3×3 convolution, then for each of `filters` a stage of `blocks` blocks, then global average pooling and
    softmax: 2 * blocks * len(filters) + 2 layers deep. A block is conv, BatchNormalization, ReLU, conv,
    BatchNormalization, then the shortcut is added, then ReLU. Each stage but the first halves the side. Where
    the shape changes the shortcut is a 1×1 convolution ("projection", with BatchNormalization as the others),
    elsewhere the identity. The twin has the same layers without shortcuts; it lacks the projections' weights,
    channels in * filters each, and 4 * filters for their BatchNormalization. Where a BatchNormalization follows,
    a convolution has no bias. Layers are named by stage and block: "s2b1_conv1". Raises ValueError also for a map
    too small to halve.
    """
    widths = _counts(filters, "filters", "(16, 32, 64)")
    blocks = whole_number(blocks, "blocks", least=1)
    if not widths:
        raise ValueError("filters is empty: give one number for each stage, for example (16, 32, 64).")
    inputs, x = _input(input_shape)
    if min(x.shape[1:3]) < 2 ** (len(widths) - 1):
        raise ValueError(f"{len(widths)} stages need images of side {2 ** (len(widths) - 1)} or more.")
    options = {"batch_norm": batch_norm, "kernel_initializer": kernel_initializer}
    x = _conv_bn(x, widths[0], prefix="stem_", number="", **options)
    x = layers.ReLU(name="stem_relu")(x)
    for stage, width in enumerate(widths, start=1):
        for block in range(1, blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            x = _block(x, width, strides, residual=residual, prefix=f"s{stage}b{block}_", **options)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return _classifier(inputs, x, num_classes, name=name or ("residual_net" if residual else "plain_net"))


def _block(x: Any, width: int, strides: int, *, residual: bool, prefix: str, **options: Any) -> Any:
    shortcut = x
    x = _conv_bn(x, width, strides=strides, prefix=prefix, number="1", **options)
    x = layers.ReLU(name=f"{prefix}relu1")(x)
    x = _conv_bn(x, width, prefix=prefix, number="2", **options)
    if residual:
        if shortcut.shape != x.shape:
            projection = {"kernel_size": 1, "strides": strides, "number": "_shortcut"}
            shortcut = _conv_bn(shortcut, width, prefix=prefix, **projection, **options)
        x = layers.Add(name=f"{prefix}add")([x, shortcut])
    return layers.ReLU(name=f"{prefix}relu2")(x)


def _conv_bn(
    x: Any, width: int, *, batch_norm: bool, prefix: str, number: str, kernel_initializer: Any,
    kernel_size: int = 3, strides: int = 1,
) -> Any:  # fmt: skip
    x = layers.Conv2D(
        filters=width, kernel_size=kernel_size, strides=strides, padding="same", use_bias=not batch_norm,
        kernel_initializer=_fresh(kernel_initializer), name=f"{prefix}conv{number}",
    )(x)  # fmt: skip
    return layers.BatchNormalization(name=f"{prefix}bn{number}")(x) if batch_norm else x


def _convolution(
    x: Any, filters: int, *, name: str, kernel_initializer: Any, kernel_size: int = 3, strides: int = 1
) -> Any:
    return layers.Conv2D(
        filters=filters, kernel_size=whole_number(kernel_size, "kernel_size", least=1), strides=strides,
        padding="same", kernel_initializer=_fresh(kernel_initializer), name=name,
    )(x)  # fmt: skip


def _activation(x: Any, batch_norm: bool | str, *, number: int) -> Any:
    if batch_norm is not False and batch_norm not in BATCH_NORM:
        raise ValueError(f'batch_norm must be False, "before" or "after" (the ReLU), not {batch_norm!r}.')
    normalize = layers.BatchNormalization(name=f"bn_{number}") if batch_norm else None
    if batch_norm == "before":
        x = normalize(x)
    x = layers.ReLU(name=f"relu_{number}")(x)
    return normalize(x) if batch_norm == "after" else x


def _dense_part(
    inputs: Any,
    x: Any,
    num_classes: int,
    units: Sequence[int],
    dropout: Sequence[float] = (),
    initializer: Any = "glorot_uniform",
    *,
    name: str,
) -> keras.Model:
    """Dense ReLU layers with dropout before the first and after each, then softmax: the model."""
    rates = list(dropout) or [0.0] * (len(units) + 1)
    if len(rates) != len(units) + 1 or not all(isinstance(r, Real) and 0 <= r < 1 for r in rates):
        raise ValueError(
            f"dropout must hold {len(units) + 1} rate(s) from 0 to below 1 for {len(units)} dense layer(s), "
            f"not {dropout!r}."
        )
    for number, rate in enumerate(rates, start=1):
        if rate:
            x = layers.Dropout(rate=rate, name=f"dropout_{number}")(x)
        if number <= len(units):
            options = {"kernel_initializer": _fresh(initializer), "name": f"hidden_{number}"}
            x = layers.Dense(units=units[number - 1], activation="relu", **options)(x)
    return _classifier(inputs, x, num_classes, name=name)


def _classifier(inputs: Any, x: Any, num_classes: int, *, name: str) -> keras.Model:
    count = whole_number(num_classes, "the number of classes", least=2)
    outputs = layers.Dense(units=count, activation="softmax", name="probabilities")(x)
    return keras.Model(inputs=inputs, outputs=outputs, name=name)


def _input(input_shape: Sequence[int], *, axes: tuple[int, ...] = (3,), least: int = 1) -> tuple[Any, Any]:
    """The input, and the images rescaled to 0 … 1; `least` is for the height and the width."""
    wanted = "(height, width, channels), for example (28, 28, 1)" if axes == (3,) else "for example (28, 28)"
    if isinstance(input_shape, str) or not hasattr(input_shape, "__len__") or len(input_shape) not in axes:
        raise ValueError(f"input_shape must be the shape of one image, {wanted}; it is {input_shape!r}.")
    shape = tuple(whole_number(side, "each entry of input_shape", least=1) for side in input_shape)
    if axes == (3,) and min(shape[:2]) < least:  # poolings must leave something to flatten
        raise ValueError(f"input_shape {shape} is too small: height and width must be at least {least}.")
    inputs = keras.Input(shape=shape, name="pixels")
    return inputs, layers.Rescaling(scale=1 / 255, name="rescale")(inputs)


def _counts(values: Any, name: str, example: str) -> list[int]:
    """A sequence of whole numbers of at least 1."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name} must be a sequence such as {example}, not {values!r}.")
    return [whole_number(value, f"each of {name}", least=1) for value in values]


def _tokens(num_filters_list: Any) -> list[Any]:
    is_list = isinstance(num_filters_list, Sequence) and not isinstance(num_filters_list, str)
    if not is_list or not num_filters_list:
        raise ValueError(
            f'num_filters_list must be a list such as [16, "max_pool", 32], not {num_filters_list!r}.'
        )
    for place, token in enumerate(num_filters_list, start=1):
        if isinstance(token, str) and token != "max_pool":
            raise ValueError(
                f'unknown word {token!r} at place {place} of num_filters_list: only "max_pool" is known.'
            )
        if not isinstance(token, str):
            whole_number(token, f"place {place} of num_filters_list", least=1)
    return list(num_filters_list)


def _scaled(filters: int, width: float) -> int:
    """`filters` times `width`, rounded, at least 1."""
    if not isinstance(width, Real) or isinstance(width, bool) or not width > 0:
        raise ValueError(f"width must be a number above 0, such as 0.25, not {width!r}.")
    return max(1, round(filters * width))


def _fresh(initializer: Any) -> Any:
    """A copy of an initializer object: one object used twice gives layers of the same shape the same values."""
    if isinstance(initializer, keras.initializers.Initializer):
        return type(initializer).from_config(initializer.get_config())
    return initializer
