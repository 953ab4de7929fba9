"""A network's answers as figures and tables."""

import numpy as np
import pytest

from helpers.notebook import answers

NAMES = ("plane", "car", "bird")
LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
SAID = np.array([0, 1, 1, 1, 1, 1, 0, 2, 1])


def test_the_confusion_matrix_counts_real_classes_in_rows():
    matrix = answers.confusion_matrix(LABELS, SAID, classes=3)
    assert matrix.tolist() == [[1, 2, 0], [0, 2, 0], [1, 2, 1]]
    assert answers.without_diagonal(matrix).tolist() == [[0, 2, 0], [0, 0, 0], [1, 2, 0]]


def test_recall_goes_along_rows_and_precision_down_columns():
    lines = answers.recall_and_precision(answers.confusion_matrix(LABELS, SAID, classes=3), NAMES)
    assert lines[0].startswith("car    recall 100% (2 of 2 found), precision  33% (2 of 6 answers right)")
    assert lines[-1].startswith("bird   recall  25% (1 of 4 found), precision 100% (1 of 1 answers right)")


def test_a_class_that_is_never_answered_has_no_precision():
    lines = answers.recall_and_precision(np.array([[2, 0], [1, 0]]), ("a", "b"))
    assert "nan" in lines[-1] and "(0 of 0 answers right)" in lines[-1]


def test_mix_ups_come_in_order_and_are_mistakes():
    found = answers.mix_ups(LABELS, SAID, pairs=2, images=1)
    assert found.tolist() == [1, 5]
    assert answers.mix_ups(LABELS, SAID, pairs=3, images=5).tolist() == [1, 2, 5, 8, 6]


def test_figures_say_what_is_right_and_wrong(monkeypatch):
    shown = {}
    monkeypatch.setattr(answers.plots, "image_grid", lambda images, **options: shown.update(options))
    images = np.zeros((9, 4, 4, 3), np.uint8)
    answers.show(images, LABELS, SAID, NAMES, alt="Nine images with answers.")
    assert shown["titles"][:3] == ["plane", "plane → car", "plane → car"]
    assert shown["good"] == (LABELS == SAID).tolist()
    answers.show(images, LABELS, SAID, NAMES, sure=np.full(9, 0.5), alt="Nine images with answers.")
    assert shown["titles"][1] == "car, 50%"
    with pytest.raises(ValueError):
        answers.show(images, LABELS[:2], SAID, NAMES, alt="Nine images with answers.")


def test_the_table_is_drawn_with_its_lines(monkeypatch, capsys):
    alts = []
    monkeypatch.setattr(answers.plots, "show", lambda figure, *, alt: alts.append(alt))
    answers.show_confusion(answers.confusion_matrix(LABELS, SAID, classes=3), NAMES)
    assert len(alts) == 1 and "diagonal" in alts[0]
    assert len(capsys.readouterr().out.splitlines()) == 3
