"""Exercises and quizzes of notebook 10: scaling out."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_int,
    check_counts,
    close,
    result_of,
)

# --- when the last run is done ----------------------------------------------------------------


def _examine_last_done(on_two: Any, on_sixteen: Any) -> None:
    shared = (
        "that would be right if the long run could be cut into pieces, but one machine has to do all of it"
    )
    check_counts(
        [
            (
                "`on_two`",
                on_two,
                65,
                {43: shared, 86: "86 minutes is one after the other, on a single machine"},
            ),
            (
                "`on_sixteen`",
                on_sixteen,
                65,
                {
                    5: shared,
                    6: shared,
                    9: "one run takes longer than that by itself",
                    86: "all five run at once",
                },
            ),
        ],
        otherwise="give the long run a machine of its own, and see when each machine is done",
    )


last_done = Exercise(
    name="last_done",
    examine=_examine_last_done,
    hints=(
        "On two machines, let one do the run of 65 minutes. When is the other done with the rest?",
        "No machine can be done with the long run before its 65 minutes are over.",
    ),
    solution_code="""
on_two, on_sixteen = 65, 65
nb10.last_done.check(on_two, on_sixteen)
""",
    because="The other four take only 21 minutes together, so the long one sets the end, with 2 machines or with 16.",
)

# --- gradients of unequal parts --------------------------------------------------------------------


def _examine_combine(function: Any) -> None:
    rng = np.random.default_rng(0)
    for counts in ([32, 32], [48, 16], [10, 20, 30]):
        parts = [rng.normal(size=(4, 3)) for _ in counts]
        right = np.average(parts, axis=0, weights=counts)
        words = " and ".join(map(str, counts))
        found = as_array(result_of(function, parts, counts, what="combine"), what="What combine returns")
        if found.shape != right.shape:
            raise WrongAnswer(
                f"combine must return an array of the gradients' shape, {right.shape}; yours has shape {found.shape}."
            )
        if close(found, right):
            continue
        if close(found, np.mean(parts, axis=0)):
            raise WrongAnswer(
                f"For parts of {words} images, this gives every part the same weight, so an image counts for more "
                "where there are few."
            )
        if close(found, np.sum(parts, axis=0)):
            raise WrongAnswer(
                f"For parts of {words} images, this is the sum of the gradients and not an average."
            )
        if close(found, right * sum(counts)):
            raise WrongAnswer("Right so far, but it must still be divided by the number of all images.")
        raise WrongAnswer(
            f"For parts of {words} images, it isn't the gradient of all of them: multiply each part's gradient by its "
            "number of images, add up, and divide by the number of all images."
        )


combine = Exercise(
    name="combine",
    examine=_examine_combine,
    hints=(
        "A mean times its count is a sum. Add up the sums of all parts, and divide by the number of all images.",
        "zip(gradients, counts) gives each gradient with its count.",
    ),
    solution_code="""
def combine(gradients, counts):
    total = sum(gradient * count for gradient, count in zip(gradients, counts))
    return total / sum(counts)


nb10.combine.check(combine)
""",
    because="Every image now counts the same, whichever device it was on.",
)

# --- a ring ----------------------------------------------------------------------------------------


def _examine_ring_sum(function: Any) -> None:
    rng = np.random.default_rng(0)
    for devices in (2, 3, 4, 7):
        table = rng.integers(1, 100, size=(devices, devices, 2)).astype(np.float64)
        right = np.broadcast_to(table.sum(axis=0), table.shape)
        found = as_array(
            result_of(function, table, what="ring_sum"), what="What ring_sum returns", shape=table.shape
        )
        if close(found, right):
            continue
        missing = next(device for device in range(devices) if not close(found[device], right[device]))
        raise WrongAnswer(
            f"With {devices} devices, device {missing} doesn't hold all the sums in the end. In the second round, each "
            "device must begin with the chunk that it has completed. Which one is green in the third picture?"
        )


ring_sum = Exercise(
    name="ring_sum",
    examine=_examine_ring_sum,
    hints=(
        "Look for the green squares in the third picture: which chunk has device 0 completed, and which device 1?",
        "Device 0 begins with chunk 1, device 1 with chunk 2, and so on: one more than the device's own number.",
    ),
    solution_code="""
def ring_sum(table):
    n = len(table)
    devices = np.arange(n)
    right = (devices + 1) % n  # the neighbor of each device
    for step in range(n - 1):  # the neighbor adds
        chunk = (devices - step) % n
        table[right, chunk] = table[right, chunk] + table[devices, chunk]
    for step in range(n - 1):  # the neighbor copies
        chunk = (devices + 1 - step) % n
        table[right, chunk] = table[devices, chunk]
    return table


nb10.ring_sum.check(ring_sum)
""",
    because="After 2(n − 1) steps every device holds every sum, and it has only talked to its neighbors.",
)

# --- Amdahl ----------------------------------------------------------------------------------------


def _examine_amdahl(nine: Any, most: Any) -> None:
    number = as_int(nine, what="`nine`")
    advice = {
        9: "Only the 90 ms are shared; the 10 ms stay as they are.",
        10: "10 ms of computing are left for each device, but the other 10 ms are still to come.",
        20: "20 ms is how long the step takes now; how many times faster is that?",
    }
    if number != 5:
        raise WrongAnswer(
            advice.get(
                number,
                f"With nine devices, the step takes 90/9 + 10 ms; before, it took 100. That isn't {number}.",
            )
        )
    number = as_int(most, what="`most`")
    advice = {
        9: "With 90 devices it's already 100/11, which is more than 9.",
        100: "The 10 ms always remain.",
    }
    if number != 10:
        raise WrongAnswer(
            advice.get(number, f"However small 90/n gets, 10 ms remain of 100. That isn't {number}.")
        )


amdahl = Exercise(
    name="amdahl",
    examine=_examine_amdahl,
    hints=(
        "With nine devices, each computes for 90/9 = 10 ms, and then comes the part that nobody can share.",
        "With very many devices, next to nothing is left of the 90 ms. How long does the step still take?",
    ),
    solution_code="""
nine, most = 100 // (90 // 9 + 10), 100 // 10
nb10.amdahl.check(nine, most)
""",
    because="Nine devices make it 5 times faster, and no number of devices makes it more than 10 times faster.",
)

quiz_1 = Quiz(
    question="Which of these can NOT run at the same time?",
    choices={
        "a": ("runs of one recipe with ten seeds", "No seed needs to know what another one gave."),
        "b": (
            "the ten epochs of one run",
            "Each epoch begins with the weights that the one before it left.",
        ),
        "c": (
            "tests of one trained network on ten sets of images",
            "The weights don't change any more, so nobody waits.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question=(
        "Two devices share every batch equally, and one of them is twice as fast as the other. How long does a step "
        "take?"
    ),
    choices={
        "a": ("as long as the fast one needs for its half", "The average needs the other gradient, too."),
        "b": ("as long as both need on average", "A step isn't over before both gradients are there."),
        "c": (
            "as long as the slow one needs for its half",
            "The fast one stands idle until the other gradient arrives.",
        ),
    },
    answer="c",
)

quiz_3 = Quiz(
    question=(
        "On one GPU, your recipe is a batch of 32 and a rate of 0.02. Now four GPUs get 32 images each. Which rate do "
        "you try first?"
    ),
    choices={
        "a": ("0.08, perhaps after a warm-up", "Four times the images in a step, so four times the rate."),
        "b": ("0.02", "Then each epoch has a fourth of the steps, and none of them is longer."),
        "c": ("0.005", "The gradient is an average, so it doesn't grow with the batch."),
    },
    answer="a",
)

quiz_4 = Quiz(
    question=(
        "A run takes 20 minutes on one machine. You want to try 30 learning rates, and you have four machines. "
        "What do you do?"
    ),
    choices={
        "a": ("share each run among all four", "Then they'd talk in every step, for nothing."),
        "b": (
            "give each machine whole runs, one after another",
            "They never have to wait for each other.",
        ),
        "c": (
            "use the fastest machine only",
            "The runs don't depend on each other, so three would idle.",
        ),
    },
    answer="b",
)
