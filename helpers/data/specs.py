"""What is known of each data set before it is opened: shape, classes, size, licence, and where it is published.

`helpers.data.datasets` and `helpers.data.locate` read it; nothing here touches a file or the network.
"""

from dataclasses import dataclass

BUCKET = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


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
class Spec:
    """A data set: `sizes` counts the training and test images of the full set.

    `sample` says what `quick` opens, and is empty where the course ships none; `note` is what a reader
    should know before a download starts.
    """

    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    sizes: tuple[int, int]
    licence: str
    sample: str = ""
    remotes: tuple[Remote, ...] = ()
    note: str = ""


def _fashion(name: str, size: int, sha256: str) -> Remote:
    return Remote(path=f"fashion-mnist/{name}", urls=(BUCKET + name,), size=size, sha256=sha256)


SPECS = {
    "mnist": Spec(
        image_shape=(28, 28),
        class_names=tuple("0123456789"),
        sizes=(60_000, 10_000),
        licence="CC BY-SA 3.0, Yann LeCun, Corinna Cortes and Christopher Burges",
        sample="a real sample that ships with the course",
        remotes=(
            Remote(
                path="mnist.npz",
                urls=(BUCKET + "mnist.npz",),
                size=11_490_434,
                sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            ),
        ),
    ),
    "fashion_mnist": Spec(
        image_shape=(28, 28),
        class_names=(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        ),
        sizes=(60_000, 10_000),
        licence="MIT, Zalando SE",
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
    ),
    "emoji10": Spec(
        image_shape=(32, 32, 3),
        class_names=CIFAR10_CLASSES,
        sizes=(20_000, 4_000),
        licence="CC BY 4.0, MIT and (new art) CC BY-SA 4.0, see helpers/assets/README.md",
        sample="scenes drawn by the course from emoji art: not photographs, not CIFAR-10",
    ),
    "cifar10": Spec(
        image_shape=(32, 32, 3),
        class_names=CIFAR10_CLASSES,
        sizes=(50_000, 10_000),
        licence="no licence stated by its authors, Alex Krizhevsky, Vinod Nair and Geoffrey Hinton",
        note=(
            "The host of CIFAR-10 is often slow: 30 to 60 minutes are known. A copy of the file on a stick or in "
            "the classroom's network is faster: see CNN_DATA_DIR in README.md."
        ),
        remotes=(
            Remote(
                path="cifar-10-batches-py-target_archive",
                urls=(
                    BUCKET + "cifar-10-python.tar.gz",
                    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                ),
                size=170_498_071,
                sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            ),
        ),
    ),
    "flowers": Spec(
        image_shape=(),
        class_names=("daisy", "dandelion", "roses", "sunflowers", "tulips"),
        sizes=(3_670, 0),
        licence="CC BY 2.0, the photographers are named in its LICENSE.txt; collected by the TensorFlow authors",
        remotes=(
            Remote(
                path="flower_photos.tar",
                urls=("https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz",),
                size=228_813_984,
                sha256="4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
            ),
        ),
    ),
}  # fmt: skip
