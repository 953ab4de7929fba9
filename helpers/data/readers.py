"""Open the files of a data set and refuse, in words, what is broken: .npz, gzipped IDX, CIFAR-10's batches.

`helpers.data.datasets` and `helpers.data.locate` call it. Nothing here runs code that a file brings along.
"""

import gzip
import io
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from helpers.data.specs import Spec
from helpers.errors import DataError

KEYS = ("x_train", "y_train", "x_test", "y_test")
WAYS_OUT = "Replace the file by a complete copy, or take it away to download the data."


def read_npz(path: Path, spec: Spec) -> dict[str, np.ndarray]:
    """Read and check an .npz file; labels come back as a flat int64 array.

    Raises `DataError` naming the file, what was found, what was expected and what to do.
    """
    if not path.exists():
        raise DataError(f"there is no file {path}. Put it there, or unset CNN_DATA_DIR to download the data.")
    if not zipfile.is_zipfile(path):
        raise DataError(wrong(path, "no archive, or half of one", "a complete .npz archive"))
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive.files]
            if missing:
                found = ", ".join(archive.files) or "nothing"
                raise DataError(wrong(path, f"the keys {found}", f"the keys {', '.join(KEYS)}"))
            arrays = {key: archive[key] for key in KEYS}
        for key, array in arrays.items():
            if not isinstance(array, np.ndarray):  # np.load gives the bytes of what is no array
                raise ValueError(f"{key} is a file of another kind")
    except DataError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        # the last two: an unknown way of compressing, and a password
        raise DataError(wrong(path, f"damaged data ({error})", "a complete .npz archive")) from None
    except MemoryError:
        raise DataError(wrong(path, "more than fits into memory", "a complete .npz archive")) from None
    except ValueError as error:  # np.load says so when it meets pickled objects
        found = f"something other than plain arrays ({error})"
        raise DataError(wrong(path, found, "plain uint8 arrays")) from None
    return check_arrays(arrays, spec, path)


def read_idx(path: Path) -> np.ndarray:
    """An array of uint8 from a gzipped IDX file, the format in which MNIST and its followers are published.

    Its first bytes are 0, 0, 8 (for uint8), the number of dimensions, then each dimension in 4 bytes.
    """
    try:
        with gzip.open(path) as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(wrong(path, f"damaged data ({error})", "a complete gzipped IDX file")) from None
    rank = data[3] if len(data) > 3 else 0
    shape = np.frombuffer(data[4 : 4 + 4 * rank], ">u4") if len(data) >= 4 + 4 * rank else np.zeros(0)
    if data[:3] != b"\0\0\x08" or len(shape) == 0 or len(data) != 4 + 4 * rank + int(np.prod(shape)):
        raise DataError(wrong(path, f"{len(data):,} bytes of something else", "uint8 data in the IDX format"))
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape.astype(int))


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
            with tarfile.open(path, "r|gz") as archive:
                for member in archive:
                    name = Path(member.name).name
                    if name in names and member.isfile():
                        batches[name] = _cifar_batch(archive.extractfile(member).read())
        missing = [name for name in names if name not in batches]
        if missing:
            raise DataError(wrong(path, f"no {', '.join(missing)}", "CIFAR-10's six batches"))
    except DataError:
        raise
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DataError(wrong(path, f"damaged data ({error})", "CIFAR-10's six batches")) from None
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DataError(wrong(path, f"a batch of another kind ({error})", "CIFAR-10's six batches")) from None
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


def check_arrays(arrays: dict[str, np.ndarray], spec: Spec, path: Path) -> dict[str, np.ndarray]:
    """Refuse arrays whose dtype, shape, number, labels or pairing of image and label cannot be the data set's."""
    checked = {}
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.dtype != np.uint8:
            nan = " with NaN in it" if images.dtype.kind == "f" and np.isnan(images).any() else ""
            raise DataError(
                wrong(path, f"x_{part} of type {images.dtype}{nan}", "type uint8, values 0 to 255")
            )
        if images.ndim == len(spec.image_shape) + 2 and images.shape[-1] == 1 and len(spec.image_shape) == 2:
            images = images[..., 0]
        if images.shape[1:] != spec.image_shape or len(images) == 0:
            expected = f"shape (images, {', '.join(map(str, spec.image_shape))})"
            raise DataError(wrong(path, f"x_{part} of shape {images.shape}{_guess(images, spec)}", expected))
        if not np.issubdtype(labels.dtype, np.integer):
            raise DataError(wrong(path, f"y_{part} of type {labels.dtype}", "whole numbers"))
        if labels.shape not in ((len(images),), (len(images), 1)):
            expected = f"one label for each of the {len(images):,} images"
            raise DataError(wrong(path, f"y_{part} of shape {labels.shape}", expected))
        labels = labels.reshape(-1).astype(np.int64)
        classes = len(spec.class_names)
        if labels.min() < 0 or labels.max() >= classes:
            found = f"labels from {labels.min()} to {labels.max()} in y_{part}"
            raise DataError(wrong(path, found, f"labels from 0 to {classes - 1}"))
        if len(np.unique(labels)) < classes:
            found = f"only {len(np.unique(labels))} different labels in y_{part}"
            raise DataError(wrong(path, found, f"all {classes} classes"))
        if len(images) >= 100 and (images == images[0]).all():
            raise DataError(
                wrong(path, f"the same picture {len(images):,} times in x_{part}", "different images")
            )
        checked |= {f"x_{part}": images, f"y_{part}": labels}
    return checked


def check_pairing(
    known: tuple[np.ndarray, np.ndarray], images: np.ndarray, labels: np.ndarray, path: Path, what: str
) -> None:
    """Refuse labels that do not belong to the images: in another order, or of another data set.

    The mean picture of each class in `known` (images, labels) is the crudest classifier there is; on honest
    data it is still right far more often than chance (27 % on CIFAR-10, 68 % on Fashion-MNIST, 82 % on
    MNIST). Nothing is concluded from fewer than 1,000 images.
    """
    if len(images) < 1000 or len(known[0]) < 1000:
        return
    accuracy = nearest_mean_accuracy(known, (images[:2000], labels[:2000]))
    chance = 1 / len(np.unique(known[1]))
    if accuracy < 1.6 * chance:
        found = f"labels that fit {what} no better than chance ({accuracy:.0%})"
        raise DataError(wrong(path, found, "a label that belongs to its image"))


def nearest_mean_accuracy(
    known: tuple[np.ndarray, np.ndarray], asked: tuple[np.ndarray, np.ndarray]
) -> float:
    """How often the nearest class mean (Euclidean distance of pixels) names the right class, 0 to 1."""
    images, labels = known[0][:20_000], known[1][:20_000]
    means = np.stack([images[labels == label].mean(axis=0).ravel() for label in np.unique(labels)])
    pixels = asked[0].reshape(len(asked[0]), -1).astype(np.float32)
    scores = pixels @ (2 * means.T).astype(np.float32) - (means**2).sum(axis=1)
    return float((np.unique(labels)[scores.argmax(axis=1)] == asked[1]).mean())


def wrong(path: Path, found: str, expected: str) -> str:
    """The message for a file that cannot be used."""
    return f"{path} is not usable: it holds {found}, but {expected} was expected. {WAYS_OUT}"


def _guess(images: np.ndarray, spec: Spec) -> str:
    """A hint at the commonest reasons for a wrong shape."""
    colour = len(spec.image_shape) == 3
    if images.ndim == 3 and colour:
        return " (grey images)"
    if images.ndim == 4 and images.shape[1] == 3 and colour:
        return " (channels first)"
    return ""
