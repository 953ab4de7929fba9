"""Exercises and quizzes of notebook 09b, How far to trust a heat map."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    check_bug_lines,
    close,
    refuse_mistakes,
    result_of,
    worded_shape,
)


def _examine_share_on(function: Any) -> None:
    rng = np.random.default_rng(7)
    for count, side in ((3, 4), (6, 8), (1, 5)):
        heat = np.maximum(rng.normal(size=(count, side, side)), 0) + 0.01
        masks = rng.random((count, side, side)) < 0.4
        masks[:, 0, 0] = True
        result = result_of(function, heat, masks, what="share_on")
        found = as_array(result, what="share_on's result")
        right = (heat * masks).sum(axis=(1, 2)) / heat.sum(axis=(1, 2))
        if found.shape != right.shape:
            raise WrongAnswer(
                f"For {count} images there must be {count} number(s), one for each; yours has the shape "
                f"{worded_shape(found.shape)}. Over which axes do you add up?"
            )
        if close(found, right):
            continue
        on = (heat * masks).sum(axis=(1, 2))
        area = masks.mean(axis=(1, 2))
        mistakes = (
            (on, "this is the heat on the thing; divide it by all the heat of the image"),
            (area, "this is the thing's share of the area; the heat is not used"),
            (1 - right, "this is the share of heat on the background"),
            (
                on / masks.sum(axis=(1, 2)),
                "you divided by the thing's area; divide by the heat of the whole image",
            ),
            (on / side**2, "you divided by the number of pixels; divide by the heat of the whole image"),
            (right / area, "this is how many times more than the area's share; leave out the area"),
            (on / heat.sum(), "you divided by the heat of all images together; each has its own"),
        )
        refuse_mistakes(found, mistakes, lead="Almost")
        raise WrongAnswer(
            f"The first image's heat is {heat[0].sum():.3f} in all and {on[0]:.3f} on the thing, so its share is "
            f"{right[0]:.3f}; yours is {found[0]:.3f}."
        )


share_on = Exercise(
    name="share_on",
    examine=_examine_share_on,
    hints=(
        "heat * masks keeps the heat on the thing and puts 0 elsewhere, since True counts as 1.",
        "Add up over rows and columns, axis=(1, 2), above and below the fraction line.",
    ),
    solution_code="""
def share_on(heat, masks):
    return (heat * masks).sum(axis=(1, 2)) / heat.sum(axis=(1, 2))


nb09b.share_on.check(share_on)
""",
    because="Beside the thing's share of the area this number says whether the heat prefers the thing at all.",
)


def _examine_hottest(function: Any) -> None:
    rng = np.random.default_rng(4)
    for side, count in ((4, 3), (8, 12), (5, 1)):
        heat = rng.normal(size=(side, side))
        order = np.argsort(heat, axis=None)
        right = np.zeros(side * side, dtype=bool)
        right[order[-count:]] = True
        right = right.reshape(side, side)
        result = result_of(function, heat, count, what="hottest")
        if np.asarray(result).dtype != bool:
            found = np.asarray(result)
            kind = "numbers" if found.dtype.kind in "iuf" else type(result).__name__
            raise WrongAnswer(
                f"hottest must return a mask of True and False, and it returns {kind}. A comparison makes one."
            )
        found = np.asarray(result)
        case = f"For {side}×{side} cells and count={count}"
        if found.shape != right.shape:
            raise WrongAnswer(
                f"{case} the mask must be {worded_shape(right.shape)}, and yours is {worded_shape(found.shape)}."
            )
        if np.array_equal(found, right):
            continue
        coldest = np.zeros(side * side, dtype=bool)
        coldest[order[:count]] = True
        mistakes = (
            (coldest.reshape(side, side), "these are the coldest cells"),
            (~right, "your mask is the wrong way round: True belongs where it's hottest"),
        )
        for wrong, why in mistakes:
            if np.array_equal(found, wrong):
                raise WrongAnswer(f"{case}: {why}.")
        if found.sum() != count:
            raise WrongAnswer(f"{case} there must be {count} True, and yours has {found.sum()}.")
        raise WrongAnswer(f"{case} you mark the right number of cells, but not the hottest ones.")


hottest = Exercise(
    name="hottest",
    examine=_examine_hottest,
    hints=(
        "np.sort(heat, axis=None) puts all cells in one row, the hottest last.",
        "Which value does the coldest of the `count` hottest cells have? Compare the whole map with it: heat >= ...",
    ),
    solution_code="""
def hottest(heat, count):
    return heat >= np.sort(heat, axis=None)[-count]


nb09b.hottest.check(hottest)
""",
    because="The number of cells is the same for every map, so no map gains by glowing everywhere.",
)


_CLUES = {
    2: "From which layer should the maps come, if they are to know about whole objects?",
    5: "In which mode does BatchNorm have to be when nothing is trained?",
    6: "Which number's gradient almost vanishes when the network is very sure?",
    8: "Over which axes is a map's gradient averaged, if each map gets one weight?",
    9: "What happens to places that speak against the class?",
}
_FINE = {
    1: "line 1 is right: a function of the model, the images and the class",
    3: "line 3 is right: one model with two outputs, from the same input",
    4: "line 4 is right: the tape runs while the model computes, and trainable weights make it record",
    7: "line 7 is right: the gradient of the score with respect to the maps",
}


def _examine_bug_lines(answer: Any) -> None:
    check_bug_lines(answer, fine=_FINE, clues=_CLUES, example="[3, 7]")


bug_lines = Exercise(
    name="bug_lines",
    examine=_examine_bug_lines,
    hints=(
        "Compare with the four steps: which layer, which mode, whose gradient, which mean, what at the end.",
        "One wrong layer, one wrong mode, one wrong score, one wrong axis, and one step is left out.",
    ),
    solution_code="""
bug_lines = [2, 5, 6, 8, 9]
nb09b.bug_lines.check(bug_lines)
""",
    because=(
        "Line 2 takes the first maps, not the last; line 5 makes BatchNorm use this batch's own statistics; line 6 "
        "takes the probability, not the logit; line 8 averages over the maps, and axis=(1, 2) is meant; line 9 "
        "leaves out the ReLU. All five run without an error, and all five draw a heat map."
    ),
)

quiz_1 = Quiz(
    question="A pixel is bright in a gradient map. What does that say?",
    choices={
        "a": (
            "Nudge it, and the logit moves faster than for most other pixels",
            "That's what a gradient is: a slope, for tiny changes of the image as it stands.",
        ),
        "b": (
            "Covering this pixel would change the answer of the network",
            "Covering is a large change, and the slope needn't hold that far.",
        ),
        "c": (
            "This pixel belongs to the thing that the network has named",
            "Nobody told the network where the thing is. Pixels of the background can have large gradients.",
        ),
    },
    answer="a",
)

quiz_2 = Quiz(
    question=(
        "A new method puts 60% of its heat on the thing, on average. What do you have to know before you're impressed?"
    ),
    choices={
        "a": (
            "How bright the maps are at their hottest places",
            "A share stays the same if all of a map's numbers are doubled.",
        ),
        "b": (
            "What a map that ignores the image would get",
            "If things are large and in the middle, a blob in the middle gets much of that for nothing.",
        ),
        "c": (
            "How many layers and weights the network has",
            "The share says where the heat lies, and 60% is the same whatever network is behind it.",
        ),
    },
    answer="b",
)

quiz_3 = Quiz(
    question=(
        "A network for X-rays is right in 95% of the cases, and some of its heat maps glow on a ruler at the edge. "
        "What now?"
    ),
    choices={
        "a": (
            "Nothing, because 95% is what counts",
            "It counts only as long as rulers and diseases go together as they did in the test set.",
        ),
        "b": (
            "The network has been caught, so throw it away",
            "A glow is a suspicion. It may be there whether or not the answer hangs on it.",
        ),
        "c": (
            "Remove the ruler, or add one, and see whether the answers change",
            "Only changing it shows what it does to the answer. The map told you where to try.",
        ),
    },
    answer="c",
)
