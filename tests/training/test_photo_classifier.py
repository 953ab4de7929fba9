"""photo_classifier: a reader's folder of photos in, a classifier and a page of predictions out."""

import io
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data import emoji10
from helpers.errors import DataError
from helpers.notebook import plots
from helpers.training import evaluate, photo_classifier

import keras  # isort: skip  (helpers load TensorFlow quietly)

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SIZES = [(130, 90), (64, 64), (70, 150), (200, 110), (97, 75)]  # width, height


def jpeg(path, pixels, size, **options):
    """A photo of `size` with the scene in its middle, as a camera would write it."""
    width, height = size
    side = min(size)
    picture = Image.new("RGB", size, (120, 120, 120))
    scene = Image.fromarray(pixels).resize((side, side))
    picture.paste(scene, ((width - side) // 2, (height - side) // 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, "JPEG", quality=92, **options)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """An ordinary folder: JPEGs of mixed sizes, a hidden file, names in capitals, a file beside the classes."""
    folder = tmp_path_factory.mktemp("album")
    for part, count, seed in (("learn", 36, 5), ("new", 10, 6)):
        images, labels = emoji10.scenes(10 * count, seed=seed, size=64)
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            if label in (1, 6, 8):
                name = f"IMG_{number}.JPG" if number % 2 else f"{number}.jpeg"
                jpeg(folder / part / NAMES[label] / name, image, SIZES[number % len(SIZES)])
    for name in (
        ".hidden",
        "Thumbs.db",
        "desktop.ini",
        "._IMG_61.JPG",
        ".ipynb_checkpoints/61-checkpoint.jpg",
    ):
        (folder / "learn" / "frog" / name).parent.mkdir(exist_ok=True)
        (folder / "learn" / "frog" / name).write_text("not a picture")
    (folder / "learn" / "__MACOSX" / "frog").mkdir(parents=True)
    (folder / "learn" / "notes.txt").write_text("beside the class folders")
    for name in ("frog", "ship"):
        (folder / "few" / name).mkdir(parents=True)
        for path in sorted((folder / "learn" / name).glob("*.jpeg"))[:4]:
            (folder / "few" / name / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def classifier(album):
    return photo_classifier.learn(album / "learn", size=64)


@pytest.fixture(scope="module")
def extractor():
    """One that has seen no training."""
    return photo_classifier.feature_extractor(64)


@pytest.fixture
def quick(monkeypatch):
    """Coarse pixels in the place of the pretrained network's features: what is tested does not depend on them."""

    def feature_extractor(size):
        inputs = keras.Input(shape=(size, size, 3))
        pooled = keras.layers.AveragePooling2D(8)(keras.layers.Rescaling(1 / 255)(inputs))
        return keras.Model(inputs, keras.layers.Flatten()(pooled))

    monkeypatch.setattr(photo_classifier, "feature_extractor", feature_extractor)


def test_it_learns_from_an_ordinary_folder(classifier):
    assert classifier.class_names == ("automobile", "frog", "ship") and classifier.size == 64
    assert (classifier.learned_from, classifier.held_back) == (87, 21)
    assert classifier.recognized >= 15
    assert str(classifier).startswith(
        "3 classes (automobile, frog, ship), learned from 87 photos; of 21 held"
    )


def test_it_recognizes_photos_that_it_has_never_seen(classifier, album):
    found = classifier.predict(album / "new")
    assert len(found) == 30 and {one.truth for one in found} == set(classifier.class_names)
    assert np.mean([one.truth == one.answers[0][0] for one in found]) > 0.7
    for one in found:
        shares = [share for _, share in one.answers]
        assert shares == sorted(shares, reverse=True) and np.isclose(sum(shares), 1, atol=1e-4)
        assert one.image.shape == (64, 64, 3) and one.image.dtype == np.uint8
        assert one.path.parent.name == one.truth and str(one).startswith(one.path.name)


def test_its_model_takes_pixels_and_can_be_saved(classifier, album, tmp_path):
    found = classifier.predict(album / "new" / "frog")
    images = np.stack([one.image for one in found])
    classifier.model.save(tmp_path / "mine.keras")
    again = keras.models.load_model(tmp_path / "mine.keras")
    for one, row in zip(found, np.asarray(again(images, training=False)), strict=True):
        assert one.answers[0][0] == classifier.class_names[row.argmax()]
        np.testing.assert_allclose(one.answers[0][1], row.max(), atol=1e-4)


def test_only_the_head_has_learned(classifier, extractor):
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    mine = keras.Model(classifier.model.input, classifier.model.get_layer("features").output)
    np.testing.assert_allclose(
        evaluate.in_batches(mine, images), evaluate.in_batches(extractor, images), rtol=1e-4, atol=1e-5
    )
    assert [tuple(weight.shape) for weight in classifier.model.trainable_weights] == [(1280, 3), (3,)]


def test_the_features_are_those_of_pixels_from_minus_1_to_1(extractor):
    from helpers.networks import pretrained

    images = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), np.uint8)
    backbone = pretrained.load("EfficientNet-Lite0", include_top=False, input_shape=(64, 64, 3))
    expected = np.asarray(backbone.model(backbone.preprocess(images), training=False)).mean(axis=(1, 2))
    np.testing.assert_allclose(evaluate.in_batches(extractor, images), expected, rtol=1e-4, atol=1e-5)


def test_the_same_seed_gives_the_same_classifier(album, quick):
    one, other = (photo_classifier.learn(album / "few", size=32, seed=3, updates=5) for _ in range(2))
    answers = [classifier.predict(album / "new" / "ship")[0].answers for classifier in (one, other)]
    assert [name for name, _ in answers[0]] == [name for name, _ in answers[1]]
    np.testing.assert_allclose([p for _, p in answers[0]], [p for _, p in answers[1]], rtol=1e-4)


def test_a_single_file_and_a_flat_folder_have_no_truth(classifier, tmp_path, capsys):
    images, _ = emoji10.scenes(2, seed=1, size=64)
    folder = tmp_path / "내 휴가"
    jpeg(folder / "one.jpg", images[0], (90, 90))
    Image.fromarray(images[1]).save(folder / "two.png")
    (folder / "list.txt").write_text("passed over")
    assert [one.path.name for one in classifier.predict(folder)] == ["one.jpg", "two.png"]
    assert capsys.readouterr().out == "passed over, since they are not images: list.txt\n"
    for given in (folder / "two.png", str(folder / "two.png"), os.fsencode(folder / "two.png")):
        assert classifier.predict(given)[0].truth is None
    assert len(classifier.predict(f"{folder}{os.sep}")) == 2


def test_no_file_is_skipped_in_silence(classifier, tmp_path, capsys):
    """What is inside counts, not the ending; what is not an image is named, unless a system left it there."""
    images, _ = emoji10.scenes(8, seed=1, size=64)
    names = ("a.jfif", "b", "c.JPE", "d.webp", "e.tif", "f.photo", "g.bmp", "deeper/h.png")
    forms = ("JPEG", "JPEG", "JPEG", "WEBP", "TIFF", "PNG", "BMP", "PNG")
    for image, name, form in zip(images, names, forms, strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / name, form)
    for name in ("notes", "film.mov", "._a.jfif", "Thumbs.db", ".ipynb_checkpoints/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"?")
    found = classifier.predict(tmp_path)
    assert [one.path.relative_to(tmp_path).as_posix() for one in found] == sorted(names)
    assert capsys.readouterr().out == "passed over, since they are not images: film.mov, notes\n"


def test_names_composed_differently_are_the_same_class(tmp_path, quick):
    """A Mac writes the letters of 고양이 apart (NFD), other systems together (NFC)."""
    names = {
        form: [unicodedata.normalize(form, name) for name in ("강아지", "café")] for form in ("NFD", "NFC")
    }
    for part, form in (("learn", "NFD"), ("new", "NFC")):
        few(tmp_path / part, dict.fromkeys(names[form], 2))
    found = photo_classifier.learn(tmp_path / "learn", size=32, updates=5)
    assert sorted(found.class_names) == sorted(names["NFC"])
    for part in ("learn", "new"):
        assert sorted({one.truth for one in found.predict(tmp_path / part)}) == sorted(names["NFC"])


# Opening a file


def gradient(width, height):
    """Red grows to the right, green downwards."""
    across = np.broadcast_to(np.linspace(0, 255, width)[None, :], (height, width))
    down = np.broadcast_to(np.linspace(0, 255, height)[:, None], (height, width))
    return np.stack([across, down, np.full((height, width), 60.0)], axis=-1).astype(np.uint8)


def test_the_middle_square_is_taken_and_nothing_is_stretched(tmp_path):
    pixels = gradient(300, 100)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    square = photo_classifier.open_square(tmp_path / "wide.png", 50)
    assert square.shape == (50, 50, 3)
    expected = pixels[:, 100:200].reshape(50, 2, 50, 2, 3).mean(axis=(1, 3))
    assert abs(square.astype(float) - expected).max() < 4


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    """An X-ray, say: Pillow's own conversion makes it white."""
    shades = (gradient(60, 60)[..., 0].astype(np.uint16) * 200).astype(np.uint16)
    Image.fromarray(shades).save(tmp_path / "xray.png")
    square = photo_classifier.open_square(tmp_path / "xray.png", 60)
    assert abs(square[..., 0].astype(float) - shades / 257).max() <= 1


def test_a_large_photo_is_opened_at_a_fraction_of_its_size(tmp_path):
    large = Image.fromarray(gradient(300, 200)).resize((3000, 2000))
    for name in ("a.jpg", "a.png"):
        large.save(tmp_path / name)
        square = photo_classifier.open_square(tmp_path / name, 40).astype(int)
        expected = np.asarray(large.crop((500, 0, 2500, 2000)).resize((40, 40), Image.Resampling.BICUBIC))
        assert abs(square - expected).mean() < 2


# What is wrong with a folder


def few(folder, counts):
    for name, count in counts.items():
        for number in range(count):
            image = np.random.default_rng(number).integers(0, 256, (40, 40, 3), np.uint8)
            jpeg(folder / name / f"{number}.jpg", image, (50, 40))
    return folder


def test_a_class_with_one_photo_is_refused(tmp_path):
    with pytest.raises(DataError, match="has only 1 photo of cats. Give each class at least 2"):
        photo_classifier.learn(few(tmp_path, {"cats": 1, "dogs": 4}))


def test_however_large_the_share_held_back_something_is_left_to_learn_from(tmp_path, quick):
    found = photo_classifier.learn(few(tmp_path, {"cats": 2, "dogs": 5}), size=32, updates=5, held_back=0.99)
    assert (found.learned_from, found.held_back) == (2, 5)
    assert {one.truth for one in found.predict(tmp_path)} == {"cats", "dogs"}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "cats" / "0.jpg").write_bytes(b"GIF89a, not really"), "cannot be used"),
        (lambda folder: (folder / "cats" / "0.jpg").write_bytes(b""), "0.jpg: empty"),
        (
            lambda folder: (folder / "cats" / "a.heic").write_bytes(b"?"),
            "cats/a.heic: not an image that can be read",
        ),
        (
            lambda folder: [(folder / "cats" / f"{k}.jpg").rename(folder / f"{k}.jpg") for k in (1, 2)],
            "only 1 photo",
        ),
        (lambda folder: (folder / "birds").mkdir(), "has no images for birds"),
        (lambda folder: [path.unlink() for path in (folder / "cats").iterdir()], "has no images for cats"),
    ],
)
def test_a_broken_folder_is_refused_with_the_words_of_image_folders(tmp_path, spoil, message):
    spoil(few(tmp_path, {"cats": 3, "dogs": 3}))
    with pytest.raises(DataError, match=message):
        photo_classifier.learn(tmp_path, size=32)


def test_a_folder_that_is_not_there_or_holds_train_and_test(tmp_path):
    with pytest.raises(DataError, match="is not there"):
        photo_classifier.learn(tmp_path / "nothing")
    for names in (("train", "test"), ("Training", "Testing", "models"), ("학습", "검증")):
        folder = tmp_path / names[0]
        for name in names:
            few(folder / name, {"cats": 2, "dogs": 2})
        with pytest.raises(DataError, match="Name one of these"):
            photo_classifier.learn(folder)


def test_new_photos_that_cannot_be_used(classifier, tmp_path):
    with pytest.raises(DataError, match="is not there. Name an image file"):
        classifier.predict(tmp_path / "nothing")
    with pytest.raises(DataError, match="holds no image files"):
        classifier.predict(tmp_path)
    (tmp_path / "a.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(DataError, match=r"1 of the 1 files in .* cannot be used:\n  a.HEIC: HEIC inside"):
        classifier.predict(tmp_path)
    (tmp_path / "a.HEIC").rename(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(b"hello")
    with pytest.raises(DataError, match="a.jpg: not an image that can be read"):
        classifier.predict(tmp_path)
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue()[:900])
    with pytest.raises(DataError, match=r"a.jpg cannot be read: damaged \("):
        classifier.predict(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="photos is empty"):
        classifier.predict("")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 16}, "size must be from 32 to 512"),
        ({"size": 1000}, "size must be from 32 to 512"),
        ({"held_back": 0}, "between 0 and 1"),
        ({"held_back": 1}, "between 0 and 1"),
        ({"held_back": "a fifth"}, "between 0 and 1, not 'a fifth'"),
        ({"updates": 0}, "updates must be at least 1"),
        ({"seed": -1}, "seed=-1 is not a seed"),
        ({"seed": 2**40}, "is not a seed"),
        ({"seed": 1.5}, "seed=1.5 is not a seed"),
    ],
)
def test_arguments_that_cannot_be_meant(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        photo_classifier.learn(tmp_path, **options)


# The page


def page(monkeypatch, predictions, **options):
    seen = {}
    monkeypatch.setattr(plots, "image_grid", lambda images, **named: seen.update(named, images=images))
    photo_classifier.show_page(predictions, **options)
    return seen


def predictions(count, *, truth):
    image = np.zeros((4, 4, 3), np.uint8)
    answers = (("cat", 0.75), ("dog", 0.25))
    path = Path("a.jpg")
    return [photo_classifier.Prediction(path, image + k, answers, truth(k)) for k in range(count)]


def test_a_page_says_what_is_wrong_where_the_truth_is_known(monkeypatch):
    seen = page(monkeypatch, predictions(2, truth=lambda k: "cat" if k else "dog"))
    assert seen["titles"] == ["is: dog\ncat 75%", "cat 75%"] and seen["good"] == [False, True]
    assert seen["alt"].startswith("2 photos")


def test_a_page_of_unknown_photos_judges_nothing(monkeypatch):
    seen = page(monkeypatch, predictions(3, truth=lambda k: None))
    assert seen["titles"] == ["cat 75%"] * 3 and seen["good"] is None and seen["columns"] == 3


def test_a_page_of_many_takes_some_from_beginning_to_end(monkeypatch):
    seen = page(monkeypatch, predictions(101, truth=lambda k: None), limit=11)
    assert [image[0, 0, 0] for image in seen["images"]] == list(range(0, 101, 10))
