"""EfficientNet-Lite0 in plain Keras layers: a stem, sixteen MBConv blocks in seven stages, and a head.

The network of Tan and Le (EfficientNet, 2019) as simplified for phones: ReLU6 instead of swish, and no
squeeze-and-excitation. Layers are named as in `keras.applications.EfficientNetB0`. Stochastic depth, which the
original uses while it trains, is left out; at prediction time it does nothing.
`helpers.networks.pretrained` puts the ImageNet weights in.
"""

from typing import NamedTuple

from helpers.notebook.quiet_keras import keras, layers

CLASSES = 1000
FEATURE_LAYER = "top_activation"  # the last convolutional feature map


class Stage(NamedTuple):
    """Blocks of one kind in a row; only the first of them has the stride."""

    blocks: int
    kernel_size: int
    stride: int
    expansion: int
    filters: int


STAGES = (
    Stage(blocks=1, kernel_size=3, stride=1, expansion=1, filters=16),
    Stage(blocks=2, kernel_size=3, stride=2, expansion=6, filters=24),
    Stage(blocks=2, kernel_size=5, stride=2, expansion=6, filters=40),
    Stage(blocks=3, kernel_size=3, stride=2, expansion=6, filters=80),
    Stage(blocks=3, kernel_size=5, stride=1, expansion=6, filters=112),
    Stage(blocks=4, kernel_size=5, stride=2, expansion=6, filters=192),
    Stage(blocks=1, kernel_size=3, stride=1, expansion=6, filters=320),
)


def build(
    *,
    include_top: bool = True,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """EfficientNet-Lite0 with random weights; it takes images with values from -1 to 1.

    With `include_top` the outputs are 1,000 class probabilities, otherwise the last feature map, a 32nd
    (rounded up) of the input's height and width and 1,280 channels.
    """
    inputs = keras.Input(shape=input_shape, name="image")
    x = layers.Conv2D(filters=32, kernel_size=3, strides=2, padding="same", use_bias=False, name="stem_conv")(
        inputs
    )
    x = _normalize(x, "stem_bn")
    x = layers.ReLU(max_value=6, name="stem_activation")(x)

    for number, stage in enumerate(STAGES, start=1):
        for block in range(stage.blocks):
            x = mbconv(
                x,
                filters=stage.filters,
                kernel_size=stage.kernel_size,
                stride=stage.stride if block == 0 else 1,
                expansion=stage.expansion,
                name=f"block{number}{'abcd'[block]}",
            )

    x = layers.Conv2D(filters=1280, kernel_size=1, use_bias=False, name="top_conv")(x)
    x = _normalize(x, "top_bn")
    outputs = layers.ReLU(max_value=6, name=FEATURE_LAYER)(x)

    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(outputs)
        x = layers.Dropout(rate=0.2, name="top_dropout")(x)
        outputs = layers.Dense(units=CLASSES, activation=classifier_activation, name="predictions")(x)
    return keras.Model(inputs=inputs, outputs=outputs, name="efficientnet_lite0")


def mbconv(x, *, filters: int, kernel_size: int, stride: int, expansion: int, name: str):
    """A mobile inverted bottleneck: widen (1×1), filter each channel by itself, narrow (1×1), add the input.

    The narrow end has no activation, and the input is added only where its shape allows.
    """
    inputs, channels = x, x.shape[-1]
    if expansion != 1:
        x = layers.Conv2D(
            filters=channels * expansion, kernel_size=1, use_bias=False, name=f"{name}_expand_conv"
        )(x)
        x = _normalize(x, f"{name}_expand_bn")
        x = layers.ReLU(max_value=6, name=f"{name}_expand_activation")(x)

    x = layers.DepthwiseConv2D(
        kernel_size=kernel_size, strides=stride, padding="same", use_bias=False, name=f"{name}_dwconv"
    )(x)
    x = _normalize(x, f"{name}_bn")
    x = layers.ReLU(max_value=6, name=f"{name}_activation")(x)

    x = layers.Conv2D(filters=filters, kernel_size=1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _normalize(x, f"{name}_project_bn")
    if stride == 1 and filters == channels:
        x = layers.Add(name=f"{name}_add")([x, inputs])
    return x


def _normalize(x, name: str):
    return layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)(x)
