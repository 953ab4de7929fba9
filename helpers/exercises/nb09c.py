"""Exercises and quizzes of notebook 09c, What does a network want to see?"""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    close,
    refuse_mistakes,
    result_of,
    worded_shape,
)


def _examine_uphill(function: Any) -> None:
    rng = np.random.default_rng(3)
    for size, levels, scale in ((4, 2.0, 1e-3), (6, 5.0, 40.0)):
        image = rng.uniform(100, 150, (size, size, 3))
        gradient = scale * rng.normal(0.5, 1, image.shape)
        image[0, 0], gradient[0, 0] = 254, 3 * scale
        image[1, 1], gradient[1, 1] = 1, -3 * scale
        rms = np.sqrt(np.mean(gradient**2))
        step = levels * gradient / rms
        right = np.clip(image + step, 0, 255)
        result = result_of(function, image, gradient, levels, what="uphill")
        found = as_array(result, what="uphill's result", shape=image.shape)
        if close(found, right):
            continue
        mistakes = (
            (image + step, "some values are now below 0 or above 255; np.clip keeps them inside"),
            (np.clip(image - step, 0, 255), "you go downhill; the value should rise"),
            (
                np.clip(image + levels * gradient, 0, 255),
                "the gradient's own size is still in it; divide by its root mean square",
            ),
            (np.clip(image + gradient / rms, 0, 255), "you have left out `levels`"),
            (
                np.clip(image + levels * gradient / gradient.std(), 0, 255),
                "std subtracts the mean first; take the root of the mean of the squares",
            ),
            (
                np.clip(image + levels * gradient / np.mean(gradient**2), 0, 255),
                "that's the mean square; its square root is still to be taken",
            ),
            (
                np.clip(image + levels * gradient / np.abs(gradient).max(), 0, 255),
                "you divided by the largest gradient; divide by its root mean square",
            ),
            (
                np.clip(image + levels * gradient / np.abs(gradient).mean(), 0, 255),
                "you divided by the mean size; divide by the root mean square",
            ),
            (
                np.clip(image + levels * np.sign(gradient), 0, 255),
                "that's only the sign; here each pixel keeps its share",
            ),
            (step, "that's the step alone; add it to the image"),
        )
        refuse_mistakes(found, mistakes, lead="Almost")
        raise WrongAnswer(
            f"The gradient's root mean square is {rms:.4g}, so a pixel at {image[0, 1, 0]:.2f} with the gradient "
            f"{gradient[0, 1, 0]:.4g} should be at {right[0, 1, 0]:.2f}; yours is at {found[0, 1, 0]:.2f}."
        )


uphill = Exercise(
    name="uphill",
    examine=_examine_uphill,
    hints=(
        "The root mean square is np.sqrt(np.mean(gradient**2)). What must you multiply the gradient by?",
        "np.clip(values, 0, 255) cuts off what's below 0 or above 255.",
    ),
    solution_code="""
def uphill(image, gradient, levels):
    step = levels * gradient / np.sqrt(np.mean(gradient**2))
    return np.clip(image + step, 0, 255)


nb09c.uphill.check(uphill)
""",
    because="Now every step is equally long, however steep or flat it is where you stand.",
)


def _examine_adversarial(function: Any) -> None:
    rng = np.random.default_rng(5)
    for size, levels in ((4, 2), (6, 1), (5, 8)):
        photo = rng.integers(0, 256, (size, size, 3)).astype(np.uint8)
        photo[0], photo[1] = 255, 0
        gradient = 1e-3 * rng.normal(size=photo.shape)
        gradient[0, :2], gradient[0, 2:] = 1e-3, -1e-3
        gradient[1, :2], gradient[1, 2:] = -1e-3, 1e-3
        wide, sign = photo.astype(np.int64), np.sign(gradient).astype(np.int64)
        right = np.clip(wide + levels * sign, 0, 255)
        result = result_of(function, photo, gradient, levels, what="adversarial")
        found = as_array(result, what="adversarial's result", shape=photo.shape)
        if close(found, right):
            if getattr(result, "dtype", np.uint8) != np.uint8:  # a list has no type to be wrong
                raise WrongAnswer(
                    f"The values are right, but an image should be uint8 again, and yours is "
                    f'{result.dtype}: .astype("uint8") at the end.'
                )
            continue
        mistakes = (
            (wide + levels * sign, "some values are below 0 or above 255; np.clip keeps them inside"),
            (
                (wide + levels * sign) % 256,
                "uint8 wraps around: 255 + 1 becomes 0. Compute in floats, clip, and only then go back to uint8",
            ),
            (np.clip(wide - levels * sign, 0, 255), "you go downhill, so the loss falls; it should rise"),
            (
                np.clip(wide + levels * gradient, 0, 255),
                "you add the gradient itself; take its sign, so that every value moves equally far",
            ),
            (
                np.clip(wide + levels * gradient, 0, 255).astype(np.uint8),
                "you add the gradient itself, which rounding swallows; take its sign",
            ),
            (np.clip(wide + sign, 0, 255), "you have left out `levels`"),
        )
        refuse_mistakes(found, mistakes, lead="Not yet the right image")
        moved = int(np.abs(found - wide).max())
        raise WrongAnswer(
            f"For levels={levels}, every value should move by {levels} (except where 0 or 255 stops it), and yours "
            f"move by up to {moved}, or the wrong way."
        )


adversarial = Exercise(
    name="adversarial",
    examine=_examine_adversarial,
    hints=(
        "np.sign(gradient) is +1 where the gradient is positive, and -1 where it's negative.",
        "photo + levels * np.sign(gradient) is a float array, so nothing wraps around; clip it to 0 … 255.",
    ),
    solution_code="""
def adversarial(photo, gradient, levels):
    moved = photo + levels * np.sign(gradient)
    return np.clip(moved, 0, 255).astype("uint8")


nb09c.adversarial.check(adversarial)
""",
    because="Every value moves equally far, and all of them push the loss the same way: up.",
)


def _examine_integrated(function: Any) -> None:
    rng = np.random.default_rng(11)
    for size, steps in ((3, 40), (4, 25)):
        image, baseline = rng.uniform(0, 3, (2, size, size, 3))
        weights = rng.normal(size=image.shape)

        def gradient_at(images: Any, weights: np.ndarray = weights) -> np.ndarray:
            batch = as_array(images, what="What you gave to gradient_at")
            if batch.ndim != 4 or batch.shape[1:] != weights.shape:
                raise WrongAnswer(
                    f"gradient_at takes a batch of images, (images, {worded_shape(weights.shape)}), and you gave it "
                    f"{worded_shape(batch.shape)}. For one image, write image[np.newaxis]."
                )
            return 3 * weights * batch**2  # of the sum of weights × pixels³

        def along(places: Any, start: np.ndarray = baseline, end: np.ndarray = image) -> np.ndarray:
            places = np.asarray(places, dtype=float)[:, None, None, None]
            return gradient_at(start + places * (end - start))

        difference, n = image - baseline, steps
        mid, left, inner = (np.arange(n) + 0.5) / n, np.arange(n) / n, np.arange(1, n + 1) / (n + 1)
        grids = (mid, left, left + 1 / n, np.linspace(0, 1, n), np.linspace(0, 1, n + 1), inner)
        means = [along(grid).mean(axis=0) for grid in grids]
        for ends in (np.linspace(0, 1, n), np.linspace(0, 1, n + 1)):
            slopes = along(ends)
            means.append((slopes[1:] + slopes[:-1]).mean(axis=0) / 2)
        result = result_of(function, image, baseline, gradient_at, steps, what="integrated")
        found = as_array(result, what="integrated's result")
        if found.shape != image.shape:
            raise WrongAnswer(
                f"There must be one number for each value of the image, {worded_shape(image.shape)}, and yours are "
                f"{worded_shape(found.shape)}. Over which axis do you take the mean?"
            )
        if any(close(found, difference * mean) for mean in means):
            continue
        at_image, at_start = gradient_at(image[None])[0], gradient_at(baseline[None])[0]
        mistakes = [
            (
                difference * at_image,
                "this is the gradient at the image alone; take the mean of many along the way",
            ),
            (
                difference * at_start,
                "this is the gradient at the baseline alone; take the mean along the way",
            ),
        ]
        for grid, mean in zip(grids, means, strict=False):
            from_zero = along(grid, np.zeros_like(image)).mean(axis=0)
            mistakes += [
                (mean, "this is the mean gradient; it is still to be multiplied by image - baseline"),
                (image * mean, "you multiply by the image; multiply by image - baseline"),
                (-difference * mean, "the sign is turned around: it's image - baseline"),
                (difference * mean * len(grid), "you add up the gradients; take their mean"),
                (difference * from_zero, "your way begins at black; it should begin at the baseline"),
                (image * from_zero, "your way begins at black; it should begin at the baseline"),
            ]
        refuse_mistakes(found, mistakes, lead="Not yet")
        rise = float((weights * (image**3 - baseline**3)).sum())
        raise WrongAnswer(
            f"With {steps} steps, the results should add up to about {rise:.2f}; yours add up to "
            f"{found.sum():.2f}. Do your images go in equal steps from the baseline to the image?"
        )


integrated = Exercise(
    name="integrated",
    examine=_examine_integrated,
    hints=(
        "along = (np.arange(steps) + 0.5) / steps are the middles of equal steps from 0 to 1.",
        "A batch: baseline + along[:, None, None, None] * (image - baseline). Take the mean of its gradients, axis=0.",
    ),
    solution_code="""
def integrated(image, baseline, gradient_at, steps):
    along = (np.arange(steps) + 0.5) / steps
    way = baseline + along[:, None, None, None] * (image - baseline)
    return (image - baseline) * gradient_at(way).mean(axis=0)


nb09c.integrated.check(integrated)
""",
    because="Slope times distance is a rise, and the rises of all the values add up to the whole one.",
)

quiz_1 = Quiz(
    question="Waves and motion turned static into something you can look at. What did they change?",
    choices={
        "a": (
            "What the filter answers to: it became more sensitive to shapes",
            "The weights are the same in all four panels. Only the search for an image was different.",
        ),
        "b": (
            "Which images the search reaches: fine static is now hard to make",
            "That's why the choice should always be named: another one gives you other images of the same filter.",
        ),
        "c": (
            "How high the search gets: the filter is excited more than before",
            "Look at the numbers above the panels: they drop with motion, and waves hardly change them.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="Two images differ from a photo by 2 gray levels everywhere. Why does only one change the answer?",
    choices={
        "a": (
            "Its changes are larger at the pixels where the object is",
            "No change is larger than any other: each value moves by exactly 2, unless 0 or 255 stops it.",
        ),
        "b": (
            "Its values moved mostly in one direction, up or down",
            "About half of the signs are positive and half negative, in both images.",
        ),
        "c": (
            "Its thousands of tiny pushes on the loss all have the same sign",
            "With random signs, about half of the pushes go up and half go down, and they nearly cancel.",
        ),
    },
    answer="c",
)

quiz_3 = Quiz(
    question="With a black baseline, a black pixel gets exactly 0. What may you conclude?",
    choices={
        "a": (
            "Nothing about the pixel, because it doesn't change on this path",
            "Image minus baseline is 0 there, whatever the gradient is. Another baseline may give it a lot.",
        ),
        "b": (
            "The answer doesn't depend on this pixel, which is a useful finding",
            "We never changed it, so we can't know. With a white baseline it may well get a large number.",
        ),
        "c": (
            "The network can't see black, since it multiplies pixels by weights",
            "The network sees black well enough: before the first layer, it becomes −1, not 0.",
        ),
    },
    answer="a",
)

quiz_4 = Quiz(
    question="In a t-SNE map, class A lies close to class B and far away from class C. What follows?",
    choices={
        "a": (
            "A and B look more alike to the network than A and C do",
            "It may be so, but this map isn't evidence: far distances hardly count when it's drawn.",
        ),
        "b": (
            "The network will mistake A for B more often than for C",
            "The map doesn't know about mistakes. A confusion matrix would tell you.",
        ),
        "c": (
            "Nothing yet: compare the distances between the full features",
            "Or draw more maps, with other seeds and perplexities, and see what stays.",
        ),
    },
    answer="c",
)
