"""What we know about each data set: shape, classes, size, license, where it is published, what its files are called.

Everything that depends on a data set's name is in this table. `datasets.load`, `datasets.image_folder` and `locate`
read it: load → locate → a function of `readers`. Nothing here opens a file or asks the network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.data import emoji10, readers

BUCKET = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
PHOTO_CLASSES = ("animal", "fish", "monument", "tool", "windmill")
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Remote:
    """One file of a data set on the network.

    `path` is its place in Keras' cache (relative to its `datasets` folder), so that `keras.datasets` finds
    it too; `urls` are tried in order; `size` in bytes and `sha256` are those of the published file.
    """

    path: str
    urls: tuple[str, ...]
    size: int
    sha256: str


@dataclass(frozen=True)
class Form:
    """A form in which a data set may lie on a disk.

    `files` holds, for each file that is needed, the names that it may have; they are looked for in each of `folders`
    (relative; "" is the place itself). Small and capital letters count alike, and so do "-" and "_"; a copy's mark,
    as in "mnist (1).npz", is ignored. `words` describe the form to a reader. `read` turns the files into the arrays
    x_train, y_train, x_test and y_test; it is None where the data set stays a folder of image files.
    """

    words: str
    files: tuple[tuple[str, ...], ...]
    folders: tuple[str, ...] = ("",)
    read: Callable[[Sequence[Path], "Spec"], Arrays] | None = None


@dataclass(frozen=True)
class Spec:
    """A data set: `sizes` counts the training and test images of the full set.

    `sample` says what `quick` opens, and is empty where the course ships none; `note` is what a reader should know
    before a download starts. `share` of the training images, at most 5,000, becomes the validation set.
    `local` are the forms in which it may lie in CNN_DATA_DIR, `read` reads the published files (`remotes`), and
    `unpacked` are the forms into which their archive is unpacked in Keras' cache. `hints` are parts of file names
    that point to this data set. What ships whole with the course has `made`, which says so in a few words, and
    `draw`, which makes the images of a profile: {"train": (images, labels),
    "test": …}. `write` writes a folder of image files: (folder, size, (training, test images)). `folder` is the
    name of the folder in the published archive, for a data set that is a folder of image files of many sizes.
    """

    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    sizes: tuple[int, int]
    license: str
    sample: str = ""
    made: str = ""
    remotes: tuple[Remote, ...] = ()
    note: str = ""
    share: float = 0.1
    local: tuple[Form, ...] = ()
    unpacked: tuple[Form, ...] = ()
    read: Callable[[Sequence[Path], "Spec"], Arrays] | None = None
    hints: tuple[str, ...] = ()
    draw: Callable[[str], dict[str, tuple[np.ndarray, np.ndarray]]] | None = None
    write: Callable[[Path, int, tuple[int, int]], Path] | None = None
    folder: str = ""


def _npz(name: str) -> Form:
    return Form(f"{name}.npz", ((f"{name}.npz",),), read=lambda files, spec: readers.read_npz(files[0], spec))


def _four_idx(*folders: str) -> Form:
    """MNIST's four files: "train-images-idx3-ubyte" or "train-images.idx3-ubyte", with or without ".gz"."""
    files = tuple(
        tuple(f"{part}-{what}{dot}{kind}-ubyte{gz}" for gz in ("", ".gz") for dot in "-.")
        for part in ("train", "t10k")
        for what, kind in (("images", "idx3"), ("labels", "idx1"))
    )
    places = " or ".join(f"{folder}/" for folder in folders if folder)
    return Form(
        f"the four files train-images-idx3-ubyte … as published (.gz or not), there or in {places}",
        files,
        folders=folders,
        read=readers.read_four_idx,
    )


def _batches(*folders: str) -> Form:
    names = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    return Form(
        "its folder cifar-10-batches-py", tuple((name,) for name in names), folders, readers.read_batches
    )


def _fashion(name: str, size: int, sha256: str) -> Remote:
    return Remote(path=f"fashion-mnist/{name}", urls=(BUCKET + name,), size=size, sha256=sha256)


# What they are called in Keras' cache.
CIFAR10_ARCHIVE, FLOWERS_ARCHIVE = "cifar-10-batches-py-target_archive", "flower_photos.tar"
BATCHES = "cifar-10-batches-py"
QUICK_EMOJI10 = (4_000, 1_000)  # training (with validation) and test scenes; each test set has as many
FULL_EMOJI10 = (20_000, 4_000)


def _emoji10_parts(profile: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    training, test = QUICK_EMOJI10 if profile == "quick" else FULL_EMOJI10
    return {"train": emoji10.part("train", training)} | {
        part: emoji10.part(part, test) for part in ("test", "new_art")
    }


def _emoji10_folder(folder: Path, size: int, images: tuple[int, int]) -> Path:
    from helpers.data import image_folders  # here and below: Pillow is not needed to read the table

    parts = {
        part: emoji10.part(f"folder_{part}", count, size=size)
        for part, count in zip(("train", "test"), images, strict=True)
    }
    return image_folders.write(folder, parts, CIFAR10_CLASSES)


def _photo_parts(profile: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    from helpers.data import photos

    return {part: photos.load_part(part) for part in photos.PARTS}


def _photo_folder(folder: Path, size: int, images: tuple[int, int]) -> Path:
    from helpers.data import image_folders, photos

    return image_folders.copy(folder, {part: photos.files(part) for part in photos.PARTS}, PHOTO_CLASSES)


SPECS = {
    "mnist": Spec(
        image_shape=(28, 28),
        class_names=tuple("0123456789"),
        sizes=(60_000, 10_000),
        license="CC BY-SA 3.0, Yann LeCun, Corinna Cortes and Christopher Burges",
        sample="a real sample that ships with the course",
        remotes=(
            Remote(
                path="mnist.npz",
                urls=(BUCKET + "mnist.npz",),
                size=11_490_434,
                sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            ),
        ),
        local=(_npz("mnist"), _four_idx("mnist", "mnist/raw", "raw", "")),
        read=lambda files, spec: readers.read_npz(files[0], spec),
        hints=("mnist", "train-images", "train-labels", "t10k"),
    ),
    "fashion_mnist": Spec(
        image_shape=(28, 28),
        class_names=(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        ),
        sizes=(60_000, 10_000),
        license="MIT, Zalando SE",
        sample="a real sample that ships with the course",
        remotes=(
            _fashion(
                "train-images-idx3-ubyte.gz", 26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            _fashion(
                "train-labels-idx1-ubyte.gz", 29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            _fashion(
                "t10k-images-idx3-ubyte.gz", 4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            _fashion(
                "t10k-labels-idx1-ubyte.gz", 5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
        local=(_npz("fashion_mnist"), _four_idx("fashion_mnist", "fashionmnist", "fashionmnist/raw", "raw", "")),
        read=readers.read_four_idx,
        hints=("fashionmnist", "train-images", "train-labels", "t10k"),
    ),
    "emoji10": Spec(
        image_shape=(32, 32, 3),
        class_names=CIFAR10_CLASSES,
        sizes=FULL_EMOJI10,
        license="CC BY 4.0, MIT and (new art) CC BY-SA 4.0, see helpers/assets/README.md",
        sample="scenes drawn by the course from emoji art: not photographs, not CIFAR-10",
        made="drawn by the course",
        draw=_emoji10_parts,
        write=_emoji10_folder,
    ),
    "cifar10": Spec(
        image_shape=(32, 32, 3),
        class_names=CIFAR10_CLASSES,
        sizes=(50_000, 10_000),
        license="no license stated by its authors, Alex Krizhevsky, Vinod Nair and Geoffrey Hinton",
        note=(
            "The host of CIFAR-10 is often slow: 30 to 60 minutes are known. A copy of the file on a stick or in "
            "the classroom's network is faster: see CNN_DATA_DIR in README.md."
        ),
        remotes=(
            Remote(
                path=CIFAR10_ARCHIVE,
                urls=(
                    BUCKET + "cifar-10-python.tar.gz",
                    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                ),
                size=170_498_071,
                sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            ),
        ),
        local=(
            _npz("cifar10"),
            Form(
                "CIFAR-10's own archive cifar-10-python.tar.gz",
                (("cifar-10-python.tar.gz", "cifar-10-python.tgz", "cifar-10-python.tar", CIFAR10_ARCHIVE),),
                read=readers.read_batches,
            ),
            _batches(
                BATCHES, f"cifar-10-python/{BATCHES}", f"cifar-10/{BATCHES}",
                f"cifar-10-batches-py-target/{BATCHES}", "",
            ),
        ),
        unpacked=(_batches(f"cifar-10-batches-py-target/{BATCHES}", BATCHES),),
        read=readers.read_batches,
        hints=("cifar10", "data_batch", "test_batch"),
    ),
    "flowers": Spec(
        image_shape=(),
        class_names=("daisy", "dandelion", "roses", "sunflowers", "tulips"),
        sizes=(3_670, 0),
        license="CC BY 2.0, the photographers are named in its LICENSE.txt; collected by the TensorFlow authors",
        remotes=(
            Remote(
                path=FLOWERS_ARCHIVE,
                urls=("https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz",),
                size=228_813_984,
                sha256="4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
            ),
        ),
        local=(
            Form("its folder flower_photos", (("flower_photos", "flowers"),)),
            Form(
                "its own archive flower_photos.tgz",
                (("flower_photos.tgz", "flower_photos.tar.gz", FLOWERS_ARCHIVE),),
            ),
        ),
        unpacked=(
            Form(
                "its folder",
                (("daisy",),),
                ("flower_photos_extracted/flower_photos", "flower_photos/flower_photos", "flower_photos"),
            ),
        ),
        hints=("flower",),
        folder="flower_photos",
    ),
    "photos": Spec(
        image_shape=(224, 224, 3),
        class_names=PHOTO_CLASSES,
        sizes=(40, 54),
        license="public domain and CC0, each photographer is named in helpers/assets/photographs/credits.csv",
        sample="real photographs that ship with the course",
        share=0.25,  # 2 of the 8 of each class: a tenth of 40 would not be one of each
        made="comes with the course",
        draw=_photo_parts,
        write=_photo_folder,
    ),
}  # fmt: skip
