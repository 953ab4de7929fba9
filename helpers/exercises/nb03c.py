"""Exercises and quizzes of notebook 03c_fashion_mnist, on the frame in `core`."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    as_array,
    close,
    is_unfinished,
    refuse_mistakes,
    result_of,
    worded_shape,
)

# --- one-hot ---------------------------------------------------------------------------------------


def _examine_one_hot(function: Any) -> None:
    rng = np.random.default_rng(3)
    for count, classes in ((1, 3), (4, 10), (7, 5)):
        labels = rng.integers(0, classes, size=count)
        labels[0] = classes - 1  # the highest class must have its place too
        table = result_of(function, labels, classes, what="one_hot")
        if isinstance(table, np.ndarray) and table.dtype == bool:
            table = table.astype(int)
        found = as_array(table, what="The one-hot table")
        right = (labels[:, np.newaxis] == np.arange(classes)).astype(float)
        asked = f"For the labels {labels.tolist()} and {classes} classes"
        if found.shape != right.shape:
            turned = (
                " Rows and columns are swapped: there must be one row for each label."
                if found.shape == right.T.shape
                else ""
            )
            raise WrongAnswer(
                f"{asked} the table must be {worded_shape(right.shape)}, and yours is "
                f"{worded_shape(found.shape)}.{turned}"
            )
        if not np.array_equal(found.sum(axis=1), np.ones(count)) or not np.isin(found, (0, 1)).all():
            raise WrongAnswer(
                f"{asked} every row needs a single 1, and zeros everywhere else. Your first row: {found[0]}."
            )
        if not np.array_equal(found, right):
            row = int(np.flatnonzero((found != right).any(axis=1))[0])
            raise WrongAnswer(
                f"{asked} the 1 of row {row} belongs at index {labels[row]}, and yours is at index "
                f"{found[row].argmax()}. Indices count from 0."
            )


one_hot = Exercise(
    name="one_hot",
    examine=_examine_one_hot,
    hints=(
        "The row for label 2 of 4 classes is [0, 0, 1, 0]: that's row 2 of the 4×4 identity matrix.",
        (
            "np.eye(classes) makes the identity matrix, and you can put a whole array of labels between "
            "square brackets."
        ),
    ),
    solution_code="""
def one_hot(labels, classes):
    return np.eye(classes)[labels]


nb03c.one_hot.check(one_hot)
""",
    because=(
        "Row k of the identity matrix is the one-hot code of class k, and indexing picks one row "
        "for each label."
    ),
)

# --- a network from its table ----------------------------------------------------------------------

# kind, output of one image, parameters: the table in the notebook, row by row
TABLE = (
    ("convolution", (26, 26, 16), 160),
    ("max pooling", (13, 13, 16), 0),
    ("convolution", (13, 13, 32), 12_832),
    ("max pooling", (6, 6, 32), 0),
    ("flatten", (1_152,), 0),
    ("dense", (50,), 57_650),
    ("dropout", (50,), 0),
    ("dense", (10,), 510),
)
_RATE = 0.3


def _kind(layer: Any) -> str:
    from keras import layers

    known = {
        "convolution": layers.Conv2D, "max pooling": layers.MaxPooling2D, "average pooling": layers.AveragePooling2D,
        "flatten": layers.Flatten, "dense": layers.Dense, "dropout": layers.Dropout,
    }  # fmt: skip
    aside = (layers.InputLayer, layers.Rescaling, layers.ReLU, layers.Activation, layers.Softmax)
    if isinstance(layer, aside):
        return ""
    return next((name for name, kind in known.items() if isinstance(layer, kind)), type(layer).__name__)


def _why_shape(kind: str, found: tuple[int, ...], right: tuple[int, ...]) -> str:
    if kind == "convolution" and found[-1] != right[-1]:
        return "The last number is the number of filters"
    if kind == "convolution" and found[0] > right[0]:
        return 'padding="same" would keep the size, and here the convolution makes the image smaller'
    if kind == "convolution":
        return "Here the size stays what it was. Which padding does that?"
    if kind == "max pooling":
        return "A pooling window of 2×2 without padding halves the size and rounds down"
    if kind == "dense":
        return "A dense layer gives one number for each of its units"
    return "Look at the rows before this one"


def _scores(
    images: np.ndarray, weights: list[np.ndarray], *, relu: bool = True, last: str = "softmax"
) -> Any:
    """What the table's network answers for `images`, computed with Keras' operations and these weights."""
    from keras import ops

    first, first_bias, second, second_bias, hidden, hidden_bias, final, final_bias = weights
    bend = ops.relu if relu else lambda x: x
    x = bend(ops.conv(images, first, padding="valid") + first_bias)
    x = ops.max_pool(x, pool_size=2, strides=2)
    x = bend(ops.conv(x, second, padding="same") + second_bias)
    x = ops.max_pool(x, pool_size=2, strides=2)
    x = bend(ops.matmul(ops.reshape(x, (len(images), -1)), hidden) + hidden_bias)
    x = ops.matmul(x, final) + final_bias
    ends = {"softmax": ops.softmax, "sigmoid": ops.sigmoid, "nothing": lambda x: x}
    return ops.convert_to_numpy(ends[last](x))


def _check_rows(model: Any) -> None:
    found = [(kind, layer) for layer in model.layers if (kind := _kind(layer))]
    for row, (kind, shape, count) in enumerate(TABLE, start=1):
        if row > len(found):
            raise WrongAnswer(f"Your network ends too early: row {row} of the table, {kind}, is missing.")
        its_kind, layer = found[row - 1]
        if its_kind != kind:
            raise WrongAnswer(f"Row {row} of the table says {kind}, and your network has {its_kind} there.")
        its_shape = tuple(layer.output.shape[1:])
        if its_shape != shape:
            raise WrongAnswer(
                f"Row {row}, {kind}, should give {worded_shape(shape)}, and yours gives "
                f"{worded_shape(its_shape)}. {_why_shape(kind, its_shape, shape)}."
            )
        if layer.count_params() != count:
            reason = (
                f"{count:,} parameters for {shape[-1]} filters are {count // shape[-1]} for each: one bias, and the "
                "rest are its weights. How large is the kernel, then?"
                if kind == "convolution"
                else "Each unit has one weight for each number that comes in, and one bias."
            )
            raise WrongAnswer(
                f"Row {row}, {kind}, should have {count:,} parameters, and yours has "
                f"{layer.count_params():,}. {reason}"
            )
        if kind == "dropout" and not np.isclose(layer.rate, _RATE):
            raise WrongAnswer(f"Row {row}: the dropout rate should be {_RATE}, and yours is {layer.rate:g}.")
    if len(found) > len(TABLE):
        raise WrongAnswer(
            f"The table ends after row {len(TABLE)}, and your network goes on with {found[len(TABLE)][0]}."
        )


def _examine_from_table(function: Any) -> None:
    if is_unfinished(function):  # before anything is built, since Keras draws seeds for its layers
        raise NotAnswered
    import keras

    model = result_of(function, what="build")
    if not isinstance(model, keras.Model):
        raise WrongAnswer(f"build must return a keras.Model, and it returns {type(model).__name__}.")
    if not model.built or len(model.inputs) != 1:
        raise WrongAnswer("The network needs to know its images: start with keras.Input(shape=(28, 28, 1)).")
    if tuple(model.inputs[0].shape) != (None, 28, 28, 1):
        its_shape = worded_shape(tuple(model.inputs[0].shape[1:]))
        raise WrongAnswer(f"One image should be 28×28×1, and yours is {its_shape}.")
    _check_rows(model)
    images = np.random.default_rng(0).random((4, 28, 28, 1), dtype=np.float32)
    answers = keras.ops.convert_to_numpy(model(images, training=False))
    scaled = images
    for layer in model.layers:
        if isinstance(layer, keras.layers.Rescaling):
            scaled = layer(scaled)
    weights = model.get_weights()
    if np.allclose(answers, _scores(scaled, weights), atol=1e-6):
        return
    if np.allclose(answers, _scores(scaled, weights, last="nothing"), atol=1e-6):
        raise WrongAnswer(
            'Nearly there: the ten outputs are scores. The last layer needs activation="softmax".'
        )
    if np.allclose(answers, _scores(scaled, weights, last="sigmoid"), atol=1e-6):
        raise WrongAnswer(
            "Nearly there: an image has one class out of ten, so end with softmax, not sigmoid."
        )
    if np.allclose(answers, _scores(scaled, weights, relu=False), atol=1e-6):
        raise WrongAnswer('Nearly there: the layers in the middle need activation="relu".')
    raise WrongAnswer(
        "All shapes and counts are right. Now the activations: ReLU after both convolutions and the dense layer "
        "of 50 units, softmax at the end, and nothing else."
    )


from_table = Exercise(
    name="from_table",
    examine=_examine_from_table,
    hints=(
        "Go row by row. From 28 to 26: does a 3×3 kernel without padding do that? From 13 to 13: what keeps the size?",
        (
            "Divide a convolution's parameters by its filters and take off 1 for the bias. What's left is kernel "
            "height × kernel width × channels that come in: 401 - 1 = 400, and 16 channels come in."
        ),
    ),
    solution_code="""
def build():
    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(filters=16, kernel_size=3, activation="relu")(inputs)
    x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.Conv2D(filters=32, kernel_size=5, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(units=50, activation="relu")(x)
    x = layers.Dropout(rate=0.3)(x)
    outputs = layers.Dense(units=10, activation="softmax")(x)
    return keras.Model(inputs, outputs)


nb03c.from_table.check(build)
""",
    because=(
        "Shapes and parameter counts gave the network away: 71,152 parameters, with 5×5 kernels in the "
        "second convolution."
    ),
)

# --- early stopping --------------------------------------------------------------------------------


def _stopped(
    losses: list[float],
    patience: int,
    *,
    resets: bool = True,
    late: int = 0,
    previous: bool = False,
    ties: bool = False,
) -> tuple[int, int]:
    """(epochs trained, best epoch), both counted from 1, as Keras does it; the options are learners' mistakes."""
    best, best_epoch, waited, epoch = float("inf"), 0, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        beaten = losses[epoch - 2] if previous and epoch > 1 else best
        if loss < beaten or (ties and loss == beaten):
            best, best_epoch, waited = loss, epoch, 0 if resets else waited
        else:
            waited += 1
        if waited == patience + late:
            break
    return epoch, best_epoch


_LOSSES = (
    ([0.60, 0.47, 0.42, 0.44, 0.41, 0.43, 0.42, 0.40], 2),
    ([0.90, 0.70, 0.60, 0.50], 2),
    ([0.50, 0.60, 0.40, 0.50, 0.45, 0.41, 0.30], 3),
    ([0.50, 0.50, 0.50, 0.40], 2),
    ([0.80, 0.50, 0.70, 0.60, 0.55, 0.30], 3),
    ([0.30, 0.40, 0.20], 1),
)


def _seen_to_end(losses: list[float], patience: int) -> tuple[int, int]:
    return len(losses), _stopped(losses, patience)[1]


# What a learner's function may do instead, and what to say then; each is tried on all of _LOSSES, so none is confused.
_MISTAKES = (
    (
        lambda losses, patience: _stopped(losses, patience)[::-1],
        "you have them in the other order: first the epoch where training stops, then the best one",
    ),
    (
        lambda losses, patience: np.array(_stopped(losses, patience)) - 1,
        "you count the epochs from 0; count from 1",
    ),
    (
        lambda losses, patience: _stopped(losses, patience, resets=False),
        "after a new best loss the waiting starts again from 0",
    ),
    (
        lambda losses, patience: _stopped(losses, patience, late=1),
        "you stop an epoch too late: stop as soon as `waited` has reached the patience",
    ),
    (
        lambda losses, patience: _stopped(losses, patience, ties=True),
        "a loss that only equals the best one is no new best",
    ),
    (
        lambda losses, patience: _stopped(losses, patience, previous=True),
        "compare each loss with the best one so far, not with the one just before it",
    ),
    (
        lambda losses, patience: (_stopped(losses, patience)[0], np.argmin(losses) + 1),
        "that best epoch was never trained, because training had stopped before it",
    ),
    (
        lambda losses, patience: (_stopped(losses, patience)[0],) * 2,
        "the best epoch is the one with the lowest loss, not the one where training stops",
    ),
    (_seen_to_end, "training should stop there, and yours runs through all the epochs"),
    (
        lambda losses, patience: (len(losses), np.argmin(losses) + 1),
        "training should stop there, and yours runs through all the epochs",
    ),
)


def _examine_stop_early(function: Any) -> None:
    answers = []
    for losses, patience in _LOSSES:
        result = result_of(function, losses, patience, what="stop_early")
        answers.append(as_array(result, what="stop_early's result").ravel())
        if answers[-1].shape != (2,):
            raise WrongAnswer(
                "stop_early should return two numbers, (epoch, best_epoch), and yours returns "
                f"{answers[-1].size}."
            )
    rights = [np.array(_stopped(*case)) for case in _LOSSES]
    wrong = [not close(found, right) for found, right in zip(answers, rights, strict=True)]
    if not any(wrong):
        return
    first = wrong.index(True)
    (losses, patience), found, right = _LOSSES[first], answers[first], rights[first]
    lead = f"For the losses {losses} and patience {patience} the answer is {tuple(right.tolist())}"
    mistakes = ((np.array([mistake(*case) for case in _LOSSES]), why) for mistake, why in _MISTAKES)
    refuse_mistakes(np.array(answers), mistakes, lead=lead)
    raise WrongAnswer(f"{lead}, and yours is ({found[0]:g}, {found[1]:g}).")


stop_early = Exercise(
    name="stop_early",
    examine=_examine_stop_early,
    hints=(
        "Each epoch has two cases. Either its loss is lower than best_loss, or it isn't and you have waited once more.",
        (
            "A new best changes three things: best_loss, best_epoch, and waited, which goes back to 0. "
            "When waited == patience, leave the loop with break."
        ),
    ),
    solution_code="""
def stop_early(losses, patience):
    best_loss, best_epoch, waited = float("inf"), 0, 0
    for epoch in range(1, len(losses) + 1):
        loss = losses[epoch - 1]
        if loss < best_loss:
            best_loss, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return epoch, best_epoch


nb03c.stop_early.check(stop_early)
""",
    because=(
        "That's all EarlyStopping does: remember the best, count the epochs since then, and stop when patience "
        "runs out."
    ),
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question=(
        "A photo shows a cat half hidden behind a dog, and you label it 70% cat, 30% dog. Which loss "
        "accepts that label?"
    ),
    choices={
        "a": (
            '`"sparse_categorical_crossentropy"`',
            "This one wants a single integer for each image, and no integer can say 70% cat.",
        ),
        "b": (
            '`"categorical_crossentropy"`',
            "It takes a whole row of probabilities. A one-hot row is just the case where one of them is 1.",
        ),
        "c": (
            "Either of them",
            "Both take a label with one right class, in two spellings. But a mixture only fits into a row.",
        ),
        "d": (
            "Neither: round it to one-hot first",
            "You could, but then you'd throw the 30% dog away, and the loss would never hear of it.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question=(
        '`ModelCheckpoint("best.keras")` watches 20 epochs of training, with no other argument. The '
        "validation loss was lowest after epoch 12. Which network is in the file at the end?"
    ),
    choices={
        "a": (
            "The one from epoch 12",
            "Only with save_best_only=True. The word best in the file's name means nothing to Keras.",
        ),
        "b": (
            "The one from epoch 1",
            "The file is written again after every epoch, so the first one is gone after the second.",
        ),
        "c": (
            "The one from epoch 20",
            "Every epoch overwrites the file, good or bad. save_best_only=True keeps the best one instead.",
        ),
        "d": (
            "All twenty, one after the other",
            "A file holds one network. To keep them all, put the epoch's number into the file's name.",
        ),
    },
    answer="c",
)

quiz_3 = Quiz(
    question=(
        "A lazy network answers Shirt for every image. The ten classes have equally many test images. What "
        "are its recall and its precision for Shirt?"
    ),
    choices={
        "a": (
            "Recall 100%, precision 10%",
            "It finds every shirt, because it never says anything else. But only one answer in ten is right.",
        ),
        "b": (
            "Recall 10%, precision 100%",
            "The other way around: no shirt escapes it, and nine of ten of its answers are wrong.",
        ),
        "c": (
            "Both 100%",
            "It does find every shirt. But it says Shirt to nine other classes too, and that costs precision.",
        ),
        "d": (
            "Both 10%",
            "10% is its accuracy, and its precision too. But how many of the real shirts does it find?",
        ),
    },
    answer="a",
)
