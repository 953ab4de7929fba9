"""Images with what a network said to them, and which classes it mixes up.

Notebook 04 calls it. Right answers are blue, wrong ones orange-red with ✗, since color alone doesn't reach everybody.
"""

from collections.abc import Sequence

import numpy as np

from helpers.notebook import plots


def show(
    images: np.ndarray,
    labels: np.ndarray,
    said: np.ndarray,
    names: Sequence[str],
    *,
    alt: str,
    sure: np.ndarray | None = None,
    columns: int = 6,
    cell: float = 1.4,
) -> None:
    """Show images under the network's answers: the class where it is right, "class → answer" where it is wrong.

    `images` (n, height, width, 3) or (n, height, width); `labels` and `said` are classes (n,), `names` their names.
    With `sure` (n,), 0 to 1, each title is the answer and how sure it is. `columns`, `cell`, `alt`: see
    `plots.image_grid`.
    """
    right = [bool(label == answer) for label, answer in zip(labels, said, strict=True)]
    if sure is None:
        titles = [
            names[label] if ok else f"{names[label]} → {names[answer]}"
            for label, answer, ok in zip(labels, said, right, strict=True)
        ]
    else:
        titles = [f"{names[answer]}, {share:.0%}" for answer, share in zip(said, sure, strict=True)]
    plots.image_grid(images, titles=titles, good=right, columns=columns, cell=cell, alt=alt)


def confusion_matrix(labels: np.ndarray, said: np.ndarray, *, classes: int = 10) -> np.ndarray:
    """How often each class (row) got each answer (column): (classes, classes) whole numbers."""
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (labels, said), 1)
    return matrix


def show_confusion(matrix: np.ndarray, names: Sequence[str]) -> None:
    """Draw a confusion matrix with its counts, the mistakes shaded; below it recall and precision in words.

    Recall is nan for a class without images, precision for one that was never answered.
    """
    classes = len(matrix)
    mistakes = without_diagonal(matrix)
    figure, axes = plots.new_figure(width=6.6, height=5.4)
    axes[0].imshow(mistakes, cmap="Oranges")
    for (real, answer), count in np.ndenumerate(matrix):
        color = "white" if mistakes[real, answer] > 0.6 * mistakes.max() else "black"
        weight = "bold" if real == answer else "normal"
        axes[0].text(answer, real, count, ha="center", va="center", color=color, fontweight=weight)
    axes[0].set(xticks=range(classes), yticks=range(classes), xticklabels=names, yticklabels=names)
    axes[0].set(xlabel="the network's answer", ylabel="what it really is")
    axes[0].tick_params(axis="x", rotation=60, length=0)
    axes[0].tick_params(axis="y", length=0)
    plots.show(
        figure,
        alt="Table of counts, real class by answer: right answers in bold on the diagonal, mistakes shaded orange.",
    )
    print("\n".join(recall_and_precision(matrix, names)))


def recall_and_precision(matrix: np.ndarray, names: Sequence[str]) -> list[str]:
    """A line for each class, the one with the highest recall first."""
    right, real, said = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall, precision = right / real, right / said
    width = max(map(len, names))
    return [
        f"{names[k]:{width}}  recall {recall[k]:4.0%} ({right[k]} of {real[k]} found), "
        f"precision {precision[k]:4.0%} ({right[k]} of {said[k]} answers right)"
        for k in np.argsort(-recall, kind="stable")
    ]


def without_diagonal(matrix: np.ndarray) -> np.ndarray:
    """The same counts with zeros for the right answers."""
    return matrix * (1 - np.eye(len(matrix), dtype=int))


def mix_ups(labels: np.ndarray, said: np.ndarray, *, pairs: int = 3, images: int = 5) -> np.ndarray:
    """Up to `images` images of each of the most frequent mix-ups, the most frequent first: their places, (n,)."""
    mistakes = without_diagonal(
        confusion_matrix(labels, said, classes=int(max(labels.max(), said.max())) + 1)
    )
    places = np.argsort(-mistakes, axis=None, kind="stable")[:pairs]
    found = [
        np.flatnonzero((labels == real) & (said == answer))[:images]
        for real, answer in zip(*np.unravel_index(places, mistakes.shape), strict=True)
    ]
    return np.concatenate(found)
