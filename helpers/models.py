"""The course's standing networks, as Functional models that take uint8 images and rescale them inside.

A notebook shows a network in full where it teaches it; later notebooks call the builders here. Nothing
is compiled: each returns fresh random weights and leaves loss and optimizer to the notebook.
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from helpers.course import quiet_start

with quiet_start():
    import keras
    from keras import layers


def mlp(
    *, input_shape: Sequence[int] = (28, 28), num_classes: int = 10, hidden_units: Sequence[int] = (512, 512)
) -> keras.Model:
    """A multilayer perceptron: flatten, dense ReLU layers of `hidden_units`, softmax.

    Input (images, *input_shape), values 0 to 255; output (images, num_classes), each row a
    distribution. A dense layer has (inputs + 1) * units parameters; the defaults make 669,706.
    Raises ValueError for a shape or a count that cannot be built.
    """
    shape = _shape(input_shape, lengths=(1, 2, 3))
    if isinstance(hidden_units, (str, Integral)):
        raise ValueError(f"hidden_units must be a sequence such as (512, 512), not {hidden_units!r}.")
    units = [_count(value, what="each of hidden_units") for value in hidden_units]
    inputs = keras.Input(shape=shape, name="pixels")
    x = layers.Rescaling(scale=1 / 255, name="rescale")(inputs)
    x = layers.Flatten(name="flatten")(x)
    for number, value in enumerate(units, start=1):
        x = layers.Dense(units=value, activation="relu", name=f"hidden_{number}")(x)
    return _classifier(inputs, x, num_classes=num_classes, name="mlp")


def small_cnn(
    *, input_shape: Sequence[int] = (28, 28, 1), num_classes: int = 10, filters: Sequence[int] = (8, 16)
) -> keras.Model:
    """A convolutional network small enough for quick experiments: two convolutions, one pooling, softmax.

    Input (images, height, width, channels), values 0 to 255; grey images may come without the channel
    axis. On 28x28x1: 14x14x8, 14x14x16, 7x7x16, 784, 10; the defaults make 9,154 parameters.
    Raises ValueError for a shape or a count that cannot be built.
    """
    if isinstance(filters, (str, Integral)) or len(tuple(filters)) != 2:
        raise ValueError(f"filters must be two numbers such as (8, 16), not {filters!r}.")
    first, second = (_count(value, what="each of filters") for value in filters)
    inputs, x = _image_input(input_shape)
    x = layers.Conv2D(
        filters=first, kernel_size=4, strides=2, padding="same", activation="relu", name="conv_1"
    )(x)  # fmt: skip
    x = layers.Conv2D(filters=second, kernel_size=3, padding="same", activation="relu", name="conv_2")(x)
    x = layers.MaxPooling2D(pool_size=2, name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    return _classifier(inputs, x, num_classes=num_classes, name="small_cnn")


def mnist_cnn(*, input_shape: Sequence[int] = (28, 28, 1), num_classes: int = 10) -> keras.Model:
    """Two convolutions of 32 and 64 filters, then Dense 64 between two dropouts of 0.3 and 0.5.

    Input (images, height, width, channels), values 0 to 255; grey images may come without the channel
    axis. On 28x28x1: 28x28x32, 14x14x32, 14x14x64, 7x7x64, 3136, 64, 10; the defaults make 220,234
    parameters. Raises ValueError for a shape or a count that cannot be built.
    """
    inputs, x = _two_convolutions(input_shape)
    x = layers.Dropout(rate=0.3, name="dropout_1")(x)
    x = layers.Dense(units=64, activation="relu", name="hidden")(x)
    x = layers.Dropout(rate=0.5, name="dropout_2")(x)
    return _classifier(inputs, x, num_classes=num_classes, name="mnist_cnn")


def fashion_cnn(*, input_shape: Sequence[int] = (28, 28, 1), num_classes: int = 10) -> keras.Model:
    """Two convolutions of 32 and 64 filters, then Dense 100 and a dropout of 0.4.

    Input and output as in `mnist_cnn`; the defaults make 333,526 parameters.
    """
    inputs, x = _two_convolutions(input_shape)
    x = layers.Dense(units=100, activation="relu", name="hidden")(x)
    x = layers.Dropout(rate=0.4, name="dropout")(x)
    return _classifier(inputs, x, num_classes=num_classes, name="fashion_cnn")


def restart(model: keras.Model, *, seed: int) -> None:
    """Put a compiled model back to before its first training: fresh random weights, an optimizer at rest.

    The result is what `keras.utils.set_random_seed(seed)` and building the model anew would give, but the
    compiled training step is kept, which saves a second or two for every run of a repeated experiment.
    The seed of dropout layers is not put back. Raises ValueError for a model that is not compiled.
    """
    require_compiled(model, what="restart")
    model.optimizer.build(model.trainable_variables)  # before the first step, or Keras traces that step twice
    keras.utils.set_random_seed(seed)
    model.set_weights(keras.models.clone_model(model).get_weights())
    for variable in model.optimizer.variables:
        if variable.name != "learning_rate":
            variable.assign(keras.ops.zeros_like(variable))


def require_compiled(model: keras.Model, *, what: str) -> None:
    """Raise ValueError that says what to do if `model` is not compiled; `what` is what needs it to be."""
    if getattr(model, "optimizer", None) is None:
        raise ValueError(f"{what} needs a compiled model: call model.compile(...) first.")


def _two_convolutions(input_shape: Sequence[int]) -> tuple[Any, Any]:
    inputs, x = _image_input(input_shape)
    for number, filters in enumerate((32, 64), start=1):
        x = layers.Conv2D(
            filters=filters, kernel_size=3, padding="same", activation="relu", name=f"conv_{number}"
        )(x)  # fmt: skip
        x = layers.MaxPooling2D(pool_size=2, name=f"pool_{number}")(x)
    return inputs, layers.Flatten(name="flatten")(x)


def _image_input(input_shape: Sequence[int]) -> tuple[Any, Any]:
    shape = _shape(input_shape, lengths=(3,))
    if min(shape[:2]) < 4:  # two halvings must leave something to flatten
        raise ValueError(f"input_shape {shape} is too small: height and width must be at least 4.")
    inputs = keras.Input(shape=shape, name="pixels")
    return inputs, layers.Rescaling(scale=1 / 255, name="rescale")(inputs)


def _classifier(inputs: Any, x: Any, *, num_classes: int, name: str) -> keras.Model:
    classes = _count(num_classes, what="num_classes", least=2)
    outputs = layers.Dense(units=classes, activation="softmax", name="probabilities")(x)
    return keras.Model(inputs=inputs, outputs=outputs, name=name)


def _shape(input_shape: Sequence[int], *, lengths: tuple[int, ...]) -> tuple[int, ...]:
    wanted = (
        "(height, width, channels), for example (28, 28, 1)" if lengths == (3,) else "for example (28, 28)"
    )
    if isinstance(input_shape, (str, Integral)) or len(tuple(input_shape)) not in lengths:
        raise ValueError(f"input_shape must be the shape of one image, {wanted}; it is {input_shape!r}.")
    return tuple(_count(side, what="each entry of input_shape") for side in input_shape)


def _count(value: Any, *, what: str, least: int = 1) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{what} must be a whole number of at least {least}, not {value!r}.")
    return int(value)
