"""helpers.notebook.fonts: names in every script can be drawn, with a font that has them or without one."""

import logging
import shutil
import sys
import unicodedata
import warnings

import matplotlib.pyplot as plt
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from helpers.notebook import fonts, plots


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, caplog):
    """A machine that has only Matplotlib's own fonts, on which nothing has been said yet; a warning is an error."""
    manager = font_manager.fontManager
    own = [entry for entry in manager.ttflist if "mpl-data" in str(entry.fname)]
    monkeypatch.setattr(manager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda *_, **__: [])
    monkeypatch.setattr(fonts, "_said", set())
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # an old Matplotlib beside a new pyparsing; nobody sees it
        yield
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def make_font(tmp_path):
    """Writes a font of the given family with an upright bar for each of the letters, and returns its path."""

    def make(family, letters):
        pen = TTGlyphPen(None)
        for number, corner in enumerate([(100, 0), (100, 700), (400, 700), (400, 0)]):
            (pen.lineTo if number else pen.moveTo)(corner)
        pen.closePath()
        names = [".notdef", *(f"u{ord(letter):X}" for letter in letters)]
        builder = FontBuilder(1000, isTTF=True)
        builder.setupGlyphOrder(names)
        builder.setupCharacterMap({ord(letter): f"u{ord(letter):X}" for letter in letters})
        builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
        builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 100)))
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable({"familyName": family, "styleName": "Regular"})
        builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
        builder.setupPost()
        builder.save(tmp_path / f"{family}.ttf")
        return str(tmp_path / f"{family}.ttf")

    return make


def drawn(text, place="title"):
    """What stands in a figure after `text` was drawn at a place of it, and the families it was drawn in."""
    figure = Figure(figsize=(2, 1))  # without the course's layout, which draws everything twice
    axis = figure.subplots()
    axis.plot([0, 1], label=text if place == "legend" else "plain")
    found = {
        "title": lambda: axis.set_title(text),
        "bold label": lambda: axis.set_ylabel(text, fontweight="bold"),
        "note": lambda: axis.annotate(text, (0.5, 0.5), (0.2, 0.8), arrowprops={"arrowstyle": "->"}),
        "legend": lambda: axis.legend().get_texts()[0],
        "over all": lambda: figure.suptitle(text),
        "table": lambda: axis.table([[text]])[0, 0].get_text(),
        "tick": lambda: axis.set_xticks([0, 1], [text, "b"]) and None,
        "category": lambda: axis.bar([text, "b"], [1, 2]) and None,
        "written tick": lambda: axis.xaxis.set_major_formatter(FuncFormatter(lambda value, place: text)),
    }[place]()
    plots.small_png(figure)
    found = found or axis.get_xticklabels()[0]
    return found.get_text(), found.get_fontfamily()


PLACES = ["title", "bold label", "note", "legend", "over all", "table", "tick", "category", "written tick"]


@pytest.mark.parametrize("place", PLACES)
def test_without_a_font_a_name_is_spelled_wherever_it_stands(place, capsys):
    assert drawn("고양이 98%", place)[0] == "goyangi 98%"
    assert capsys.readouterr().out.count("No font here has Korean") == 1


@pytest.mark.parametrize("place", PLACES)
def test_a_font_that_is_there_is_used_wherever_it_is_needed(place, make_font, capsys):
    font_manager.fontManager.addfont(make_font("NanumGothic", "고양이"))
    text, families = drawn("고양이 98%", place)
    assert text == "고양이 98%" and families[-1] == "NanumGothic" and len(families) > 1
    assert capsys.readouterr().out == ""


def pixels_of(text):
    figure, (axis,) = plots.new_figure(width=2, height=1)
    axis.axis("off")
    axis.set_title(text)
    return plots.small_png(figure)


def test_the_fonts_own_letters_are_drawn(make_font):
    spelled = pixels_of("ab 고")
    font_manager.fontManager.addfont(make_font("NanumGothic", "고"))
    with_font = pixels_of("ab 고")
    assert len({spelled, with_font, pixels_of("ab"), pixels_of("ab go")}) == 3, (
        "only spelled and ab go are alike"
    )
    assert spelled == pixels_of("ab go")


def test_a_font_that_is_installed_meanwhile_is_found(make_font, monkeypatch, capsys):
    assert drawn("고양이")[0] == "goyangi"
    path = make_font("Some Other Gothic", "고양이")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda *_, **__: [path, "/nowhere/broken.ttf"])
    assert drawn("고양이") == ("고양이", ["sans-serif", "Some Other Gothic"])


def test_fonts_that_complete_each_other_are_used_together(make_font):
    for family, letters in [
        ("Malgun Gothic", "고양이"),
        ("AppleGothic", "고양"),
        ("Useful", "猫ネコ"),
        ("Last Resort Two", "고양이猫ネコ"),
    ]:
        font_manager.fontManager.addfont(make_font(family, letters))
    text, families = drawn("고양이 猫 ネコ")
    assert text == "고양이 猫 ネコ" and families[1:] == ["Malgun Gothic", "Useful"]
    assert drawn("고양이")[1][1:] == ["Malgun Gothic"], "no more than are needed"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("강아지", "gangaji"),
        (unicodedata.normalize("NFD", "강아지"), "gangaji"),  # as a Mac stores file names
        ("ネコ", "neko"),
        ("ねこ", "neko"),
        ("猫", "[U+732B]"),
        ("แมว", "aemawaen"),
        ("🦄!", "[unicorn face]!"),
        ("🇰🇷", "kr"),
        ("ＡＢ㎏", "ABkg"),
        ("\U000f0000", "[U+F0000]"),  # for private use
        ("b\udcffd", "b\ufffdd"),  # a file name that is no text
        ("a\u2066b\u2069", "ab"),  # marks that nobody sees
        ("tab\there\x07\r", "tab here"),
        ("two\nlines", "two\nlines"),
        ("кошка γάτα café ✗ → 10⁻⁶ 😀", "кошка γάτα café ✗ → 10⁻⁶ 😀"),  # DejaVu Sans has these
        (unicodedata.normalize("NFD", "café"), "café"),
        ("고양이 $x^2$", "goyangi $x^2$"),
    ],
)
def test_every_name_can_be_read(name, shown):
    assert drawn(name)[0] == shown


def test_what_to_install_is_said_once_a_script_in_one_line(capsys):
    for name in ("고양이", "강아지", "고양이 ネコ 🦄", "ネコ"):
        drawn(name)
    korean, others = capsys.readouterr().out.splitlines()
    assert "Korean" in korean and "Korean" not in others
    assert "emoji or Japanese" in others and "run this cell again" in korean


def test_letters_that_have_a_plain_twin_need_no_font(capsys):
    drawn("ＡＢ㎏")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("modules", "tool", "remedy"),
    [
        (["google.colab"], "/usr/bin/apt-get", "run `!apt-get -qq install fonts-nanum` in a cell"),
        ([], "/usr/bin/apt-get", "run `sudo apt-get install fonts-nanum` in a terminal"),
        ([], None, "install a font that has it"),
    ],
)
def test_the_remedy_is_that_of_the_system(monkeypatch, capsys, modules, tool, remedy):
    for name in modules:
        monkeypatch.setitem(sys.modules, name, object())
    monkeypatch.setattr(shutil, "which", lambda name: tool)
    drawn("고양이")
    assert remedy in capsys.readouterr().out


def test_a_font_of_the_readers_own_that_lacks_signs_gets_them(make_font):
    font_manager.fontManager.addfont(make_font("Own", "lp0123456789."))
    with plt.rc_context({"font.family": "Own"}):
        figure, (axis,) = plots.new_figure(width=4, height=2)
        axis.plot([-1, 1])
        plots.small_png(figure)
        label = axis.get_yticklabels()[0]
    assert label.get_text().startswith("\N{MINUS SIGN}") and "Own" in label.get_fontfamily()


def test_a_family_that_is_not_there_is_no_obstacle():
    with plt.rc_context({"font.family": "Nowhere Sans"}):
        assert drawn("고양이")[0] == "goyangi"


def test_pyplots_figures_are_served_too(monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: None)
    figure, axis = plt.subplots(figsize=(3, 2))
    axis.set_xlabel("정확도")
    plots.show(figure, alt="Nothing but a label in Korean.")
    assert axis.get_xlabel() == "jeonghwagdo"


def test_the_values_at_the_ticks_stay_where_they_are():
    figure, (axis,) = plots.new_figure(width=4, height=2)
    axis.bar(["고양이", "b", "강아지"], [1, 2, 3])
    axis.set_xlim(-0.5, 1.5)
    plots.small_png(figure)
    assert axis.get_xlim() == (-0.5, 1.5) and list(axis.get_xticks()) == [0, 1, 2]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["goyangi", "b", "gangaji"]
    assert [label.get_text() for label in axis.get_yticklabels()][:2] == ["0", "1"]
