"""The Colab editions of all notebooks on the site, with what they share stored once.

An edition is one file with the course's helpers and data inside, and the same data are in many: as files they would be
more than half of the site. Here each is a list of parts, and site/static/colab-download.js joins them when a reader
presses the button, into the file that `make colab` wrote, byte for byte. Parts are scripts, because a page opened from
a disk may load scripts and nothing else.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from tools.colab.build import LINE

SMALLEST = 2000  # characters: a shorter part is not worth a place of its own
# A line of base64 as JSON has it in a notebook. The last line of each packed file is shorter than LINE.
_PACKED = re.compile(r'^ +"([A-Za-z0-9+/=]+)\\n",$')


def write(colab: Path, names: list[str], folder: Path) -> list[str]:
    """Write the editions of the notebooks `names` that are in `colab` into the folder; return which there were."""
    editions = {
        name: (colab / f"{name}.ipynb").read_bytes().decode("utf-8")
        for name in names
        if (colab / f"{name}.ipynb").is_file()
    }
    for file, text in scripts(editions).items():
        folder.mkdir(exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
    return list(editions)


def scripts(editions: Mapping[str, str]) -> dict[str, str]:
    """The scripts, by file name: one for each edition, NAME.js, and those with what several editions share."""
    pieces = {name: list(parts(text)) for name, text in editions.items()}
    found_in: dict[str, set[str]] = defaultdict(set)
    for name, mine in pieces.items():
        for part in mine:
            if len(part) >= SMALLEST:
                found_in[part].add(name)
    shared = {part: _key(part) for part, names in found_in.items() if len(names) > 1}
    # Which editions → the parts that just they share.
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for part in shared:
        together[tuple(sorted(found_in[part]))].append(part)
    files = {names: f"parts-{_key(','.join(names))}.js" for names in together}
    made = {}
    for names, mine in together.items():
        made[files[names]] = f"courseParts({_json({shared[part]: part for part in mine})});\n"
    for name, mine in pieces.items():
        needed = [file for names, file in files.items() if name in names]
        listed = [
            {"part": key} if is_shared else "".join(group)
            for (is_shared, key), group in groupby(mine, lambda part: (part in shared, shared.get(part, "")))
        ]
        edition = {"needs": needed, "parts": listed, "length": len(editions[name].encode("utf-16-le")) // 2}
        made[f"{name}.js"] = f"courseEdition({_json(name)}, {_json(edition)});\n"
    return made


def parts(text: str) -> Iterator[str]:
    """An edition's text cut where a packed file begins or ends; put together, the parts are the text."""
    part: list[str] = []
    inside = False  # a packed file
    for line in text.splitlines(keepends=True):
        packed = _PACKED.match(line.rstrip("\n"))
        if part and bool(packed) != inside:
            yield "".join(part)
            part = []
        inside = bool(packed)
        part.append(line)
        if packed and len(packed[1]) < LINE:
            yield "".join(part)
            part = []
    if part:
        yield "".join(part)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
