"""Exercises and quizzes of notebook 05: VGG, backpropagation and batch normalization."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    as_int,
    close,
    result_of,
    worded_shape,
)


def _examine_bn_parameters(added: Any, trained: Any) -> None:
    added, trained = as_int(added, what="`added`"), as_int(trained, what="`trained`")
    advice = {
        2_688: "2,688 is the number of filters; each of them gets four numbers.",
        5_376: "That is two numbers for each filter; the two running averages count as parameters too.",
        4
        * 1_472: "You took the number of filters of each group once; the groups have two or three convolutions.",
        40: "Four numbers for each *filter*, not for each layer.",
    }
    if added != 10_752:
        raise WrongAnswer(
            f"`added`: {advice.get(added, f'{added:,} is not it: add up the filters of all ten convolutions.')}"
        )
    if trained != 5_376:
        text = {
            10_752: "the running averages are not trained, they are kept.",
            2_688: "a scale *and* a shift are trained for each filter.",
        }
        why = text.get(trained, "two of the four numbers of each filter are trained.")
        raise WrongAnswer(f"`added` is right. `trained` is not {trained:,}: {why}")


bn_parameters = Exercise(
    name="bn_parameters",
    examine=_examine_bn_parameters,
    hints=(
        "How many filters do the ten convolutions have in all?",
        "2 × 64 + 2 × 128 + 3 × 256 + 3 × 512 filters, four numbers each; two of the four are trained.",
    ),
    solution_code="""
added = 4 * (2 * 64 + 2 * 128 + 3 * 256 + 3 * 512)
trained = added // 2
nb05.bn_parameters.check(added, trained)
""",
    because="2,688 filters with four numbers each: 7,655,754 + 10,752 = 7,666,506.",
)


def _examine_chain_rule(answer: Any) -> None:
    number = as_float(answer, what="The derivative")
    advice = {
        -24: "The size is right. Is the output above or below 1?",
        4: "That is 2 * (w3 * b - 1), the derivative with respect to the output; four more factors follow.",
        12: "A factor is missing: how does `a` change when w1 does? a = w1 * x.",
        8: "A factor is missing: how does `b` change when a does? b = relu(w2 * a).",
        0: "The ReLU passes nothing back only where its sum is negative; here it is w2 * a = 3.",
        2: "That is the output less 1. The derivative of a square brings a factor of 2, and then come the layers.",
        6: "Write down all factors: 2 * (w3 * b - 1), w3, 1 for the active ReLU, w2, x.",
        9: "You have the loss's value in there: its derivative is 2 * (w3 * b - 1), not its square.",
    }
    if not np.isclose(number, 24):
        text = advice.get(round(number), f"{number:g} is not it.") if number == round(number) else ""
        raise WrongAnswer(
            text or f"{number:g} is not it: multiply the derivative of each step, last one first."
        )


chain_rule = Exercise(
    name="chain_rule",
    examine=_examine_chain_rule,
    hints=(
        "Forward first: a = 1, w2 * a = 3, b = 3. Then multiply, from the loss back to w1.",
        "2 * (w3 * b - 1) from the square, w3, 1 from the active ReLU, w2, and x.",
    ),
    solution_code="""
derivative = 2 * (1 * 3 - 1) * 1 * 1 * 3 * 2
nb05.chain_rule.check(derivative)
""",
    because="4 from the square, then w3 = 1, 1 from the active ReLU, w2 = 3 and x = 2: 24.",
)


def _examine_batch_norm(function: Any) -> None:
    rng = np.random.default_rng(0)
    for images, features in [(8, 3), (5, 4), (2, 1)]:
        x = rng.normal(loc=3, scale=[0.1, *np.full(features - 1, 2.0)], size=(images, features))
        gamma, beta = rng.uniform(0.5, 2, features), rng.normal(size=features)
        got = as_array(
            result_of(function, x, gamma, beta, what="batch_norm"),
            what=f"For {worded_shape(x.shape)} vectors the result",
            shape=x.shape,
        )
        mean, variance = x.mean(axis=0), x.var(axis=0)
        centred = x - mean
        right = gamma * centred / np.sqrt(variance + 1e-3) + beta
        if close(got, right, atol=1e-6):
            continue
        per_image = x - x.mean(axis=1, keepdims=True)
        likely = {
            "You divide by the variance; its square root is wanted.": gamma * centred / (variance + 1e-3)
            + beta,
            "Scale and shift are missing: multiply by gamma, add beta.": centred / np.sqrt(variance + 1e-3),
            "The shift is missing: add beta.": gamma * centred / np.sqrt(variance + 1e-3),
            "Epsilon is missing: add it to the variance, under the root.": gamma * centred / np.sqrt(variance)
            + beta,
            "Epsilon belongs under the root: sqrt(variance + epsilon).": gamma
            * centred
            / (x.std(axis=0) + 1e-3)
            + beta,
            "The mean was not taken away.": gamma * x / np.sqrt(variance + 1e-3) + beta,
            "That is one mean for everything: each feature needs its own, axis=0.": gamma
            * (x - x.mean())
            / np.sqrt(x.var() + 1e-3)
            + beta,
            "You normalize each image over its features; the batch is axis 0.": gamma
            * per_image
            / np.sqrt(x.var(axis=1, keepdims=True) + 1e-3)
            + beta,
            "The variance is that with n - 1; BatchNorm divides by n (NumPy's default).": gamma
            * centred
            / np.sqrt(x.var(axis=0, ddof=1) + 1e-3)
            + beta,
        }
        for message, value in likely.items():
            if close(got, value, atol=1e-6):
                raise WrongAnswer(message)
        raise WrongAnswer("The shape is right and the values are not: compare with the five lines above.")


batch_norm = Exercise(
    name="batch_norm",
    examine=_examine_batch_norm,
    hints=(
        "The mean over the batch of each feature is x.mean(axis=0); the variance likewise.",
        "The result is gamma * (x - mean) / sqrt(variance + epsilon) + beta, with NumPy's np.sqrt.",
    ),
    solution_code="""
def batch_norm(x, gamma, beta, epsilon=1e-3):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon) + beta


nb05.batch_norm.check(batch_norm)
""",
    because="One mean and one variance for each feature, over the batch; then scale and shift.",
)


def _examine_moving_mean(answer: Any) -> None:
    number = as_float(answer, what="The moving mean")
    if abs(number - 10 * (1 - 0.99**100)) < 0.01:
        return
    text = f"{number:g} is not it: after t batches a share of 0.99**t of the beginning is left."
    if abs(number - 10 * 0.99**100) < 0.01:
        text = "That is what is still *missing*: a share of 0.99**100 of the way from 0 to 10."
    elif abs(number - 10) < 0.01:
        text = "Not yet: after 100 batches a good third of the beginning, 0, is still in it."
    elif abs(number - 0.1) < 0.01:
        text = "That is after one batch; each further batch moves it by a hundredth of what is missing."
    elif abs(number - 10 * (1 - 0.01**100)) < 0.01 or number > 10:
        text = f"{number:g} is too much: the moving mean comes nearer to 10 and never passes it."
    raise WrongAnswer(text)


moving_mean = Exercise(
    name="moving_mean",
    examine=_examine_moving_mean,
    hints=(
        "What is missing to 10 shrinks by a factor of 0.99 with each batch.",
        "After one batch 10 * (1 - 0.99), after two 10 * (1 - 0.99**2).",
    ),
    solution_code="""
moving_mean = 10 * (1 - 0.99**100)
nb05.moving_mean.check(moving_mean)
""",
    because="About 6.3: after 100 batches, more than a third of the way is still missing.",
)


def _examine_mend_forward(function: Any) -> None:
    import keras

    inputs = keras.Input(shape=(3,))
    layer = keras.layers.BatchNormalization()
    model = keras.Model(inputs, layer(inputs))
    images = np.random.default_rng(0).normal(loc=5, size=(16, 3)).astype("float32")
    outputs = as_array(
        result_of(function, model, images, what="mended_forward"), what="The output", shape=images.shape
    )
    if np.allclose(outputs, model(images, training=False), atol=1e-4) and not np.any(layer.moving_mean):
        raise WrongAnswer(
            "The layer still behaves as when predicting: its moving averages did not move, and it did not use "
            "this batch's mean."
        )
    if not np.abs(outputs.mean(axis=0)).max() <= 1e-3:  # NaN is no answer either
        raise WrongAnswer("The output is not normalized: hand the images to the model in training mode.")
    if not np.any(layer.moving_mean):
        raise WrongAnswer("The output is right, but the moving averages did not move: call the model itself.")


mend_forward = Exercise(
    name="mend_forward",
    examine=_examine_mend_forward,
    hints=(
        "Which mode does training=False ask for?",
        "fit calls the model with training=True; a step written by hand must say so itself.",
    ),
    solution_code="""
def mended_forward(model, images):
    return model(images, training=True)


nb05.mend_forward.check(mended_forward)
""",
    because="In training mode the layer uses the batch's statistics, and its moving averages move.",
)


def _examine_mend_block(function: Any) -> None:
    import keras

    inputs = keras.Input(shape=(8, 8, 3))
    outputs = result_of(function, inputs, what="block")
    if not isinstance(outputs, keras.KerasTensor):
        raise WrongAnswer(
            f"block(x) must return what the last layer gives, not {type(outputs).__name__}: call each layer on x."
        )
    names = []
    steps = keras.Model(inputs, outputs).operations  # layers, and functions such as keras.ops.relu
    layers = [step for step in steps if not isinstance(step, keras.layers.InputLayer)]
    convolutions = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    if len(convolutions) != 1:
        raise WrongAnswer(f"One Conv2D is wanted, and your block has {len(convolutions)}.")
    convolution = convolutions[0]
    activation = getattr(convolution.activation, "__name__", "")
    for layer in layers:
        relu = isinstance(layer, keras.layers.ReLU) or type(layer).__name__ == "Relu"
        relu = relu or (
            isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.relu
        )
        norm = isinstance(layer, keras.layers.BatchNormalization)
        names.append(
            "ReLU"
            if relu
            else "BatchNorm"
            if norm
            else "convolution"
            if layer in convolutions
            else layer.name
        )
    if activation == "relu":
        raise WrongAnswer(
            'The convolution still has activation="relu": the ReLU comes before BatchNorm then.'
        )
    if names != ["convolution", "BatchNorm", "ReLU"]:
        raise WrongAnswer(
            f"The order is {', '.join(names)}; it must be convolution, BatchNorm, ReLU, each once."
        )
    if convolution.use_bias:
        raise WrongAnswer("The order is right; the convolution still has a bias: use_bias=False.")
    if (
        convolution.filters != 32
        or convolution.kernel_size != (3, 3)
        or tuple(outputs.shape[1:]) != (8, 8, 32)
    ):
        raise WrongAnswer(
            f"From 8×8×3 your block makes {worded_shape(tuple(outputs.shape[1:]))} with a kernel of "
            f"{worded_shape(convolution.kernel_size)}; 8×8×32 with 3×3 is wanted, padding same."
        )


mend_block = Exercise(
    name="mend_block",
    examine=_examine_mend_block,
    hints=(
        "Take activation out of the convolution, and make the ReLU a layer of its own.",
        'Conv2D(filters=32, kernel_size=3, padding="same", use_bias=False), then BatchNormalization(), then ReLU().',
    ),
    solution_code="""
def block(x):
    return layers.ReLU()(
        layers.BatchNormalization()(
            layers.Conv2D(filters=32, kernel_size=3, padding="same", use_bias=False)(x),
        ),
    )


nb05.mend_block.check(block)
""",
    because="Convolution without bias, BatchNorm (whose shift is the bias now), ReLU.",
)


quiz_1 = Quiz(
    question="Which part of our list has the most parameters?",
    choices={
        "a": (
            "the first two convolutions, on the largest maps",
            "The size of the maps does not enter the formula, and these two have few channels.",
        ),
        "b": ("the five in the middle", "More than the first two; now put 512 for `c` and for `f`."),
        "c": (
            "the last three convolutions, on the smallest maps",
            "Input channels times filters: 512 times 512 is 64 times as much as 64 times 64.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question="What is the loss of a net that gives each of 100 classes the same probability?",
    choices={
        "a": ("0.01", "That is the probability of the right class; the loss is minus its logarithm."),
        "b": ("4.605", "-ln(1/100) = ln 100 = 4.605: twice ln 10, since 100 is 10 squared."),
        "c": ("2.303", "That is ln 10, for ten classes; here the right class gets 1/100 only."),
    },
    answer="b",
)

quiz_3 = Quiz(
    question="You multiply the loss by 1,000 and train with Adam. What changes?",
    choices={
        "a": ("the steps are 1,000 times as large", "That would be so with plain gradient descent (SGD)."),
        "b": (
            "the net diverges at once",
            "The gradients are larger, but Adam divides them by their own recent size.",
        ),
        "c": (
            "next to nothing",
            "Adam divides the gradient by its own recent size, so a constant factor cancels.",
        ),
    },
    answer="c",
)

quiz_4 = Quiz(
    question="All units of layer 9 are zero for every picture. Which weights can still learn?",
    choices={
        "a": (
            "those of layers 1 to 8",
            "Their gradient has to come through layer 9, whose gates are all shut.",
        ),
        "b": (
            "at most those above layer 9, and they see the same input for every picture",
            "No gradient passes back through a dead layer, and forward it sends zeros for every picture.",
        ),
        "c": ("all, only more slowly", "A gradient of exactly zero is not a slow one: nothing moves."),
    },
    answer="b",
)

quiz_5 = Quiz(
    question="A trained net with BatchNorm predicts a picture twice: alone, and together with 99 others. "
    "Do the two answers for this picture differ?",
    choices={
        "a": (
            "yes: the batch has another mean",
            "So it would be in training; when predicting, the layer does not ask for the batch's mean.",
        ),
        "b": (
            "only if the 99 are of other classes",
            "Whoever they are, they do not enter: the moving averages are fixed when predicting.",
        ),
        "c": (
            "no",
            "When predicting, mean and variance are the moving averages, whoever else is in the batch.",
        ),
    },
    answer="c",
)

quiz_6 = Quiz(
    question="A trained net has BatchNorm after every convolution. You multiply all weights of one of these "
    "convolutions (it has no bias) by 10 and train on. What happens to the output of its BatchNorm in training?",
    choices={
        "a": (
            "it stays practically as it was",
            "Mean and standard deviation grow tenfold too, and cancel the factor (but for epsilon).",
        ),
        "b": (
            "all units die",
            "The mean is taken away whatever its size, so about as many sums as before are positive.",
        ),
        "c": (
            "it becomes ten times as large",
            "So do the sums; but BatchNorm divides them by their standard deviation, which grew as well.",
        ),
    },
    answer="a",
)

quiz_7 = Quiz(
    question="Our net with BatchNorm learned fastest, and its insides changed little. "
    "Does it learn *because* they change little?",
    choices={
        "a": (
            "yes, we measured both",
            "Both together, in one net: that does not say which of them brings about the other.",
        ),
        "b": (
            "one cannot say from this",
            "Another effect of BatchNorm may bring both; Santurkar's noise was made to tell them apart.",
        ),
        "c": (
            "no, the net with the small rate has refuted it",
            "That net shows that one can learn with a large change, not that a small one is of no use.",
        ),
    },
    answer="b",
)
