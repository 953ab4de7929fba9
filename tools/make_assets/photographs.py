"""Build helpers/assets/photographs and helpers/assets/gallery from two Debian packages of openly licensed pictures.

Run by developers, once; the result is committed. As root, on Debian 12:

    apt-get install --no-install-recommends gcompris-qt-data=3.1-2 tuxpaint-stamps-default=2022.06.04-1
    python -m tools.make_assets.photographs

Three tables beside this file say which pictures, and which square of each: photographs.csv (five classes,
for training and for testing), cutouts.csv (objects with transparency) and backgrounds.csv (scenes to put them on).

GCompris keeps a README beside its pictures, inside its resource files, that names author, license and source of
each. Credits are read from there: Debian's copyright file still describes earlier pictures of the same names.
That package's changelog names the authors of Tux Paint's stamps; they were copied into cutouts.csv.

With the same Pillow, a second run writes the same bytes.
"""

import argparse
import csv
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.paths import ASSETS

HERE = Path(__file__).resolve().parent
GCOMPRIS = Path("/usr/share/gcompris-qt/rcc")
STAMPS = Path("/usr/share/tuxpaint/stamps")

SIZE = 224  # what EfficientNet-Lite0 expects
LONGEST = 192  # a cut-out on a picture of 224 pixels; smaller ones stay as they are
QUALITY = 91  # 94 photographs in 1.9 MB

FREE = {"Public Domain": "public domain", "CC0-1.0": "CC0 1.0"}  # a README's word, the word in the credits
SQUARED = f"cropped to a square and scaled to {SIZE}×{SIZE}"
TRIMMED = f"trimmed, scaled to at most {LONGEST} pixels"
PHOTO_FIELDS = (
    "file", "class", "part", "original", "title_or_subject", "author", "licence", "source_url", "changes",
)  # fmt: skip
GALLERY_FIELDS = (
    "file", "class", "original", "title_or_subject", "author", "licence", "source_url", "changes",
)  # fmt: skip


def read_resource(data: bytes) -> dict[str, bytes]:
    """The files inside a Qt resource file (.rcc), uncompressed: path → bytes.

    An .rcc file has a header (the word "qres", the format's version and where three parts begin, as big-endian
    32-bit numbers), a tree of nodes, their names (length, hash, UTF-16) and the files' bytes (length first).
    Raises ValueError for other data, and for files that are compressed with Zstandard.
    """
    if data[:4] != b"qres":
        raise ValueError("this is not a Qt resource file: it does not begin with 'qres'.")
    version, tree, contents, names = struct.unpack_from(">4I", data, 4)
    node_size = 14 if version == 1 else 22  # since version 2, nodes end with a time
    files = {}
    waiting = [(0, "")]
    while waiting:
        index, folder = waiting.pop()
        node = tree + index * node_size
        name, flags = struct.unpack_from(">IH", data, node)
        path = folder + read_name(data, names + name) if index else ""  # the root has no name
        if flags & 2:  # a folder: how many children, and the first one's index
            count, first = struct.unpack_from(">2I", data, node + 6)
            waiting += [(child, path + "/" if path else "") for child in range(first, first + count)]
        else:  # a file: territory and language come before its place
            (place,) = struct.unpack_from(">I", data, node + 10)
            files[path] = read_content(data, contents + place, flags)
    return files


def read_name(data: bytes, at: int) -> str:
    """A node's name; `at` is where it begins."""
    (length,) = struct.unpack_from(">H", data, at)
    return data[at + 6 : at + 6 + 2 * length].decode("utf-16-be")


def read_content(data: bytes, at: int, flags: int) -> bytes:
    """A file's bytes, uncompressed; `at` is where its length stands. Raises ValueError for Zstandard."""
    if flags & 4:
        raise ValueError("a file is compressed with Zstandard, which this reader does not know.")
    (length,) = struct.unpack_from(">I", data, at)
    content = data[at + 4 : at + 4 + length]
    return zlib.decompress(content[4:]) if flags & 1 else content  # zlib's stream follows the full size


def read_credits(text: str) -> dict[str, dict[str, str]]:
    """File name → Copyright, License and Source, from one of GCompris' READMEs.

    A README has a paragraph for each picture, of lines "Key: value", and the names under "Files:".
    """
    found = {}
    for paragraph in text.split("\n\n"):
        entry, names = {}, []
        for line in paragraph.strip().splitlines():
            key, colon, value = line.partition(":")
            if colon and key in ("Copyright", "License", "Source", "Files", "Comment", "Comments"):
                entry[key] = value.strip()
            elif "Files" in entry:
                names.append(line.strip())
        names += [entry.pop("Files")] if entry.get("Files") else []
        found |= dict.fromkeys(names, entry)
    return found


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of a table beside this file."""
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Activities:
    """The pictures of GCompris' activities, with their credits; a resource file is read when first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read: dict[str, dict[str, bytes]] = {}

    def picture(self, activity: str, name: str) -> tuple[Image.Image, dict[str, str]]:
        """An RGB picture and the columns of its credit. Raises ValueError where its license is not known free."""
        root = f"gcompris/src/activities/{activity}/resource/"
        if activity not in self.read:
            self.read[activity] = read_resource((self.folder / f"{activity}.rcc").read_bytes())
        files = self.read[activity]
        path = root + name
        readme = next(parent for parent in map(str, Path(path).parents) if f"{parent}/README" in files)
        credits = read_credits(files[f"{readme}/README"].decode("utf-8")).get(path[len(readme) + 1 :], {})
        if credits.get("License") not in FREE:
            raise ValueError(f"{path} has no line with a free license in {readme}/README.")
        image = Image.open(io.BytesIO(files[path])).convert("RGB")
        return image, {
            "original": f"gcompris-qt-data: {activity}.rcc: {path}",
            "author": credits["Copyright"],
            "licence": FREE[credits["License"]],
            "source_url": credits["Source"],
            "changes": SQUARED,
        }


def square(image: Image.Image, row: dict[str, str]) -> Image.Image:
    """The square of a table's row (left, top, side; empty: the largest, in the middle), at SIZE×SIZE pixels."""
    if row["side"]:
        left, top, side = (int(row[key]) for key in ("left", "top", "side"))
    else:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    if box[2] > image.width or box[3] > image.height:
        raise ValueError(f"{row['picture']} has {image.width}×{image.height} pixels: the square leaves it.")
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS, box)


def cut_out(path: Path) -> Image.Image:
    """A stamp without its empty border, its longest side at most LONGEST pixels, as RGBA."""
    image = Image.open(path).convert("RGBA")
    image = image.crop(image.getchannel("A").point(lambda alpha: 255 * (alpha > 12)).getbbox())
    scale = min(1, LONGEST / max(image.size))
    size = [max(1, round(side * scale)) for side in image.size]
    # Premultiplied, so that scaling mixes no color of a transparent pixel in.
    pixels = np.array(image.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return Image.fromarray(pixels)


def save_jpeg(image: Image.Image, path: Path) -> None:
    """Write a JPEG without metadata."""
    image.save(path, "JPEG", quality=QUALITY, optimize=True)


def fresh(folder: Path) -> Path:
    """The folder, without the pictures of an earlier run, which its credits.csv names.

    Raises SystemExit for a folder that holds anything else: it is somebody's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "credits.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines()) if table.is_file() else []
    ours = {row.get("file") for row in rows} | {table.name}
    if foreign := sorted({path.name for path in folder.iterdir()} - ours):
        raise SystemExit(
            f"{folder} holds {foreign[0]}, which this program did not write: choose another --out."
        )
    for path in folder.iterdir():
        path.unlink()
    return folder


def numbered(name: str, counts: dict[str, int]) -> str:
    """The next file stem of a class: windmill_01, windmill_02, …"""
    counts[name] = counts.get(name, 0) + 1
    return f"{name}_{counts[name]:02d}"


def write_credits(folder: Path, fields: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    """Write credits.csv and print what the folder weighs."""
    with (folder / "credits.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder.name}: {len(rows)} pictures, {size:,} bytes")


def build_photographs(activities: Activities, folder: Path) -> None:
    """Write the photographs of the five classes and their credits."""
    rows, counts = [], {}
    for row in read_table("photographs.csv"):
        image, credit = activities.picture(row["activity"], row["picture"])
        name = numbered(row["class"], counts) + ".jpg"
        save_jpeg(square(image, row), folder / name)
        about = {"file": name, "class": row["class"], "part": row["part"]}
        rows.append(about | {"title_or_subject": row["subject"]} | credit)
    write_credits(folder, PHOTO_FIELDS, rows)


def build_gallery(activities: Activities, stamps: Path, folder: Path) -> None:
    """Write the cut-outs, the backgrounds and their credits."""
    rows, counts = [], {}
    for row in read_table("cutouts.csv"):
        name = numbered(row["class"], counts) + ".png"
        cut_out(stamps / row["stamp"]).save(folder / name, "PNG", optimize=True)
        original = f"tuxpaint-stamps-default: {row['stamp']}"
        about = {"file": name, "class": row["class"], "original": original, "title_or_subject": row["title"]}
        rows.append(
            about | {key: row[key] for key in ("author", "licence", "source_url")} | {"changes": TRIMMED}
        )
    for row in read_table("backgrounds.csv"):
        image, credit = activities.picture(row["activity"], row["picture"])
        name = numbered("background", counts) + ".jpg"
        save_jpeg(square(image, row), folder / name)
        rows.append({"file": name, "class": "background", "title_or_subject": row["subject"]} | credit)
    write_credits(folder, GALLERY_FIELDS, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gcompris", type=Path, default=GCOMPRIS, help="the folder of GCompris' .rcc files")
    parser.add_argument("--stamps", type=Path, default=STAMPS, help="the folder of Tux Paint's stamps")
    parser.add_argument("--out", type=Path, default=ASSETS, help="where the two folders are written")
    chosen = parser.parse_args()
    for folder in (chosen.gcompris, chosen.stamps):
        if not folder.is_dir():
            parser.error(
                f"there is no folder {folder}: install the two packages, or give --gcompris and --stamps."
            )
    activities = Activities(chosen.gcompris)
    build_photographs(activities, fresh(chosen.out / "photographs"))
    build_gallery(activities, chosen.stamps, fresh(chosen.out / "gallery"))


if __name__ == "__main__":
    main()
