"""Train the network of the live figure: notebook 03's CNN on all of MNIST, and write it as a plan of layers.

Run by developers, once; the result is committed in helpers/assets/. MNIST is found in the folder CNN_DATA_DIR, or
downloaded as notebook 03 does it in its full profile.

    python -m tools.make_assets.live_network              # five minutes on one core
    python -m tools.make_assets.live_network --trial      # a minute, on the sample, to try the program

Each epoch sees the training digits in new shapes, a little turned, slanted, stretched and shifted, so that the network
also reads digits that are drawn with a mouse. The weights are rounded to float16; the program prints the checksum that
tests/widgets/test_live_network.py keeps, and what helpers/assets/README.md says about accuracies.
"""

import argparse
import hashlib
import json

import numpy as np
from scipy import ndimage

from helpers.data import datasets
from helpers.digits import handwriting
from helpers.notebook.quiet_keras import keras
from helpers.widgets import layer_plan

SEED, EPOCHS, BATCH = 0, 4, 64
TURN, SLANT, STRETCH, SHIFT = 0.15, 0.25, 0.12, 1.5  # radians, share, share and pixels, at most


def build() -> keras.Model:
    """Notebook 03's CNN, without weights."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1), name="image"),
            layers.Rescaling(1 / 255, name="rescale"),
            layers.Conv2D(filters=32, kernel_size=3, padding="same", activation="relu", name="conv_1"),
            layers.MaxPooling2D(pool_size=2, name="pool_1"),
            layers.Conv2D(filters=64, kernel_size=3, padding="same", activation="relu", name="conv_2"),
            layers.MaxPooling2D(pool_size=2, name="pool_2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(rate=0.3, name="dropout_1"),
            layers.Dense(units=64, activation="relu", name="dense_1"),
            layers.Dropout(rate=0.5, name="dropout_2"),
            layers.Dense(units=10, activation="softmax", name="digit"),
        ],
        name="CNN",
    )


def reshaped(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Digits (n, 28, 28), uint8, each turned, slanted, stretched and shifted by amounts of its own."""
    middle = np.array([13.5, 13.5])
    turned = np.empty_like(images)
    for image, result in zip(images, turned, strict=True):
        angle, slant = rng.uniform(-TURN, TURN), rng.uniform(-SLANT, SLANT)
        stretch = 1 + rng.uniform(-STRETCH, STRETCH, size=2)
        cosine, sine = np.cos(angle), np.sin(angle)
        matrix = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1, 0], [slant, 1]]) / stretch
        offset = middle - matrix @ middle + rng.uniform(-SHIFT, SHIFT, size=2)
        ndimage.affine_transform(image, matrix, offset, output=result, order=1)
    return turned


def train(x: np.ndarray, y: np.ndarray, *, epochs: int) -> keras.Model:
    """The trained network. The learning rate falls to a tenth for the last epoch."""
    keras.utils.set_random_seed(SEED)
    rng = np.random.default_rng(SEED)
    model = build()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    for epoch in range(epochs):
        model.optimizer.learning_rate = 0.001 if epoch < epochs - 1 else 0.0001
        seen = reshaped(x, rng)[..., np.newaxis]
        history = model.fit(seen, y, batch_size=BATCH, verbose=0).history
        print(
            f"epoch {epoch + 1}: loss {history['loss'][0]:.3f}, accuracy {history['accuracy'][0]:.2%}",
            flush=True,
        )
    return model


def rounded(model: keras.Model) -> keras.Model:
    """The same network with its weights rounded to float16, as they are shipped."""
    twin = keras.models.clone_model(model)
    twin.set_weights([weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()])
    return twin


def report(model: keras.Model, x_test: np.ndarray, y_test: np.ndarray) -> None:
    """Print how well the network reads the test digits and the course's drawings, and what rounding costs."""
    given = [
        net.predict(x_test[..., np.newaxis], batch_size=500, verbose=0) for net in (model, rounded(model))
    ]
    for name, probabilities in zip(("float32", "float16"), given, strict=True):
        print(f"{name}: {np.mean(probabilities.argmax(axis=1) == y_test):.2%} of {len(y_test):,} test digits")
    print(f"largest difference of a probability: {np.abs(given[0] - given[1]).max():.4f}")
    print(f"answers that differ: {np.sum(given[0].argmax(axis=1) != given[1].argmax(axis=1))}")
    drawn = [(digit, strokes) for hand in handwriting.examples().values() for digit, strokes in hand.items()]
    images = [handwriting.prepare(handwriting.rasterize(strokes), dark_on_light=True) for _, strokes in drawn]
    answers = rounded(model).predict(np.stack(images)[..., np.newaxis], verbose=0).argmax(axis=1)
    right = np.sum(answers == [digit for digit, _ in drawn])
    print(f"{right} of the {len(drawn)} drawings in strokes.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trial", action="store_true", help="one epoch on the 4,000 digits of the sample")
    trial = parser.parse_args().trial
    data = datasets.load("mnist", profile="quick" if trial else "full")
    # Nothing is chosen by a validation set here, so its digits are learned from too.
    x, y = np.concatenate([data.x_train, data.x_val]), np.concatenate([data.y_train, data.y_val])
    print(f"{len(x):,} training digits")
    model = train(x, y, epochs=2 if trial else EPOCHS)
    report(model, data.x_test, data.y_test)
    plan = layer_plan.read(model, dtype="float16")
    layer_plan.NETWORK.mkdir(exist_ok=True)
    layer_plan.SHIPPED.write_text(json.dumps(plan, separators=(",", ":")) + "\n", encoding="utf-8")
    digest = hashlib.sha256(layer_plan.SHIPPED.read_bytes()).hexdigest()
    print(f"{layer_plan.SHIPPED.name}: {layer_plan.SHIPPED.stat().st_size:,} bytes, SHA-256 {digest}")


if __name__ == "__main__":
    main()
