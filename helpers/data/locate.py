"""Find a full data set: in CNN_DATA_DIR, in Keras' cache, or on the network, in this order.

`helpers.data.datasets` calls it. What a data set's files are called, and which function reads them, is in
`helpers.data.specs`.
"""

import os
import re
import tarfile
import tempfile
import unicodedata
import zlib
from collections.abc import Sequence
from pathlib import Path

from helpers import owned, paths
from helpers.data import download, readers
from helpers.data.specs import SPECS, Arrays, Form, Remote, Spec
from helpers.errors import DataError, few
from helpers.notebook.frontend import safe_print
from helpers.paths import ASSETS

FROM_FOLDER, FROM_CACHE = "the full set, from CNN_DATA_DIR", "the full set, from Keras' cache"
# As in "mnist (1).npz" and "mnist - Copy.npz".
COPY_MARK = re.compile(r"\s*(?:\(\d+\)|- copy|\bcopy(?: \d+)?)(?=\.|$)")
SHOWN = 4  # how many files a message names


def load(name: str) -> tuple[Arrays, str]:
    """The full data set's arrays, checked, and a few words on where they came from. Raises `DataError`."""
    spec = SPECS[name]
    files, form = _in_data_dir(spec)
    if form is not None:
        arrays, source = form.read(files, spec), FROM_FOLDER
        if len(arrays["x_train"]) != spec.sizes[0]:
            source = "a set of another size than the full one, from CNN_DATA_DIR"
    else:
        files, source = _files(name, spec)
        arrays = spec.read(files, spec)
    path = files[0]
    sample = ASSETS / f"{name}_sample.npz"
    if sample.exists():  # recognizes another data set under this name, and classes in another order
        shipped = readers.read_npz(sample, spec)
        known = shipped["x_train"], shipped["y_train"]
        train = arrays["x_train"], arrays["y_train"]
        readers.check_pairing(known, *train, path, "train", f"the images of {name}")
    known = arrays["x_train"], arrays["y_train"]
    readers.check_pairing(known, arrays["x_test"], arrays["y_test"], path, "test", "the test images")
    return arrays, source


def folder(name: str) -> tuple[Path, str]:
    """The folder of a data set that consists of image files, a folder for each class, and where it came from."""
    spec = SPECS[name]
    files, form = _in_data_dir(spec)
    source = FROM_FOLDER
    if form is None:
        files, form = _cached(spec)
        source = FROM_CACHE
    if form is None:
        files, source = _files(name, spec)
    if files[0].is_file() and form not in spec.unpacked:
        return unpack(files[0], paths.keras_cache() / spec.unpacked[0].folders[0]), source
    return (files[0].parent if form in spec.unpacked else files[0]), source


def whereabouts(name: str) -> tuple[str, int]:
    """Where the full set would be taken from, in a few words, and how many bytes would be downloaded first.

    Opens no file and asks no network: a file counts as there if it has its published size. Raises `DataError`
    if CNN_DATA_DIR names no folder.
    """
    spec, cache = SPECS[name], paths.keras_cache()
    if spec.draw:
        return spec.made, 0
    if _in_data_dir(spec)[1]:
        return "CNN_DATA_DIR", 0
    if _cached(spec)[1]:
        return "Keras' cache", 0
    places = [(remote.size, cache / remote.path) for remote in spec.remotes]
    missing = sum(size for size, place in places if not (place.is_file() and place.stat().st_size == size))
    return ("Keras' cache", 0) if not missing else ("the network", missing)


def unpack(archive: Path, target: Path) -> Path:
    """Unpack the only folder of a .tar.gz so that it appears as `target`, whole or not at all.

    What is there under the name `target` stays as it is.
    """
    if target.is_dir() and any(target.iterdir()):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-")
    except OSError as error:
        raise DataError(download.disk_trouble(error, target)) from None
    with scratch as place:
        try:
            with tarfile.open(archive, "r:*") as file:
                file.extractall(place, filter="data")
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            if isinstance(error, OSError) and error.errno in owned.DISK_FULL:
                raise DataError(download.disk_trouble(error, target)) from None
            found = f"damaged data ({error})"
            raise DataError(readers.unusable(archive, found, "a complete .tar.gz")) from None
        inner = Path(place) / target.name
        if not inner.is_dir():
            found = f"no folder {target.name}"
            raise DataError(readers.unusable(archive, found, f"a folder {target.name}"))
        try:
            inner.replace(target)  # an empty folder may be there, and on Windows may not be replaced
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise DataError(
                    f"{target} is in the way of the images that are unpacked. Move it away and try again."
                ) from None
    return target


def _in_data_dir(spec: Spec) -> tuple[list[Path], Form | None]:
    """The data set's files in CNN_DATA_DIR and their form; ([], None) if it is not set or has none of them."""
    place = _data_dir()
    return _first(spec.local, place) if place else ([], None)


def _data_dir() -> Path | None:
    named = os.environ.get("CNN_DATA_DIR", "").strip()
    if not named:
        return None
    place = paths.given(named, "CNN_DATA_DIR")
    if not os.path.isdir(place):  # noqa: PTH112 - Path's raises for a name that is too long
        raise DataError(
            f"CNN_DATA_DIR names {place}, and there is no such folder. Correct it, or unset it to use Keras' cache "
            "or a download."
        )
    return place


def _cached(spec: Spec) -> tuple[list[Path], Form | None]:
    """The data set's files in Keras' cache, where its archive was unpacked."""
    return _first(spec.unpacked, paths.keras_cache())


def _first(forms: Sequence[Form], place: Path) -> tuple[list[Path], Form | None]:
    """The files of the first of these forms that is whole in `place`."""
    for form in forms:
        for folder in form.folders:
            there = _entries(_entered(place, folder))
            found = [[there[key] for key in map(_key, names) if key in there] for names in form.files]
            if all(found):
                # Files first: MNIST from Kaggle has beside each of them a folder with nearly the same name.
                return [min(named, key=Path.is_dir) for named in found], form
    return [], None


def _entered(place: Path, folder: str) -> Path:
    """A folder below `place`, whatever the case of its letters."""
    for name in filter(None, folder.split("/")):
        place = _entries(place).get(_key(name), place / name)
    return place


def _entries(place: Path) -> dict[str, Path]:
    """What is in a folder, by `_key`; of two names with the same key, the plainer one. Empty if there is no folder."""
    try:
        found = sorted(place.iterdir(), key=lambda path: (len(path.name), path.name), reverse=True)
    except OSError:
        return {}
    return {_key(path.name): path for path in found}


def _key(name: str) -> str:
    """A file's name without what does not matter: case, "-", "_", blanks, and the mark of a copy."""
    name = COPY_MARK.sub("", unicodedata.normalize("NFC", name).casefold())
    return re.sub(r"[-_ ]", "", name)


def _files(name: str, spec: Spec) -> tuple[list[Path], str]:
    """The files of a data set from Keras' cache; what is missing there is downloaded into it."""
    cache = paths.keras_cache()
    files, form = _cached(spec)
    if form is not None:
        return files, FROM_CACHE
    places = [cache / remote.path for remote in spec.remotes]
    missing = [
        remote
        for remote, place in zip(spec.remotes, places, strict=True)
        if not download.is_whole(place, remote)
    ]
    if not missing:
        return places, FROM_CACHE
    _announce(name, spec, missing, cache)
    try:
        for remote in missing:
            download.fetch(remote, cache / remote.path)
    except DataError as error:
        raise DataError(f"{error} {ways_out(spec)}") from None
    return places, "the full set, downloaded into Keras' cache"


def ways_out(spec: Spec) -> str:
    """What a reader without a network can do."""
    folder = os.environ.get("CNN_DATA_DIR", "").strip()
    lacks = f" (now {folder}, which has none of them)" if folder else ""
    forms = " or ".join(form.words for form in spec.local)
    return (
        f"Three ways out: (1) connect to the network and run the cell again; (2) put {forms} into a folder and name "
        f'that folder in CNN_DATA_DIR{lacks}; (3) go on with PROFILE = "quick", which needs neither.'
        f"{' ' * bool(unread := _unread(spec))}{unread}"
    )


def _unread(spec: Spec) -> str:
    """What CNN_DATA_DIR holds that sounds like this data set but is in no form that can be read, as a sentence."""
    place = _data_dir()
    if place is None:
        return ""
    others = {hint for other in SPECS.values() if other is not spec for hint in other.hints} - set(spec.hints)
    names = []
    for key, path in sorted(_entries(place).items()):
        own = max((len(hint) for hint in spec.hints if _key(hint) in key), default=0)
        if own > max((len(hint) for hint in others if _key(hint) in key), default=0):
            names.append(path.name)
    if not names:
        return ""
    return (
        f"{place} holds {few(names, SHOWN)}, which cannot be read here; what can: "
        f"{'; '.join(form.words for form in spec.local)}."
    )


def _announce(name: str, spec: Spec, missing: list[Remote], cache: Path) -> None:
    if unread := _unread(spec):
        safe_print(unread, flush=True)
    for remote in missing:
        if (cache / remote.path).exists():
            safe_print(
                f"{paths.short(cache / remote.path)} is damaged, half a file or another one: it is downloaded again",
                flush=True,
            )
    megabytes = sum(remote.size for remote in missing) / 1e6
    safe_print(
        f"downloading {name}, {megabytes:.0f} MB, into {paths.short(cache)}; license: {spec.license}",
        flush=True,
    )
    if spec.note:
        safe_print(spec.note, flush=True)
