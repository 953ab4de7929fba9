"""Find a full data set: in CNN_DATA_DIR, in Keras' cache, or on the network, in this order.

`helpers.data.datasets.load(..., profile="full")` and `helpers.data.datasets.image_folder` call it.
"""

import os
import tarfile
import tempfile
import zlib
from pathlib import Path

import numpy as np

from helpers.data import download
from helpers.data.readers import KEYS, check_arrays, check_pairing, read_cifar10, read_idx, read_npz, wrong
from helpers.data.specs import SPECS, Remote, Spec
from helpers.errors import DataError
from helpers.paths import ASSETS, keras_cache

CIFAR10_UNPACKED = ("cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py")
FLOWERS_FOLDERS = ("flower_photos", "flowers")  # their names in CNN_DATA_DIR
FLOWERS_UNPACKED = ("flower_photos_extracted/flower_photos", "flower_photos/flower_photos", "flower_photos")
FROM_CACHE = "the full set, from Keras' cache"


def load(name: str) -> tuple[dict[str, np.ndarray], str]:
    """The full data set's arrays, checked, and a few words on where they came from. Raises `DataError`."""
    spec = SPECS[name]
    local = _in_data_dir(f"{name}.npz")
    if local is not None:
        arrays, source, path = read_npz(local, spec), "the full set, from CNN_DATA_DIR", local
        if len(arrays["x_train"]) != spec.sizes[0]:
            source = "a set of another size than the full one, from CNN_DATA_DIR"
    else:
        places, source = _files(name, spec)
        path = places[0]
        arrays = _read(name, places, spec)
    sample = ASSETS / f"{name}_sample.npz"
    if sample.exists():  # recognises another data set under this name, and classes in another order
        shipped = read_npz(sample, spec)
        known = shipped["x_train"], shipped["y_train"]
        check_pairing(known, arrays["x_train"], arrays["y_train"], path, f"the images of {name}")
    known = arrays["x_train"], arrays["y_train"]
    check_pairing(known, arrays["x_test"], arrays["y_test"], path, "the test images")
    return arrays, source


def flowers() -> tuple[Path, str]:
    """The folder with a folder of photographs for each kind of flower, and where it came from."""
    for place in FLOWERS_FOLDERS:
        local = _in_data_dir(place)
        if local is not None:
            return local, "the full set, from CNN_DATA_DIR"
    unpacked = _unpacked("flowers")
    if unpacked is not None:
        return unpacked, FROM_CACHE
    archives, source = _files("flowers", SPECS["flowers"])
    return unpack(archives[0], keras_cache() / FLOWERS_UNPACKED[0]), source


def whereabouts(name: str) -> tuple[str, int]:
    """Where the full set would be taken from, in a few words, and how many bytes would be downloaded first.

    Opens no file and asks no network: a file counts as there if it has its published size. Raises `DataError`
    if CNN_DATA_DIR names no folder.
    """
    spec, cache = SPECS[name], keras_cache()
    if not spec.remotes:
        return "drawn by the course", 0
    if any(map(_in_data_dir, FLOWERS_FOLDERS if name == "flowers" else (f"{name}.npz",))):
        return "CNN_DATA_DIR", 0
    if _unpacked(name) is not None:
        return "Keras' cache", 0
    places = [(remote.size, cache / remote.path) for remote in spec.remotes]
    missing = sum(size for size, place in places if not (place.is_file() and place.stat().st_size == size))
    return ("Keras' cache", 0) if not missing else ("the network", missing)


def unpack(archive: Path, target: Path) -> Path:
    """Unpack the only folder of a .tar.gz so that it appears as `target`, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-") as folder:
        try:
            with tarfile.open(archive, "r:gz") as file:
                file.extractall(folder, filter="data")
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise DataError(wrong(archive, f"damaged data ({error})", "a complete .tar.gz")) from None
        inner = Path(folder) / target.name
        if not inner.is_dir():
            raise DataError(wrong(archive, f"no folder {target.name}", f"a folder {target.name}"))
        if not target.exists():  # another process may have been faster
            inner.replace(target)
    return target


def _in_data_dir(name: str) -> Path | None:
    """The file or folder `name` in CNN_DATA_DIR, if that is set and holds it."""
    folder = os.environ.get("CNN_DATA_DIR", "")
    if not folder:
        return None
    place = Path(folder).expanduser()
    if not place.is_dir():
        raise DataError(
            f"CNN_DATA_DIR names {place}, and there is no such folder. Correct it, or unset it to use Keras' cache "
            "or a download."
        )
    return place / name if (place / name).exists() else None


def _unpacked(name: str) -> Path | None:
    """The folder in Keras' cache into which the archive of a data set was unpacked, if there is one."""
    whole = {  # a folder is whole if this is in it
        "cifar10": (CIFAR10_UNPACKED, lambda folder: (folder / "test_batch").is_file()),
        "flowers": (FLOWERS_UNPACKED, lambda folder: (folder / "daisy").is_dir()),
    }
    places, is_whole = whole.get(name, ((), None))
    return next((keras_cache() / place for place in places if is_whole(keras_cache() / place)), None)


def _files(name: str, spec: Spec) -> tuple[list[Path], str]:
    """The files of a data set from Keras' cache; what is missing there is downloaded into it."""
    cache, unpacked = keras_cache(), _unpacked(name)
    if unpacked is not None:
        return [unpacked], FROM_CACHE
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
        raise DataError(f"{error} {three_ways_out(name)}") from None
    return places, "the full set, downloaded into Keras' cache"


def three_ways_out(name: str) -> str:
    """What a reader without a network can do."""
    file = "a folder flower_photos" if name == "flowers" else f"{name}.npz"
    folder = os.environ.get("CNN_DATA_DIR", "")
    lacks = f" (now {folder}, which lacks it)" if folder else ""
    return (
        f"Three ways out: (1) connect to the network and run the cell again; (2) put {file} into a folder and name "
        f'that folder in CNN_DATA_DIR{lacks}; (3) go on with PROFILE = "quick", which needs neither.'
    )


def _announce(name: str, spec: Spec, missing: list[Remote], cache: Path) -> None:
    for remote in missing:
        if (cache / remote.path).exists():
            print(
                f"{_short(cache / remote.path)} is damaged or half a file: it is downloaded anew", flush=True
            )
    megabytes = sum(remote.size for remote in missing) / 1e6
    print(
        f"downloading {name}, {megabytes:.0f} MB, into {_short(cache)}; licence: {spec.licence}", flush=True
    )
    if spec.note:
        print(spec.note, flush=True)


def _short(path: Path) -> str:
    """The path with ~ for the home folder: outputs are stored, and need not tell whose machine it was."""
    home = Path("~").expanduser()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _read(name: str, places: list[Path], spec: Spec) -> dict[str, np.ndarray]:
    """The arrays from a data set's published files, checked."""
    if name == "cifar10":
        return check_arrays(read_cifar10(places[0]), spec, places[0])
    if name == "fashion_mnist":
        arrays = {key: read_idx(place) for key, place in zip(KEYS, places, strict=True)}
        return check_arrays(arrays, spec, places[0])
    return read_npz(places[0], spec)
