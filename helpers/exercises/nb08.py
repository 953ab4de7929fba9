"""Exercises and quizzes of notebook 08, augmentation."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    check_bug_lines,
    close,
    refuse_mistakes,
    result_of,
    worded_shape,
)

# --- from OpenCV's order to everyone else's -----------------------------------------------------------


def _examine_from_opencv(function: Any) -> None:
    rng = np.random.default_rng(8)
    for height, width in ((4, 6), (7, 5)):
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        found = as_array(result_of(function, image, what="from_opencv"), what="from_opencv's result")
        asked = f"For an image of shape {worded_shape(image.shape)}"
        if found.shape != image.shape:
            raise WrongAnswer(
                f"{asked} yours returns {worded_shape(found.shape)}; height, width and channels must stay."
            )
        right = image[..., ::-1].astype(float)
        if np.array_equal(found, right):
            continue
        mistakes = (
            (image, "nothing has changed: blue is still first"),
            (image[::-1], "this turns the picture upside down: it reverses the rows, the first axis"),
            (image[:, ::-1], "this mirrors the picture: it reverses the columns, the second axis"),
            (image[::-1, ::-1, ::-1], "all three axes are reversed; only the last one must be"),
            (
                np.roll(image, 1, axis=2),
                "the channels have moved round by one; blue and red must change places",
            ),
            (
                np.roll(image, -1, axis=2),
                "the channels have moved round by one; blue and red must change places",
            ),
            (right / 255, "the order is right, but the values are divided by 255; leave them as they are"),
        )
        refuse_mistakes(found, mistakes, lead=asked)
        raise WrongAnswer(f"{asked} the values are not those of channels 2, 1, 0 in this order.")


from_opencv = Exercise(
    name="from_opencv",
    examine=_examine_from_opencv,
    hints=(
        "Height and width stay; the last axis, of length 3, must be read backwards.",
        "`array[::-1]` reads the first axis backwards. `array[..., ::-1]` does it with the last.",
    ),
    solution_code="""
def from_opencv(image):
    return image[..., ::-1]


nb08.from_opencv.check(from_opencv)
""",
    because="OpenCV's own cv2.cvtColor(image, cv2.COLOR_BGR2RGB) does the same.",
)

# --- the order of a pipeline ----------------------------------------------------------------------------

STEPS = ("read", "cache", "shuffle", "augment", "batch", "prefetch")


def _examine_pipeline(answer: Any) -> None:
    if isinstance(answer, (str, bytes)) or not isinstance(answer, (list, tuple, np.ndarray)):
        raise WrongAnswer('Give the six steps as a list of words, for example ["read", "batch", ...].')
    steps = [str(step).strip().lower() for step in answer]
    unknown = [step for step in steps if step not in STEPS]
    if unknown:
        raise WrongAnswer(f'There is no step "{unknown[0]}": the steps are {", ".join(STEPS)}.')
    missing = [step for step in STEPS if step not in steps]
    if missing:
        raise WrongAnswer(f'"{missing[0]}" is missing.')
    if len(steps) != len(STEPS):
        twice = next(step for step in STEPS if steps.count(step) > 1)
        raise WrongAnswer(f'"{twice}" stands there more than once.')
    place = {step: number for number, step in enumerate(steps)}
    rules = (
        ("read", "cache", "Before anything else the file must be read and decoded: read comes first."),
        ("read", "shuffle", "Before anything else the file must be read and decoded: read comes first here."),
        ("read", "augment", "A picture can be changed only after it was read: read comes first."),
        (
            "read",
            "batch",
            "Pictures can be stacked into a batch only after they were read: read comes first.",
        ),
        (
            "cache",
            "augment",
            "cache after augment freezes the random changes: every epoch would bring the same pictures again.",
        ),
        (
            "cache",
            "shuffle",
            "cache after shuffle freezes the order: every epoch would bring the same batches.",
        ),
        (
            "shuffle",
            "batch",
            "shuffle after batch mixes whole batches: the pictures in a batch would stay together for ever.",
        ),
    )
    for first, second, why in rules:
        if place[first] > place[second]:
            raise WrongAnswer(why)
    if steps[-1] != "prefetch":
        raise WrongAnswer(
            f"prefetch makes the next batch ready while the model works, so all must be done by then: "
            f'"{steps[-1]}" must not come after it.'
        )


pipeline = Exercise(
    name="pipeline",
    examine=_examine_pipeline,
    hints=(
        "Ask of each step: must it happen once, or anew in every epoch? cache stands between the two kinds.",
        "Reading once; the order and the random changes anew; the last step only makes things ready early.",
    ),
    solution_code="""
steps = ["read", "cache", "shuffle", "batch", "augment", "prefetch"]
nb08.pipeline.check(steps)
""",
    because=(
        "What is the same every time stands before cache, what is random after it. "
        "augment may stand before or after batch: after it one call changes a whole batch, which is faster."
    ),
)

# --- old arguments, new factors -----------------------------------------------------------------------


def _symmetric(answer: Any, *, what: str) -> float:
    """One factor, from 0.05 or from (-0.05, 0.05)."""
    array = as_array(answer, what=what)
    if array.size == 2:
        low, high = sorted(array.ravel())
        if not np.isclose(low, -high):
            raise WrongAnswer(
                f"{what} must reach equally far to both sides; yours goes from {low:g} to {high:g}."
            )
        return float(high)
    return as_float(answer, what=what)


def _examine_factors(rotation: Any, zoom: Any, shift: Any) -> None:
    turned = _symmetric(rotation, what="rotation_factor")
    if not np.isclose(turned, 18 / 360):
        lead = "rotation_factor is a share of a full turn"
        mistakes = (
            (18, "18 would be eighteen full turns; divide the degrees by those of one turn"),
            (18 / 180, "a full turn has 360 degrees, not 180"),
            (18 / 100, "it is no percentage; a full turn has 360 degrees"),
            (np.deg2rad(18), "these are radians; divide the degrees by 360"),
        )
        refuse_mistakes(turned, mistakes, lead=lead)
        raise WrongAnswer(f"{lead}: how much of 360 degrees are 18? Yours is {turned:g}.")
    zoomed = as_array(zoom, what="zoom_factor")
    if zoomed.size != 2:
        raise WrongAnswer("zoom_factor needs two numbers here, since it reaches further in than out.")
    low, high = sorted(zoomed.ravel())
    if not np.allclose((low, high), (-0.3, 0.2)):
        lead = "zoom_factor"
        mistakes = (
            ((0.7, 1.2), "RandomZoom counts from 0, where ImageDataGenerator counted from 1"),
            ((-0.2, 0.3), "the sides are swapped: in both, the smaller number zooms in"),
            ((-30, 20), "these are percents; 30 percent are 0.3"),
        )
        refuse_mistakes((low, high), mistakes, lead=lead)
        raise WrongAnswer("zoom_factor: take 1 away from each end of zoom_range.")
    moved = _symmetric(shift, what="shift_factor")
    if not np.isclose(moved, 8 / 64):
        lead = "shift_factor is a share of the width"
        mistakes = (
            (8, "8 would be eight times the width; divide the pixels by the 64 of the picture"),
            (8 / 100, "the picture is 64 pixels wide, not 100"),
            (8 / 32, "the picture is 64 pixels wide; 8 pixels to each side are one factor, not two halves"),
        )
        refuse_mistakes(moved, mistakes, lead=lead)
        raise WrongAnswer(f"{lead}: what share of 64 pixels are 8? Yours is {moved:g}.")


factors = Exercise(
    name="factors",
    examine=_examine_factors,
    hints=(
        "Today's layers know neither degrees nor pixels: a turn is a share of 360 degrees, a shift one of the side.",
        "RandomZoom's 0 is ImageDataGenerator's 1: 0.7 becomes 0.7 - 1.",
    ),
    solution_code="""
rotation_factor = 18 / 360
zoom_factor = (0.7 - 1, 1.2 - 1)
shift_factor = 8 / 64
nb08.factors.check(rotation_factor, zoom_factor, shift_factor)
""",
    because="A share works for every picture size; degrees and pixels had to be looked up again each time.",
)

# --- standardise with what the training images say ---------------------------------------------------


def _examine_standardise(function: Any) -> None:
    rng = np.random.default_rng(3)
    for count in (20, 33):
        train = rng.normal([90, 120, 60], [20, 35, 50], (count, 4, 5, 3)).astype("float32")
        test = rng.normal([130, 100, 90], [40, 15, 25], (7, 4, 5, 3)).astype("float32")
        result = result_of(function, train, test, what="standardise")
        found = as_array(result, what="standardise's result")
        if found.shape != test.shape:
            hint = " Return the test images only." if found.shape == train.shape else ""
            raise WrongAnswer(
                f"The result has shape {worded_shape(found.shape)}; it must be that of test, "
                f"{worded_shape(test.shape)}.{hint}"
            )
        every = (0, 1, 2)
        mean, spread = train.mean(axis=every), train.std(axis=every)
        if close(found, (test - mean) / spread, atol=0.02):
            continue
        both = np.concatenate([train, test])
        mistakes = (
            (
                (test - test.mean(axis=every)) / test.std(axis=every),
                "these are the test images' own mean and spread. A single new photograph has no such statistics, "
                "and test images may decide nothing",
            ),
            (
                (test - both.mean(axis=every)) / both.std(axis=every),
                "mean and spread come from both sets together; the test images may decide nothing",
            ),
            ((test - mean) / test.std(axis=every), "the mean is right, the spread is the test images' own"),
            (
                (test - test.mean(axis=every)) / spread,
                "the spread is right, the mean is the test images' own",
            ),
            (test - mean, "the mean is taken away; now divide by the training images' spread"),
            (test / spread, "divided by the spread; take the mean away first"),
            (test / spread - mean, "take the mean away first, then divide"),
            ((test - mean) / spread**2, "divide by the standard deviation, not by the variance"),
            (
                (test - train.mean()) / train.std(),
                "this is one mean and one spread for all; each channel needs its own: axis=(0, 1, 2)",
            ),
            (
                (test - train.mean(axis=0)) / train.std(axis=0),
                "this is a mean for every pixel place; take one for each channel: axis=(0, 1, 2)",
            ),
        )
        for wrong, why in mistakes:
            if close(found, wrong, atol=1e-3):
                raise WrongAnswer(f"Almost: {why}.")
        raise WrongAnswer(
            "(test - mean) / standard deviation, both of the training images, channel by channel."
        )


standardise = Exercise(
    name="standardise",
    examine=_examine_standardise,
    hints=(
        "Mean and standard deviation over images, rows and columns leave one number for each channel: axis=(0, 1, 2).",
        "Both come from train, and only from train; what they are applied to is test.",
    ),
    solution_code="""
def standardise(train, test):
    return (test - train.mean(axis=(0, 1, 2))) / train.std(axis=(0, 1, 2))


nb08.standardise.check(standardise)
""",
    because="layers.Normalization(axis=-1) does this, and its adapt(...) is where you say which images decide.",
)

# --- a label for CutMix -------------------------------------------------------------------------------


def _examine_cutmix_label(function: Any) -> None:
    a, b = np.eye(4)[1], np.eye(4)[3]
    for height, width, side in ((20, 12, 32), (4, 5, 10), (3, 8, 24)):
        found = as_array(
            result_of(function, a, b, height, width, side, what="cutmix_label"),
            what="cutmix_label's result",
            shape=(4,),
        )
        patch = height * width / side**2
        right = (1 - patch) * a + patch * b
        if close(found, right, atol=1e-6):
            continue
        asked = f"A patch of {height}×{width} in a picture of {side}×{side} covers {patch:.1%} of it"
        mistakes = (
            (patch * a + (1 - patch) * b, "the two labels are swapped: the patch comes from b"),
            (a, "this is the label of the picture alone; what of the patch?"),
            (b, "this is the label of the patch alone"),
            ((a + b) / 2, "half and half would be right only if the patch covered half of the picture"),
            (a + patch * b, "the weights must add up to 1: the picture lost what the patch covers"),
            (
                (1 - height / side) * a + height / side * b,
                "you counted the height only; the share of an area is height times width over side times side",
            ),
            (
                (1 - width / side) * a + width / side * b,
                "you counted the width only; the share of an area is height times width over side times side",
            ),
            (height * width * b + (side**2 - height * width) * a, "these are pixels; divide by side × side"),
        )
        refuse_mistakes(found, mistakes, lead=asked)
        raise WrongAnswer(f"{asked}; so b gets that weight, and a what is left.")


cutmix_label = Exercise(
    name="cutmix_label",
    examine=_examine_cutmix_label,
    hints=(
        "What share of all pixels comes from the patch? height × width of side × side.",
        "With share = height * width / side**2 the label is (1 - share) * a + share * b.",
    ),
    solution_code="""
def cutmix_label(a, b, height, width, side):
    return (1 - height * width / side**2) * a + height * width / side**2 * b


nb08.cutmix_label.check(cutmix_label)
""",
    because="The label says how much of each class is in the picture, so its weights add up to 1.",
)

# --- find the bugs ------------------------------------------------------------------------------------

_FINE = {
    1: 'line 1 is fine: subset="both" with one seed cuts the folder into two parts that share no file',
    2: "line 2 is fine: Normalization learns mean and variance of each channel in adapt",
    7: "line 7 is fine: image_dataset_from_directory gives 256×256 by default",
    8: "line 8 is fine: the network carries its standardisation with it, so every picture gets the same",
    9: "line 9 is fine: an ordinary convolution",
    10: "line 10 is fine: five classes, probabilities",
    11: "line 11 is fine: a Functional model needs its inputs and outputs",
    12: "line 12 is fine: the folder's labels are integers, and the loss is the sparse one",
    13: "line 13 is fine: fit gets both datasets; ask what lines 5 and 6 put into them",
    15: "line 15 is fine: predict needs a batch, and switches augmentation off",
}
_CLUES = {
    3: "which pictures may decide about mean and variance?",
    4: "in which unit does RandomRotation want its factor?",
    5: "what does cache keep, if it stands at the end of the line?",
    6: "which pictures are you judged on, and should they be changed at random?",
    14: "in which order does this library give the channels?",
}


def _examine_bug_lines(answer: Any) -> None:
    check_bug_lines(answer, fine=_FINE, clues=_CLUES, example="[2, 9]")


bug_lines = Exercise(
    name="bug_lines",
    examine=_examine_bug_lines,
    hints=(
        "One crashes; the other four run and quietly give worse numbers, or numbers that mean something else.",
        "Ask of each line: which pictures does it touch? In what unit is the number? What is random and must stay so?",
    ),
    solution_code="""
bug_lines = [3, 4, 5, 6, 14]
nb08.bug_lines.check(bug_lines)
""",
    because=(
        "Line 3 adapts on the validation images; line 4 wants a share of a turn, 15 / 360 (Keras refuses 15); "
        "line 5 caches after the random change and freezes it; line 6 changes the validation images at random; "
        "line 14 hands over blue, green, red."
    ),
)

# --- quizzes ------------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question="Pillow says picture.size == (640, 480). What is np.asarray(picture).shape for this colour photograph?",
    choices={
        "a": (
            "(640, 480, 3)",
            "size is (width, height); an array counts rows first, and there are as many rows as the height.",
        ),
        "b": ("(3, 480, 640)", "Some libraries put the channels first; NumPy from Pillow has them last."),
        "c": (
            "(480, 640, 3)",
            "Rows, columns, channels: the height comes first, though size names the width first.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question=(
        'val comes from image_dataset_from_directory(..., subset="validation") with its default shuffle=True. You '
        "collect all labels in one loop over val, then call model.predict(val), and compare. The accuracy is that of "
        "guessing. Why?"
    ),
    choices={
        "a": (
            "The dataset is shuffled anew on every pass, so the labels belong to other pictures",
            'Two passes, two orders. Use shuffle=False, or take images and labels from the same pass. (subset="both" '
            "leaves its second part in order.)",
        ),
        "b": (
            "predict switches dropout off",
            "It does, as it should; that makes answers better, not random.",
        ),
        "c": (
            "predict gives probabilities, and labels are integers",
            "argmax makes integers of them; forgetting it gives an error or nonsense, not the accuracy of guessing.",
        ),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="Which of these steps must be applied to the test images too?",
    choices={
        "a": (
            "Rescaling, random flips and ZCA whitening: the test must be like the training",
            "The random flip is there to make the training harder; a test should ask about the picture as it is.",
        ),
        "b": (
            "None: test images stay as they are",
            "A network that learned from whitened pictures has never seen any others.",
        ),
        "c": (
            "Random flips only",
            "It is the other way round: what is random is for training, what is fixed is for all.",
        ),
        "d": (
            "Rescaling, and the ZCA whitening that was fitted on the training images",
            "They are the same fixed computation for every picture, so the network needs them at all times.",
        ),
    },
    answer="d",
)

quiz_4 = Quiz(
    question=(
        "A model begins with RandomFlip and RandomRotation. You write a loop of your own over the test images and "
        "call model(images), without more. What does Keras 3 do?"
    ),
    choices={
        "a": (
            "It changes nothing: without training=True everything random is off",
            "So it is with Dropout. The augmentation layers have training=True as their default.",
        ),
        "b": (
            "It refuses: training must be given",
            "It does not complain at all, which is why the mistake is so easy to make.",
        ),
        "c": (
            "It changes the test images at random: write model(images, training=False)",
            "The augmentation layers take training=True when nobody says otherwise; predict and evaluate do say so.",
        ),
    },
    answer="c",
)

quiz_5 = Quiz(
    question="A pipeline says train.map(augment).cache().shuffle(500). What happens in the tenth epoch?",
    choices={
        "a": (
            "New random changes: augment is random",
            "cache keeps what came out of augment in the first epoch, and augment is never asked again.",
        ),
        "b": (
            "The same changed pictures as in the first epoch, in another order",
            "The random changes are frozen; what stands after cache, the shuffle, is still done anew.",
        ),
        "c": (
            "The original pictures, in another order",
            "cache stands after augment, so it never held the originals.",
        ),
    },
    answer="b",
)

quiz_6 = Quiz(
    question="You classify road signs, among them 'turn left' and 'turn right'. Which augmentation is dangerous?",
    choices={
        "a": (
            "Horizontal flips",
            "A mirrored 'turn left' is a 'turn right' with the wrong label: the change does not keep the class.",
        ),
        "b": ("Brightness", "Signs are seen by day and by dusk; the class stays what it was."),
        "c": ("Small shifts", "A sign a little further left is the same sign."),
        "d": ("None: more variety is always better", "Only variety that keeps the label true is."),
    },
    answer="a",
)

quiz_7 = Quiz(
    question=(
        "You give MixUp the integer labels 3 (cat) and 7 (horse) of two pictures, and it mixes them half and half. "
        "What number comes out of the average?"
    ),
    choices={
        "a": (
            "0.5 for cat and 0.5 for horse",
            "These are two numbers. So it is with one-hot labels, [0, …, 0.5, …, 0.5, …]; an integer cannot say it.",
        ),
        "b": (
            "5, which means dog",
            "The average of two class numbers is the number of an unrelated class. Give MixUp one-hot labels.",
        ),
        "c": (
            "3 or 7, at random",
            "MixUp averages what it is given, and the average of 3 and 7 is neither.",
        ),
    },
    answer="b",
)
