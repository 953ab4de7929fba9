"""Text in every script: a figure's text gets a font that has its letters, or plain Latin letters in their place.

Matplotlib's own font, DejaVu Sans, has Latin, Greek and Cyrillic letters and many signs, but no Korean, Japanese or
Chinese. `helpers.notebook.plots` calls `prepare` before it draws a figure.
"""

import contextlib
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.table import Cell
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator

from helpers.notebook.frontend import safe_print

# Fonts for Korean, Japanese and Chinese, and for emoji, that systems and their packages bring, best first. Where none
# of these is there, any other font with the letters will do.
PREFERRED = (
    "Noto Sans CJK KR", "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans KR", "Noto Sans JP", "Noto Sans SC",
    "NanumGothic", "NanumBarunGothic", "Malgun Gothic", "Apple SD Gothic Neo", "AppleGothic", "Pretendard", "UnDotum",
    "IPAexGothic", "IPAGothic", "Yu Gothic", "Meiryo", "MS Gothic", "Hiragino Sans", "Microsoft YaHei", "SimHei",
    "PingFang SC", "PingFang HK", "Heiti TC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Arial Unicode MS",
    "Noto Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Symbola",
)  # fmt: skip
# Fonts that claim to have every letter but draw boxes, or that Matplotlib can't draw, since their glyphs are pictures.
USELESS = ("Last Resort", "LastResort", "Color Emoji", "Adobe Blank", "AdobeBlank")
# Debian's and Ubuntu's (so Colab's) package that has them, by script; each is small.
PACKAGES = {
    "Korean": "fonts-nanum", "Japanese": "fonts-ipafont", "Chinese": "fonts-wqy-zenhei", "emoji": "fonts-symbola",
}  # fmt: skip
_KANA = ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA")
_INVISIBLE = ("Cc", "Cf", "Mn", "Me")  # controls, joiners, marks and variation selectors
_said: set[str] = set()  # the scripts of which this process has said what to install


def prepare(figure: Figure) -> None:
    """Make every text of `figure` one that can be drawn: without boxes, and without a warning.

    A text with letters that its font lacks gets a second font that has them, if there is one, also one that was
    installed after the notebook had started. Where there is none, they are spelled in Latin letters (고양이 becomes
    goyangi), and one printed line says, once, what to install.
    """
    with_labels = [axis for axis in figure.findobj(Axis) if any(map(_needs_care, _tick_labels(axis)))]
    for axis in with_labels:  # or drawing would write the same labels once more
        axis.set_major_locator(FixedLocator(axis.get_majorticklocs()))
    texts = figure.findobj(Text) + [cell.get_text() for cell in figure.findobj(Cell)]
    texts = [text for text in texts if text.get_visible() and _needs_care(text.get_text())]
    for text in texts:
        text.set_text(_tidied(text.get_text()))
    _add_fonts(texts)
    unsaid = set()
    for text in texts:
        if missing := _lacking(text):
            text.set_text(spelled(text.get_text(), missing))
            unsaid |= set() if _is_formula(text) else missing
    _say_once(unsaid)
    for axis in with_labels:
        axis.set_major_formatter(FixedFormatter([tick.label1.get_text() for tick in axis.get_major_ticks()]))


def spelled(text: str, missing: Iterable[str]) -> str:
    """`text` with each letter in `missing` in Latin ones: 강아지 is gangaji, ネコ neko, 猫 [U+732B], 🦄 [unicorn face].

    From the letters' names in Unicode, which for Korean and Japanese end in the sound.
    """
    missing = set(missing)
    return "".join(_in_latin(letter) if letter in missing else letter for letter in text)


def _in_latin(letter: str) -> str:
    name, kind = unicodedata.name(letter, ""), unicodedata.category(letter)
    if kind in _INVISIBLE:
        return ""
    if alike := _alike(letter):
        return alike
    if not name or "IDEOGRAPH" in name:
        return f"[U+{ord(letter):04X}]"
    return name.split()[-1].lower() if kind[0] in "LM" or " LETTER " in name else f"[{name.lower()}]"


def _alike(letter: str) -> str:
    """Plain letters that mean the same, or "": A for the wide Ａ of Japanese keyboards, kg for ㎏."""
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()


def _tick_labels(axis: Axis) -> list[str]:
    """The labels at the ticks, also where a formatter writes them only when the figure is drawn."""
    return [label.get_text() for label in axis.get_ticklabels()]


def _needs_care(text: str) -> bool:
    return not (text.isascii() and text.replace("\n", "").isprintable())


def _tidied(text: str) -> str:
    """Composed (a Mac's file names are not), without control characters, and without halves of a character."""
    text = unicodedata.normalize("NFC", text).replace("\t", " ")
    kinds = [(letter, unicodedata.category(letter)) for letter in text]
    return "".join(
        "\ufffd" if kind == "Cs" else letter for letter, kind in kinds if kind != "Cc" or letter == "\n"
    )


def _lacking(text: Text) -> set[str]:
    """The characters of a text that none of its fonts has."""
    characters = set(text.get_text()) - {"\n"}
    for path in _paths(text):
        characters -= _letters(path)
    return characters


def _paths(text: Text) -> list[str]:
    """The files of a text's fonts, one for each family that is there."""
    paths = []
    if _is_formula(text):  # Matplotlib draws it in fonts of its own, whatever the text's are
        return [font_manager.findfont(font_manager.FontProperties(family=["DejaVu Sans"]))]
    for family in text.get_fontfamily():
        font = text.get_fontproperties().copy()
        font.set_family(family)
        with contextlib.suppress(ValueError):  # there is no such family
            paths.append(font_manager.findfont(font, fallback_to_default=False))
    return paths or [font_manager.findfont(font_manager.FontProperties())]


def _is_formula(text: Text) -> bool:
    return text.get_parse_math() and is_math_text(text.get_text())


@lru_cache(maxsize=1024)
def _letters(path: str) -> frozenset[str]:
    """All characters of the font in a file; none where the file can't be read."""
    try:
        return frozenset(map(chr, font_manager.get_font(path).get_charmap()))
    except (OSError, RuntimeError, ValueError):
        return frozenset()


def _add_fonts(texts: Sequence[Text]) -> None:
    """Give each text that lacks letters the further fonts that have most of them."""
    wanted = {
        letter
        for text in texts
        for letter in _lacking(text)
        if unicodedata.category(letter) not in _INVISIBLE
    }
    families = _families_with(wanted, PREFERRED) if wanted else []
    if wanted and not wanted <= _of_families(families):
        _notice_new_fonts()
        known = {entry.name for entry in font_manager.fontManager.ttflist}
        others = sorted(name for name in known - set(PREFERRED) if not any(part in name for part in USELESS))
        families = _families_with(wanted, [*PREFERRED, *others])
    for text in texts:
        if families and _lacking(text):
            text.set_fontfamily([*text.get_fontfamily(), *families])


def _families_with(wanted: set[str], names: Iterable[str]) -> list[str]:
    """Of these families those that together have as many of the letters as can be had, the best first."""
    found, chosen, left = _files_of(names), [], set(wanted)
    while found and (best := max(found, key=lambda name: len(left & _letters(found[name])))):
        gained = left & _letters(found.pop(best))
        if not gained:
            break
        chosen.append(best)
        left -= gained
    return chosen


def _of_families(names: Iterable[str]) -> set[str]:
    return set().union(*map(_letters, _files_of(names).values()))


def _files_of(names: Iterable[str]) -> dict[str, str]:
    """Family → one of its files, for the families that are there, in the order given."""
    files = {entry.name: entry.fname for entry in reversed(font_manager.fontManager.ttflist)}
    return {name: files[name] for name in names if name in files}


def _notice_new_fonts() -> None:
    """Fonts that were installed after Matplotlib had made its list, which it never looks through again."""
    folders = [*font_manager.X11FontDirectories, *font_manager.OSXFontDirectories]
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts(None if sys.platform == "win32" else folders):
        if path not in known:
            with contextlib.suppress(Exception):  # whatever is wrong with one font, others may be good
                font_manager.fontManager.addfont(path)


def _say_once(missing: Iterable[str]) -> None:
    scripts = sorted({_script(letter) for letter in missing} - _said - {""}, key=str.lower)
    if not scripts:
        return
    _said.update(scripts)
    packages = " ".join(dict.fromkeys(PACKAGES.get(script, "fonts-noto-core") for script in scripts))
    if "google.colab" in sys.modules:
        remedy = f"run `!apt-get -qq install {packages}` in a cell of its own"
    elif shutil.which("apt-get"):
        remedy = f"run `sudo apt-get install {packages}` in a terminal"
    else:
        remedy = "install a font that has it, one of Google's Noto fonts for example"
    safe_print(
        f"No font here has {' or '.join(scripts)}, so figures spell it in Latin letters. To see it, {remedy}, then run "
        "this cell again."
    )


def _script(letter: str) -> str:
    """What a reader calls the letter's script; "" where no font is to blame."""
    name, kind = unicodedata.name(letter, ""), unicodedata.category(letter)
    if not name or kind in _INVISIBLE or _alike(letter):
        return ""
    if name.startswith("HANGUL"):
        return "Korean"
    if name.startswith(_KANA):
        return "Japanese"
    if "CJK" in name or "IDEOGRAPH" in name:
        return "Chinese"
    return "emoji" if kind in ("So", "Sk") else name.split()[0].capitalize()
