"""Exercises and quizzes of notebook 09_visualization, on the frame in `core`."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    agrees,
    as_array,
    check_bug_lines,
    check_counts,
    close,
    refuse_mistakes,
    result_of,
    worded_shape,
)

# --- covered pictures ------------------------------------------------------------------------------


def _examine_covered_pictures(answer: Any) -> None:
    mistakes = {
        13: "that is the number of places in one row; the patch also moves down",
        196: "(224 / 16)² counts places where the patch hangs over the edge; it has to fit",
        14: "(224 / 16) counts places where the patch hangs over the edge, and in one row only",
        49: "that is for patches side by side, a stride of 32; here each step is 16 pixels",
        144: "from 0 to 192 in steps of 16 there are 13 places, not 12: count both ends",
        193**2: "that is for a stride of 1; here each step is 16 pixels",
    }
    otherwise = "count the places in one row, (224 - 32) / 16 + 1, and square them"
    check_counts([("The number of covered pictures", answer, 169, mistakes)], otherwise=otherwise)


covered_pictures = Exercise(
    name="covered_pictures",
    examine=_examine_covered_pictures,
    hints=(
        "Where may the patch's left edge be? At 0, 16, 32, ... and last at 224 - 32.",
        "It is the formula for a convolution's output size: (224 - 32) // 16 + 1 along each side.",
    ),
    solution_code="""
covered_pictures = ((224 - 32) // 16 + 1) ** 2
nb09.covered_pictures.check(covered_pictures)
""",
    because="13 places along each side: 169 pictures, each sent through the whole network, for one heat map.",
)

# --- Grad-CAM --------------------------------------------------------------------------------------


def _examine_heat_from(function: Any) -> None:
    rng = np.random.default_rng(9)
    for height, width, count in ((4, 5, 3), (2, 2, 2), (7, 7, 6)):
        maps = np.maximum(rng.normal(size=(height, width, count)), 0)
        gradients = rng.normal(size=(height, width, count)) + rng.normal(size=count)
        found = as_array(result_of(function, maps, gradients, what="heat_from"), what="heat_from's result")
        weights = gradients.mean(axis=(0, 1))
        signed = (maps * weights).sum(axis=-1)
        right = np.maximum(signed, 0)
        if found.shape != right.shape:
            raise WrongAnswer(
                f"For maps of {worded_shape(maps.shape)} the heat must be {worded_shape(right.shape)}, one number "
                f"for each place; yours is {worded_shape(found.shape)}."
            )
        if close(found, right):
            continue
        sums = gradients.sum(axis=(0, 1))
        mistakes = (
            (signed, "the sum is right, but negative heat is left in: Grad-CAM ends with a ReLU"),
            (np.abs(signed), "negative heat must become 0, and the absolute value makes it positive"),
            (
                np.maximum((maps * sums).sum(axis=-1), 0),
                "the weight is the mean of a map's gradients, and you took their sum",
            ),
            (
                np.maximum((maps * gradients).sum(axis=-1), 0),
                "each map needs one weight, the mean of its gradients; you multiplied place by place",
            ),
            (
                np.maximum((maps * gradients.mean(axis=-1, keepdims=True)).sum(axis=-1), 0),
                "you averaged over the maps; average over the places, axis=(0, 1)",
            ),
            (
                np.maximum((maps * weights).mean(axis=-1), 0),
                "the weighted maps are added up, and you took their mean",
            ),
            (
                np.maximum(maps * weights, 0).sum(axis=-1),
                "the ReLU comes after the sum, not before it: until then negative weights have to stay",
            ),
            (maps.sum(axis=-1), "the maps are added up without their weights"),
        )
        refuse_mistakes(found, mistakes, lead="Almost")
        row, column = np.argwhere(~agrees(found, right))[0]
        raise WrongAnswer(
            f"At row {row}, column {column} the heat must be {right[row, column]:.3f}, yours is "
            f"{found[row, column]:.3f}. Weight of a map: the mean of its gradients; heat: the ReLU of the weighted sum."
        )


heat_from = Exercise(
    name="heat_from",
    examine=_examine_heat_from,
    hints=(
        "gradients.mean(axis=(0, 1)) has one number for each map.",
        "maps * weights multiplies every map by its weight; add up over the last axis, then np.maximum(..., 0).",
    ),
    solution_code="""
def heat_from(maps, gradients):
    weights = gradients.mean(axis=(0, 1))
    return np.maximum((maps * weights).sum(axis=-1), 0)


nb09.heat_from.check(heat_from)
""",
    because="That is all of Grad-CAM; the framework only supplies the maps and the gradients.",
)

# --- find the bugs ---------------------------------------------------------------------------------

_CLUES = {
    2: "From which layer should the maps come, if they are to know about whole objects?",
    5: "In which mode does BatchNorm have to be when nothing is trained?",
    6: "Which number's gradient almost vanishes when the network is very sure?",
    8: "Over which axes is a map's gradient averaged, if each map gets one weight?",
    10: "What happens to places that speak against the class?",
}
_FINE = {
    1: "line 1 is right: a function of the model, the pictures and the class",
    3: "line 3 is right: one model with two outputs, from the same input",
    4: "line 4 is right: the tape has to run while the model computes",
    7: "line 7 is right: the gradient of the score with respect to the maps",
    9: "line 9 is right: every map times its weight, added up over the maps",
}


def _examine_bug_lines(answer: Any) -> None:
    check_bug_lines(answer, fine=_FINE, clues=_CLUES, example="[4, 9]")


bug_lines = Exercise(
    name="bug_lines",
    examine=_examine_bug_lines,
    hints=(
        "Compare with the four steps: which layer, which mode, whose gradient, which mean, what at the end.",
        "One wrong layer, one wrong mode, one wrong score, one wrong axis, and one step is left out.",
    ),
    solution_code="""
bug_lines = [2, 5, 6, 8, 10]
nb09.bug_lines.check(bug_lines)
""",
    because=(
        "Line 2 takes the first stage, not the last; line 5 makes BatchNorm use this batch's own statistics; line 6 "
        "takes the probability, not the logit; line 8 averages over the maps, and axis=(1, 2) is meant; line 10 "
        "leaves out the ReLU. All five run without an error, and all five give a picture."
    ),
)

# --- ranks -----------------------------------------------------------------------------------------


def _examine_ranks(function: Any) -> None:
    rng = np.random.default_rng(3)
    for values in (np.array([30.0, 10.0, 40.0, 20.0, 50.0]), rng.normal(size=7), rng.permutation(12) / 10):
        found = as_array(result_of(function, values, what="ranks"), what="ranks' result")
        right = np.argsort(np.argsort(values))
        if found.shape != right.shape:
            raise WrongAnswer(
                f"{len(values)} values have {len(values)} ranks, and yours has the shape {worded_shape(found.shape)}."
            )
        if np.array_equal(found, right):
            continue
        asked = f"For {np.round(values, 2).tolist()}"
        mistakes = (
            (
                np.argsort(values),
                "this is argsort: where each rank's value *stands*; asked is which rank each value *has*",
            ),
            (right + 1, "the order is right; count from 0"),
            (len(values) - 1 - right, "0 is for the smallest value, not for the largest"),
            (np.sort(values), "these are the sorted values, not their places in the order"),
        )
        refuse_mistakes(found, mistakes, lead=asked)
        raise WrongAnswer(f"{asked} the ranks are {right.tolist()}, and yours are {found.tolist()}.")


ranks = Exercise(
    name="ranks",
    examine=_examine_ranks,
    hints=(
        "np.argsort(values) tells where the smallest value stands, then the next, and so on: that is the way back.",
        "What gives argsort of a list of places? Apply np.argsort once more.",
    ),
    solution_code="""
def ranks(values):
    return np.argsort(np.argsort(values))


nb09.ranks.check(ranks)
""",
    because=(
        "The correlation of two arrays' ranks is Spearman's rank correlation. With equal values (ties) their "
        "ranks are averaged, which scipy.stats.spearmanr does."
    ),
)

# --- nearest neighbours ----------------------------------------------------------------------------


def _examine_nearest(function: Any) -> None:
    rng = np.random.default_rng(5)
    for rows, columns, count in ((12, 3, 4), (30, 8, 1), (9, 2, 9)):
        points = rng.normal(size=(rows, columns)) * rng.uniform(0.5, 3, size=columns) + rng.normal(
            size=columns
        )
        query = rng.normal(size=columns)
        answer = result_of(function, points, query, count, what="nearest")
        found = as_array(answer, what="nearest's result")
        if found.ndim == 0:
            found = found.reshape(1)
        squared = ((points - query) ** 2).sum(axis=1)
        right = np.argsort(squared)[:count]
        if found.shape != right.shape:
            raise WrongAnswer(
                f"With count={count} there must be {count} row number(s), and yours has the shape "
                f"{worded_shape(found.shape)}."
            )
        if np.array_equal(found, right):
            continue
        asked = f"For {rows} embeddings and count={count}"
        mistakes = (
            (np.argsort(-squared)[:count], "these are the farthest ones"),
            (np.sort(squared)[:count], "these are distances; return the numbers of the rows"),
            (np.sqrt(np.sort(squared))[:count], "these are distances; return the numbers of the rows"),
            (
                np.argsort((points - query).sum(axis=1))[:count],
                "the differences are added without squaring, so plus and minus cancel",
            ),
            (np.argsort((points**2).sum(axis=1))[:count], "these are nearest to 0, not to the query"),
            (np.argsort(points @ query)[:count], "a small product does not mean near"),
            (
                np.argsort(-(points @ query))[:count],
                "the largest products: a long vector gets a large product even if it is far away",
            ),
        )
        refuse_mistakes(found, mistakes, lead=asked)
        if sorted(found.tolist()) == sorted(right.tolist()):
            raise WrongAnswer(f"{asked} these are the right rows, but the nearest must come first.")
        raise WrongAnswer(
            f"{asked} the rows are {right.tolist()}, and yours are {found.astype(int).tolist()}."
        )


nearest = Exercise(
    name="nearest",
    examine=_examine_nearest,
    hints=(
        "The squared distance of every row to the query: ((embeddings - query) ** 2).sum(axis=1).",
        "np.argsort of the distances gives the row numbers, the nearest first; keep the first `count`.",
    ),
    solution_code="""
def nearest(embeddings, query, count):
    return np.argsort(((embeddings - query) ** 2).sum(axis=1))[:count]


nb09.nearest.check(nearest)
""",
    because="Squared distances have the same order as distances, so the root can be left out.",
)

# --- share of heat on the object -------------------------------------------------------------------


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
                f"For {count} pictures there must be {count} number(s), one for each; yours has the shape "
                f"{worded_shape(found.shape)}. Over which axes do you add up?"
            )
        if close(found, right):
            continue
        on = (heat * masks).sum(axis=(1, 2))
        area = masks.mean(axis=(1, 2))
        mistakes = (
            (on, "this is the heat on the object; divide it by all the heat of the picture"),
            (area, "this is the object's share of the area; the heat is not used"),
            (1 - right, "this is the share of heat on the background"),
            (
                on / masks.sum(axis=(1, 2)),
                "you divided by the object's area; divide by the heat of the whole picture",
            ),
            (on / side**2, "you divided by the number of pixels; divide by the heat of the whole picture"),
            (right / area, "this is how many times more than the area's share; leave out the area"),
            (on / heat.sum(), "you divided by the heat of all pictures together; each has its own"),
        )
        refuse_mistakes(found, mistakes, lead="Almost")
        raise WrongAnswer(
            f"The first picture's heat is {heat[0].sum():.3f} in all and {on[0]:.3f} on the object, so its share is "
            f"{right[0]:.3f}; yours is {found[0]:.3f}."
        )


share_on = Exercise(
    name="share_on",
    examine=_examine_share_on,
    hints=(
        "heat * masks keeps the heat on the object and puts 0 elsewhere, since True counts as 1.",
        "Add up over rows and columns, axis=(1, 2), above and below the fraction line.",
    ),
    solution_code="""
def share_on(heat, masks):
    return (heat * masks).sum(axis=(1, 2)) / heat.sum(axis=(1, 2))


nb09.share_on.check(share_on)
""",
    because="Beside the object's share of the area this number says whether the heat prefers the object at all.",
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question=(
        "You draw 24 kernels, each with its own colour scale, so that its smallest weight is black and its "
        "largest is white. What does the picture hide?"
    ),
    choices={
        "a": (
            "Nothing: the pattern of each kernel can be seen best that way",
            "The pattern can, but a kernel of weights around 0.001 now looks as strong as one around 1.",
        ),
        "b": (
            "How strong the kernels are beside one another",
            "Each is stretched to full contrast, so noise of tiny weights looks like a strong pattern.",
        ),
        "c": (
            "Which kernels have a bias",
            "The bias is not drawn either way; the scale has nothing to do with it.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="The network says 'cat' with a probability of 0.9999. Why is the probability's gradient a poor choice?",
    choices={
        "a": (
            "It is almost 0: whatever changes the logit a little hardly changes a probability so near 1",
            "A probability p changes by p (1 - p) times what its logit changes: here by 0.0001 of it.",
        ),
        "b": (
            "It is infinite: the softmax has no derivative near 1",
            "The softmax is smooth everywhere; near 1 it is nearly flat.",
        ),
        "c": (
            "It makes no difference, the map is only scaled",
            "Not only scaled: a probability also rises when other logits fall, so their gradients are mixed in.",
        ),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="A pixel is bright in a saliency map. What does that say?",
    choices={
        "a": (
            "A small change of this pixel would change the score more than most other pixels would",
            "That, and nothing else: a gradient describes small changes of the picture as it is.",
        ),
        "b": (
            "This pixel belongs to the object",
            "The network was not asked where the object is; a background pixel can have a large gradient.",
        ),
        "c": (
            "Without this pixel the network would answer otherwise",
            "Taking a pixel away is a large change; the gradient only tells of very small ones.",
        ),
    },
    answer="a",
)

quiz_4 = Quiz(
    question=(
        "Grad-CAM's map of 6×6 numbers is stretched to 192×192, and the bright area ends exactly at the cat's ear. "
        "What may you conclude?"
    ),
    choices={
        "a": (
            "The network has found the ear's outline",
            "One of the 36 numbers stands for 32×32 pixels; the smooth edge was made by the stretching.",
        ),
        "b": (
            "Only roughly where: the border comes from stretching",
            "The map has 36 numbers, and each sees far more than its own square; no fine outline is in them.",
        ),
        "c": (
            "Nothing at all: 6×6 is too coarse for anything",
            "The photographs show otherwise: coarse regions can be right, fine edges cannot be read.",
        ),
    },
    answer="b",
)

quiz_5 = Quiz(
    question="A heat map follows the object's outline perfectly. How do you find out whether it shows the *network*?",
    choices={
        "a": (
            "Show it to people: if they find it convincing, it is right",
            "An edge detector convinces people too, and it has never seen the network.",
        ),
        "b": (
            "Look whether the network's answer is right",
            "A right answer says nothing about how the map was made.",
        ),
        "c": (
            "Replace the network's weights by random ones and see whether the map changes",
            "If the map stays, it was about the picture alone (Adebayo and others, 2018).",
        ),
    },
    answer="c",
)

quiz_6 = Quiz(
    question="In a t-SNE picture one cluster is small and dense and far from the others. What may you conclude?",
    choices={
        "a": (
            "Its pictures are much alike, and unlike all others",
            "Sizes and distances between clusters are not kept: t-SNE spreads dense groups and gathers loose ones.",
        ),
        "b": (
            "Its pictures are probably one another's neighbours in the embedding too",
            "Near neighbours are what t-SNE tries to keep; sizes and distances between clusters are not.",
        ),
        "c": (
            "The network is sure of this class",
            "How sure it is stands in its probabilities; t-SNE has not seen them.",
        ),
    },
    answer="b",
)

quiz_7 = Quiz(
    question=(
        "The network takes a frog for a cat, and nearly all the heat lies on the frog. What does the heat map tell "
        "you about the mistake?"
    ),
    choices={
        "a": (
            "That the background did not mislead it, so the picture must be mislabelled",
            "The label is right, it is a frog; the heat tells where, not what was seen there.",
        ),
        "b": (
            "Where the evidence for 'cat' was taken from, but not what it was about the frog that looked like a cat",
            "Where is answered, why is not: colour, shape, texture and pose lie at the same place.",
        ),
        "c": (
            "That the heat map is wrong: for a wrong answer it should lie beside the object",
            "A map of a wrong answer may be entirely true: the network can look at the frog and see a cat.",
        ),
    },
    answer="b",
)
