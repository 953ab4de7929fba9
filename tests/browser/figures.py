"""Three live figures used as a reader does, on the site and in JupyterLab, and their numbers computed again.

Each function takes the figure's place in a page, as Playwright's locator.
"""

import math
import re
from operator import mul

import pytest


def value_of(text):
    """A number as the figures write it, with a real minus sign."""
    return float(text.replace("−", "-").strip("()"))


def numbers_in(text):
    return [value_of(found) for found in re.findall(r"[−-]?\d+(?:\.\d+)?", text)]


# Color


def cells(figure, name):
    """The numbers of three grids of nine, channel after channel: "pixel" of the patches or "weight" of the kernels."""
    return [
        value_of(
            figure.get_by_label(re.compile(rf"^{name} (?:of|for) the {channel} channel, row {row}, column {column}"))
            .first.input_value()
        )
        for channel in ("red", "green", "blue")
        for row in (1, 2, 3)
        for column in (1, 2, 3)
    ]  # fmt: skip


def use_color(figure):
    """Three channels and a bias add up, also after an edit and a step."""
    figure.get_by_label("weight for the red channel, row 2, column 2").fill("2.5")
    figure.get_by_label("bias", exact=True).fill("-0.5")
    results = set()
    for _ in range(4):
        figure.get_by_role("button", name="Next").click()
        patch, weights = cells(figure, "pixel"), cells(figure, "weight")
        sums = [sum(map(mul, patch[at : at + 9], weights[at : at + 9])) for at in (0, 9, 18)]
        shown = [value_of(text) for text in figure.locator(".color-sum").all_inner_texts()]
        assert shown == pytest.approx(sums, abs=0.05), "the cells show two decimals"
        result = value_of(figure.locator(".color-result").inner_text())
        assert result == pytest.approx(sum(shown) - 0.5, abs=0.02)
        results.add(result)
    assert weights[4] == 2.5 and len(results) > 1


# Receptive field


def use_receptive_field(figure):
    """The field grows by the formula, whatever layers are added and removed."""

    def field():
        """Size and jump of the listed layers, from their names: "conv 3×3, stride 2"."""
        size = jump = 1
        for name in figure.locator(".field-name").all_inner_texts():
            kernel, dilation = int(re.search(r"(\d+)×", name)[1]), re.search(r"dilation (\d+)", name)
            stride = re.search(r"stride (\d+)", name)
            size += (kernel - 1) * int(dilation[1] if dilation else 1) * jump
            jump *= int(stride[1]) if stride else kernel if name.startswith("pool") else 1
        return size, jump

    def told():
        sentence = figure.locator(".live-sentence").inner_text()
        found = re.search(
            r"depends on (\d+) × (\d+) = ([\d,]+) pixels; its neighbor's square begins (\d+)", sentence
        )
        size, other, area, jump = (int(number.replace(",", "")) for number in found.groups())
        assert size == other and area == size * size
        return size, jump

    before = told()
    assert before == field()
    for button in ("add conv 3×3, stride 2", "add conv 3×3, dilation 2", "add pool 2×2"):
        figure.get_by_role("button", name=button, exact=True).click()
        assert told() == field() and told()[0] > before[0]
        before = told()
    figure.get_by_role("button", name=re.compile("^remove layer 1,")).click()
    assert told() == field()
    figure.get_by_role("button", name="Start over").click()
    assert told() == field() != before


# Batch normalization


def lines(figure, panel):
    """Mean, deviation and share of positive values of each unit, as the panel's description says."""
    label = figure.locator(".bn-panel canvas").nth(panel).get_attribute("aria-label")
    return [
        numbers_in(part) for part in re.findall(r"mean [^.]*\.\d+ · deviation [\d.]+ · positive \d+%", label)
    ]


def use_batchnorm(figure):
    """The layer gives the mean and deviation that scale and shift ask for, whatever comes in."""
    untouched = lines(figure, 0)
    assert len(untouched) == 4
    for name, presses in (("scale γ", 7), ("shift β", 12)):
        slider = figure.get_by_role("slider", name=re.compile(name))
        slider.focus()
        for _ in range(presses):
            slider.press("ArrowRight")
    gamma, beta = 1.7, 1.2
    for (_, deviation, _), (mean, result, _) in zip(untouched, lines(figure, 1), strict=True):
        assert mean == pytest.approx(beta, abs=0.006)
        expected = gamma * deviation / math.sqrt(deviation**2 + 1e-3)
        assert result == pytest.approx(expected, abs=0.02)
    weights = figure.get_by_role("slider", name=re.compile("all weights"))
    weights.focus()
    weights.press("ArrowRight")  # twice as large
    for before, now in zip(untouched, lines(figure, 0), strict=True):
        assert now[:2] == pytest.approx([2 * number for number in before[:2]], abs=0.011)
