"""What was handed in: which files there are, whose they are, which notebook of the course each is, and its answers.

Nothing is taken for granted. Colab and other editors change names, ids and metadata, and learners copy, move, edit and
delete cells. So an answer is known by the check it calls, then by its cell's id, then by the names it makes.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.exercises.needed import names_in, needed, statements
from tools.grading.assignments import CHECK, Assignment, Item
from tools.notebooks.files import NotebookError, code_cells

LARGEST = 50_000_000  # bytes of a notebook that is read
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_")
_CANVAS = re.compile(r"(?P<name>.+?)_(?:LATE_)?(?P<number>\d+)_\d+_")
_CANVAS_ANONYMOUS = re.compile(r"(?:LATE_)?(?P<name>anon_[0-9A-Za-z]+)_\d+_")
_COPY = re.compile(r"\(\d+\)|-Copy\d*|\bCopy of\b|\bcopy\b|의 사본|사본", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(\d\d[a-z]?)(?=[_ .-]|$)")


@dataclass(frozen=True, order=True)
class Learner:
    """Whose a file is, as far as its name and its folders tell."""

    name: str
    number: str = ""  # Canvas' number of the learner, or Moodle's of the participant
    platform: str = ""  # "Canvas" or "Moodle" where one of them has named the file


@dataclass(frozen=True)
class Cell:
    """A cell of code that was handed in."""

    ids: frozenset[str]
    source: str


@dataclass(frozen=True)
class Step:
    """A piece of code to run: an answer, if it has a `key`, else something that an answer needs."""

    code: str
    key: str = ""
    check: str = ""  # the course's call of the check, for an answer that has lost its own


def found(folder: Path) -> list[Path]:
    """Every notebook in a folder and the folders in it; without links, and without what systems and editors hide."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() == ".ipynb"
        and path.is_file()
        and not path.is_symlink()
        and not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
    ]


def learner(path: Path, known: Collection[str]) -> Learner:
    """Whose file this is; `path` is relative to the folder of submissions, `known` are the names of the notebooks.

    Moodle and Canvas write name and number into what they give to download. Elsewhere it is the first folder, or the
    file's name, that says more than which notebook it is.
    """
    path = Path(unicodedata.normalize("NFC", path.as_posix()))  # a Mac takes Korean syllables apart
    for part in path.parts:
        if match := _CANVAS_ANONYMOUS.match(part):
            return Learner(match["name"], platform="Canvas")
        for platform, pattern in (("Moodle", _MOODLE), ("Canvas", _CANVAS)):
            if (match := pattern.match(part)) and _without(match["name"], known):
                return Learner(_harmless(match["name"]), match["number"], platform)
    names = [_without(part, known) for part in (*path.parts[:-1], path.stem)]
    return Learner(_harmless(next(filter(None, names), path.stem)))


def _without(name: str, known: Collection[str]) -> str:
    """A name without the notebook's, or its number, and without what marks a copy; "" if nothing is left."""
    for one in sorted(known, key=len, reverse=True):
        name = re.sub(re.escape(one), "", name, flags=re.IGNORECASE)
    numbers = {one.partition("_")[0] for one in known}
    name = _NUMBER.sub(lambda found: "" if found[1] in numbers else found[0], name)
    return _COPY.sub("", name).strip(" _-.")


def _harmless(name: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return name.strip().lstrip("=+-@\t\r") or "?"


def cells(path: Path) -> list[Cell]:
    """The cells of code in a notebook, whatever program wrote it. Raises NotebookError that says what is wrong."""
    try:
        if path.stat().st_size > LARGEST:
            raise NotebookError(f"it has more than {LARGEST // 1_000_000} MB")
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise NotebookError(f"it cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError):
        raise NotebookError("it is not a notebook, or it is damaged") from None
    if isinstance(content, dict) and "worksheets" in content:
        raise NotebookError("it has an old notebook format: open it in JupyterLab and save it")
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise NotebookError("it is not a notebook")
    return list(_code(content["cells"]))


def _code(listed: list) -> Iterator[Cell]:
    for cell in listed:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if not isinstance(source, str):
            continue
        metadata = cell.get("metadata")
        more = metadata.get("id") if isinstance(metadata, dict) else None  # where Colab keeps it
        ids = frozenset(one for one in (cell.get("id"), more) if isinstance(one, str))
        yield Cell(ids, source.replace("\r\n", "\n"))


def which(handed_in: list[Cell], name: str, known: Mapping[str, Assignment]) -> Assignment:
    """The notebook of the course that this is, by the checks it calls, else by the file's name.

    `known` are the assignments by the names of their modules. Raises NotebookError if it is none of them.
    """
    calls = Counter(
        module for cell in handed_in for module, _ in CHECK.findall(cell.source) if module in known
    )
    if calls:
        return known[calls.most_common(1)[0][0]]
    for number in _NUMBER.findall(unicodedata.normalize("NFC", name)):
        if f"nb{number}" in known:
            return known[f"nb{number}"]
    raise NotebookError("no exercise of the course is in it")


def answers(one: Assignment, handed_in: list[Cell]) -> dict[str, str]:
    """The cell with the answer to each item, by its key; an item whose cell is gone is missing.

    Of several cells for one item, the last that was changed counts.
    """
    picked = {}
    for item in one.items:
        cells = [cell.source for cell in handed_in if (item.module, item.name) in CHECK.findall(cell.source)]
        cells = cells or [cell.source for cell in handed_in if item.cell_id in cell.ids]
        cells = cells or [cell.source for cell in handed_in if _makes(cell.source, item)]
        if cells:
            changed = [source for source in cells if source.strip() != item.source.strip()]
            picked[item.key] = (changed or cells)[-1]
    return picked


def _makes(source: str, item: Item) -> bool:
    """Whether a cell makes what the check is given."""
    names = names_in(source)
    return not item.is_quiz and bool(set(item.answers) & (names.defined | names.assigned))


def steps(one: Assignment, handed_in: list[Cell], picked: Mapping[str, str]) -> list[Step]:
    """What to run for these answers: the answers in the course's order, and whatever they need, before them.

    The lesson's code is the course's own, whatever the learner made of it. Of the learner's other cells those count
    that make what the lesson does not.
    """
    items = {item.cell_id: item for item in one.items}
    lesson = [(cell.id, cell.source) for cell in code_cells(one.notebook)]
    taken = {source.strip() for _, source in lesson} | {source.strip() for source in picked.values()}
    made = frozenset().union(*(_made(source) for number, source in lesson if number not in items))
    own = [
        Step(code)
        for cell in handed_in
        if cell.source.strip() not in taken and not CHECK.search(cell.source)
        for code in statements(cell.source)
        if not made & _made(code)
    ]
    every = []
    for number, source in lesson:
        if number not in items:
            every += [Step(code) for code in statements(source)]
        elif (item := items[number]).key in picked:
            every.append(Step(picked[item.key], item.key, f"{item.key}.check({', '.join(item.answers)})"))
    first = next((number for number, step in enumerate(every) if step.key), len(every))
    every[first:first] = own
    wanted = [number for number, step in enumerate(every) if step.key]
    run = needed([f"{step.code}\n{step.check}" for step in every], wanted)
    return [step for number, step in enumerate(every) if number in run]


def _made(code: str) -> frozenset[str]:
    names = names_in(code)
    return names.defined | names.assigned
