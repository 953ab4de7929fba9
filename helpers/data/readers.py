"""Open the files of a data set (.npz, IDX, CIFAR-10's batches), and refuse what is broken with a clear message.

`helpers.data.specs` says which of these functions reads which file. Nothing here runs code that a file contains.
"""

import gzip
import io
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.errors import DataError

if TYPE_CHECKING:
    from helpers.data.specs import Spec

DARKEST = 100  # no data set of this course is as dark as this in all its images
KEYS = ("x_train", "y_train", "x_test", "y_test")
WAYS_OUT = "Replace the file with a complete copy, or move it away to download the data."

# Changed images must be recognized so much more often, and as often as this, before we say that they are wrong.
CLEARLY, WELL = 0.1, 0.5
# What people's gray images are instead of upright, bright on dark: what that is called, and how to set it right.
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "transposed, rows for columns, as in the files of EMNIST: images.transpose(0, 2, 1)": lambda x: (
        x.swapaxes(1, 2)
    ),
    "inverted, dark on bright: 255 - images": lambda x: 255 - x,
    "transposed and inverted: 255 - images.transpose(0, 2, 1)": lambda x: 255 - x.swapaxes(1, 2),
    "mirrored: images[:, :, ::-1]": lambda x: x[:, :, ::-1],
    "upside down: images[:, ::-1]": lambda x: x[:, ::-1],
    "turned by 180 degrees: images[:, ::-1, ::-1]": lambda x: x[:, ::-1, ::-1],
    "turned by 90 degrees: np.rot90(images, 1, axes=(1, 2))": lambda x: np.rot90(x, 1, axes=(1, 2)),
    "turned by 90 degrees: np.rot90(images, -1, axes=(1, 2))": lambda x: np.rot90(x, -1, axes=(1, 2)),
}


def read_npz(path: Path, spec: "Spec") -> dict[str, np.ndarray]:
    """Read and check an .npz file; labels come back as a flat int64 array.

    Raises `DataError` naming the file, what was found, what was expected and what to do.
    """
    if not path.exists():
        raise DataError(f"there is no file {path}. Put it there, or unset CNN_DATA_DIR to download the data.")
    if not zipfile.is_zipfile(path):
        raise DataError(unusable(path, "no archive, or half of one", "a complete .npz archive"))
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive.files]
            if missing:
                found = ", ".join(archive.files) or "nothing"
                raise DataError(unusable(path, f"the keys {found}", f"the keys {', '.join(KEYS)}"))
            arrays = {key: archive[key] for key in KEYS}
        for key, array in arrays.items():
            if not isinstance(array, np.ndarray):  # np.load gives the bytes of anything else
                raise ValueError(f"{key} is a file of another kind")
    except DataError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        # the last two: an unknown way of compressing, and a password
        raise DataError(unusable(path, f"damaged data ({error})", "a complete .npz archive")) from None
    except MemoryError:
        raise DataError(unusable(path, "more than fits into memory", "a complete .npz archive")) from None
    except ValueError as error:  # np.load says so when it meets pickled objects
        found = f"something other than plain arrays ({error})"
        raise DataError(unusable(path, found, "plain uint8 arrays")) from None
    return check_arrays(arrays, spec, path)


def read_idx(path: Path) -> np.ndarray:
    """An array of uint8 from an IDX file, gzipped or not: the format in which MNIST and its followers are published.

    Its first bytes are 0, 0, 8 (for uint8), the number of dimensions, then each dimension in 4 bytes.
    """
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(unusable(path, f"damaged data ({error})", "a complete IDX file")) from None
    rank = data[3] if len(data) > 3 else 0
    shape = np.frombuffer(data[4 : 4 + 4 * rank], ">u4") if len(data) >= 4 + 4 * rank else np.zeros(0)
    if data[:3] != b"\0\0\x08" or len(shape) == 0 or len(data) != 4 + 4 * rank + int(np.prod(shape)):
        found = f"{len(data):,} bytes of something else"
        raise DataError(unusable(path, found, "uint8 data in the IDX format"))
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape.astype(int))


def read_four_idx(files: Sequence[Path], spec: "Spec") -> dict[str, np.ndarray]:
    """Read and check a data set in four IDX files: training images, their labels, test images, their labels."""
    arrays = {key: read_idx(path) for key, path in zip(KEYS, files, strict=True)}
    return check_arrays(arrays, spec, files[0])


def read_batches(files: Sequence[Path], spec: "Spec") -> dict[str, np.ndarray]:
    """Read and check CIFAR-10 from its archive, or from the folder in which the given batches are."""
    place = files[0] if len(files) == 1 else files[0].parent
    return check_arrays(read_cifar10(place), spec, place)


def read_cifar10(path: Path) -> dict[str, np.ndarray]:
    """CIFAR-10's arrays from its published archive, or from the folder that was unpacked from it.

    The archive is read without unpacking it. Images (N, 32, 32, 3) uint8, labels (N,).
    """
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    batches = {}
    try:
        if path.is_dir():
            batches = {name: _cifar_batch((path / name).read_bytes()) for name in names}
        else:
            with tarfile.open(path, "r|*") as archive:
                for member in archive:
                    name = Path(member.name).name
                    if name in names and member.isfile():
                        batches[name] = _cifar_batch(archive.extractfile(member).read())
        missing = [name for name in names if name not in batches]
        if missing:
            raise DataError(unusable(path, f"no {', '.join(missing)}", "CIFAR-10's six batches"))
    except DataError:
        raise
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DataError(unusable(path, f"damaged data ({error})", "CIFAR-10's six batches")) from None
    except Exception as error:  # a pickle can go wrong in any way
        raise DataError(
            unusable(path, f"a batch of another kind ({error})", "CIFAR-10's six batches")
        ) from None
    train = [batches.pop(name) for name in names[:5]]
    test = batches.pop("test_batch")
    return {
        "x_train": np.concatenate([images for images, _ in train]),
        "y_train": np.concatenate([labels for _, labels in train]),
        "x_test": test[0],
        "y_test": test[1],
    }


class _PlainUnpickler(pickle.Unpickler):
    """Reads the arrays, numbers and texts of a pickle, and refuses every other class or function.

    CIFAR-10 is published as pickles, and an ordinary `pickle.load` runs whatever a file asks for.
    """

    ALLOWED = {"_reconstruct", "ndarray", "dtype", "encode", "_frombuffer"}

    def find_class(self, module: str, name: str):
        if name in self.ALLOWED and module.split(".")[0] in ("numpy", "_codecs"):
            # written by an old NumPy as numpy.core, which is numpy._core today
            found = module.replace("numpy.core.", "numpy._core.") if np.__version__[0] != "1" else module
            return super().find_class(found, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, and data needs no such thing")


def _cifar_batch(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    batch = _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
    images = np.asarray(batch[b"data"], dtype=np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.asarray(batch[b"labels"], dtype=np.int64)


def check_arrays(arrays: dict[str, np.ndarray], spec: "Spec", path: Path) -> dict[str, np.ndarray]:
    """Refuse arrays whose dtype, shape, number, labels or pairing of image and label cannot be the data set's."""
    checked = {}
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.dtype != np.uint8:
            nan = " with NaN in it" if images.dtype.kind == "f" and np.isnan(images).any() else ""
            raise DataError(
                unusable(path, f"x_{part} of type {images.dtype}{nan}", "type uint8, values 0 to 255")
            )
        if images.ndim == len(spec.image_shape) + 2 and images.shape[-1] == 1 and len(spec.image_shape) == 2:
            images = images[..., 0]
        if images.shape[1:] != spec.image_shape or len(images) == 0:
            expected = f"shape (images, {', '.join(map(str, spec.image_shape))})"
            raise DataError(
                unusable(path, f"x_{part} of shape {images.shape}{_guess(images, spec)}", expected)
            )
        if not np.issubdtype(labels.dtype, np.integer):
            raise DataError(unusable(path, f"y_{part} of type {labels.dtype}", "whole numbers"))
        if labels.shape not in ((len(images),), (len(images), 1)):
            expected = f"one label for each of the {len(images):,} images"
            raise DataError(unusable(path, f"y_{part} of shape {labels.shape}", expected))
        labels = labels.reshape(-1).astype(np.int64)
        classes = len(spec.class_names)
        if labels.min() < 0 or labels.max() >= classes:
            found = f"labels from {labels.min()} to {labels.max()} in y_{part}"
            raise DataError(unusable(path, found, f"labels from 0 to {classes - 1}"))
        if len(np.unique(labels)) < classes:
            found = f"only {len(np.unique(labels))} different labels in y_{part}"
            raise DataError(unusable(path, found, f"all {classes} classes"))
        if len(images) >= 100 and (images == images[0]).all():
            raise DataError(
                unusable(path, f"the same image {len(images):,} times in x_{part}", "different images")
            )
        if (largest := images.max()) <= DARKEST:
            # Every data set of this course reaches 255: these were divided by something, or cut to two values.
            raise DataError(
                unusable(
                    path,
                    f"pixels from {images.min()} to {largest} in x_{part}",
                    "values from 0 to 255",
                    f"Multiply them by {255 // max(int(largest), 1)} and save them again as uint8.",
                )
            )
        checked |= {f"x_{part}": images, f"y_{part}": labels}
    return checked


def check_pairing(
    known: tuple[np.ndarray, np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    path: Path,
    part: str,
    what: str,
) -> None:
    """Refuse labels that do not belong to the images: in another order, or of another data set.

    The mean image of each class in `known` (images, labels) is the crudest classifier there is; on honest
    data it is still right far more often than chance (27 % on CIFAR-10, 68 % on Fashion-MNIST, 82 % on
    MNIST). Where it is right much more often on the images turned or inverted, it is they that are wrong, and not
    the labels. Nothing is concluded from fewer than 1,000 images. `part` is "train" or "test", `what` says which
    images the labels should fit.
    """
    if len(images) < 1000 or len(known[0]) < 1000:
        return
    images, labels = images[:2000], labels[:2000]
    means = _class_means(*known)
    accuracy = _accuracy(means, images, labels)
    if images.ndim == 3:
        better = {words: _accuracy(means, change(images), labels) for words, change in CHANGES.items()}
        words = max(better, key=better.get)
        if better[words] > max(accuracy + CLEARLY, WELL):
            found, advice = words.split(": ")
            raise DataError(
                unusable(
                    path,
                    f"images in x_{part} that are {found}",
                    "upright ones, bright on dark",
                    f"Save {advice}.",
                )
            )
    chance = 1 / len(means[1])
    if accuracy < 1.6 * chance:
        found = f"labels that fit {what} no better than chance ({accuracy:.0%})"
        raise DataError(unusable(path, found, "a label that belongs to its image"))


def _class_means(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean image of every class, flat: (classes, pixels) float32, and its label."""
    images, labels = images[:20_000], labels[:20_000]
    present = np.unique(labels)
    means = np.stack([images[labels == label].mean(axis=0).ravel() for label in present])
    return means.astype(np.float32), present


def _accuracy(means: tuple[np.ndarray, np.ndarray], images: np.ndarray, labels: np.ndarray) -> float:
    centers, names = means
    pixels = images.reshape(len(images), -1).astype(np.float32)
    scores = pixels @ (2 * centers.T) - (centers**2).sum(axis=1)
    return float((names[scores.argmax(axis=1)] == labels).mean())


def unusable(path: Path, found: str, expected: str, advice: str = WAYS_OUT) -> str:
    """The message for a file that cannot be used."""
    return f"{path} is not usable: it holds {found}, but {expected} was expected. {advice}"


def _guess(images: np.ndarray, spec: "Spec") -> str:
    """A hint at the commonest reasons for a wrong shape."""
    color = len(spec.image_shape) == 3
    if images.ndim == 3 and color:
        return " (gray images)"
    if images.ndim == 4 and images.shape[1] == 3 and color:
        return " (channels first)"
    return ""
