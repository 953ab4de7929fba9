"""What replaces each argument of Keras's retired ImageDataGenerator, as a table that is checked before it is shown.

    old_generator.show_table()  # the surprising rows, and the others folded away

Notebook 08c shows it.
"""

import inspect
from collections.abc import Callable

import numpy as np

from helpers.notebook.frontend import safe_print, show_markdown
from helpers.notebook.quiet_keras import keras, layers, tf

# Old argument, today's code, and what to mind. Code that begins with "layers." is built and tried by `check`.
# The first SURPRISES rows are the ones that are easiest to get wrong.
SURPRISES = 8
ROWS = (
    ("rotation_range=36", "layers.RandomRotation(36 / 360)", "a share of a full turn, not degrees"),
    ("width_shift_range=0.1", "layers.RandomTranslation(0, 0.1)", "a share of the width, never pixels"),
    ("height_shift_range=0.1", "layers.RandomTranslation(0.1, 0)", "a share of the height, never pixels"),
    (
        "zoom_range=(0.8, 1.1)",
        "layers.RandomZoom((-0.2, 0.1), (-0.2, 0.1))",
        "minus 1; one pair alone keeps proportions",
    ),
    (
        "shear_range=10",
        "layers.RandomShear(0.176)",
        "about the tangent of the angle; it turns on the top left corner, so the middle moves",
    ),
    (
        "brightness_range=(0.8, 1.2)",
        "layers.RandomBrightness(0.2)",
        "it adds, and the old one multiplied; after Rescaling, it needs value_range=(0, 1)",
    ),
    (
        "channel_shift_range=30",
        "layers.RandomBrightness(30 / 255)",
        "despite its name, it moved all channels alike",
    ),
    (
        'fill_mode="nearest"',
        'layers.RandomRotation(0.1, fill_mode="nearest")',
        "if you leave it out, the border is now mirrored",
    ),
    (
        "zca_epsilon=1e-6",
        "whitening.fit",
        "added to a variance, as in early versions of the old class; late ones added it to a singular value",
    ),
    ("horizontal_flip=True", 'layers.RandomFlip("horizontal")', ""),
    ("vertical_flip=True", 'layers.RandomFlip("vertical")', ""),
    ("cval=0.0", 'layers.RandomZoom(0.1, fill_mode="constant", fill_value=0.0)', ""),
    ("interpolation_order=1", 'layers.RandomRotation(0.1, interpolation="bilinear")', "0 is nearest"),
    ("rescale=1 / 255", "layers.Rescaling(1 / 255)", "inside the network"),
    (
        "featurewise_center=True",
        "layers.Normalization(axis=-1, mean=[120, 115, 105], variance=[1, 1, 1])",
        "the mean of each color in your training images",
    ),
    (
        "featurewise_std_normalization=True",
        "layers.Normalization(axis=-1)",
        "it centers, too; fit becomes adapt, on training images",
    ),
    (
        "samplewise_center=True",
        "layers.Lambda(lambda x: x - ops.mean(x, axis=(1, 2, 3), keepdims=True))",
        "each image by itself; ops is keras.ops",
    ),
    (
        "samplewise_std_normalization=True",
        "layers.LayerNormalization((1, 2, 3), center=False, scale=False)",
        "it centers, too",
    ),
    (
        "zca_whitening=True",
        "whitening.fit",
        "section 2; there is no layer, and the old class took whole images",
    ),
    ("preprocessing_function=f", "dataset.map", "or layers.Lambda"),
    ("validation_split=0.2", "keras.utils.image_dataset_from_directory", "mind the trap of notebook 08b"),
    ("data_format=...", "keras.config.set_image_data_format", ""),
    ("dtype=...", 'layers.RandomFlip(dtype="float32")', "every layer has dtype"),
)


def check() -> tuple[int, int]:
    """How many arguments the old class has, and how many layers of the table were built and tried.

    Raises AssertionError if an argument has no row, or if a layer of the table changes the shape of an image.
    """
    known = set(inspect.signature(old_class()).parameters)
    named = {old.partition("=")[0] for old, _, _ in ROWS}
    assert known == named, f"not the same: {sorted(known ^ named)}"
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    tried = 0
    for _, new, _ in ROWS:
        if not new.startswith("layers."):
            continue
        layer = eval(new, {"layers": layers, "ops": keras.ops})
        if isinstance(layer, layers.Normalization) and layer.input_mean is None:
            layer.adapt(images)
        assert layer(images).shape == images.shape, new
        tried += 1
    return len(known), tried


def old_class() -> Callable:
    """The retired class itself, which only tf.keras still has."""
    return tf.keras.preprocessing.image.ImageDataGenerator


def show_table() -> None:
    """Check the table, say what was checked, and show the surprising rows, with the others folded away."""
    arguments, tried = check()
    head = ["| `ImageDataGenerator` | today | |", "| --- | --- | --- |"]
    lines = [f"| `{old}` | `{new}` | {note} |" for old, new, note in ROWS]
    show_markdown("\n".join(head + lines[:SURPRISES]))
    fold = f"<details><summary>The other {len(ROWS) - SURPRISES} arguments</summary>\n\n"
    show_markdown(fold + "\n".join(head + lines[SURPRISES:]) + "\n\n</details>")
    safe_print(f"All {arguments} arguments have a row, and all {tried} layers keep the shape of an image.")
