"""Emoji-10: the sprites and their credits, and the scenes drawn from them."""

import csv
import hashlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from helpers.data import emoji10, specs
from helpers.data.specs import CIFAR10_CLASSES, SPECS

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "helpers" / "assets" / "emoji10"
LICENCES = ROOT / "helpers" / "assets" / "licences"


def digest(*arrays):
    """Twelve hex digits that stand for every byte of the arrays."""
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[
        :12
    ]


@pytest.fixture(scope="module")
def credits():
    with (ASSETS / "credits.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- The sprites -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("art", "count"), [("train", 196), ("new", 75)])
def test_sprites_have_the_shape_and_labels_they_should(art, count):
    pictures = emoji10.load_art(art)
    assert pictures.sprites.shape == (count, 64, 64, 4) and pictures.sprites.dtype == np.uint8
    assert pictures.labels.dtype == np.int64 and len(pictures.labels) == count
    assert (np.diff(pictures.labels) >= 0).all(), "scenes counts on sprites in the order of their classes"
    assert set(pictures.labels) == set(range(10))
    assert len(pictures.styles) == len(pictures.names) == count


@pytest.mark.parametrize("art", emoji10.ARTS)
def test_every_sprite_shows_ink_in_the_middle_and_none_at_the_border(art):
    for sprite, name in zip(emoji10.load_art(art).sprites, emoji10.load_art(art).names, strict=True):
        alpha = sprite[..., 3]
        rows, columns = np.nonzero(alpha.max(axis=1))[0], np.nonzero(alpha.max(axis=0))[0]
        assert (alpha > 200).mean() > 0.08, f"{name} is nearly blank"
        assert min(rows[0], columns[0]) >= 2 and max(rows[-1], columns[-1]) <= 61, (
            f"{name} touches the border"
        )
        assert max(np.ptp(rows), np.ptp(columns)) >= 57, f"{name} is not cropped to its ink"
        assert sprite[alpha > 200][:, :3].std() > 15, f"{name} has only one color"


def test_no_picture_comes_twice():
    sprites = np.concatenate([emoji10.load_art(art).sprites for art in emoji10.ARTS]).astype(np.int16)
    for index, sprite in enumerate(sprites[:-1]):
        assert np.abs(sprites[index + 1 :] - sprite).mean(axis=(1, 2, 3)).min() >= 2, index


def test_new_art_is_another_style_and_no_picture_of_it_is_trained_on():
    train, new = (emoji10.load_art(art) for art in emoji10.ARTS)
    assert set(new.styles) == {"openmoji"}
    assert set(train.styles) == {"twemoji", "fluent-emoji", "fluent-emoji-flat"}
    for sprite in new.sprites:
        assert np.abs(train.sprites.astype(np.int16) - sprite).mean(axis=(1, 2, 3)).min() > 4


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in ASSETS.iterdir()) < 1_500_000


def test_every_sprite_has_its_credit_and_every_credit_its_licence(credits):
    for art in emoji10.ARTS:
        pictures, rows = emoji10.load_art(art), [row for row in credits if row["art"] == art]
        assert [int(row["row"]) for row in rows] == list(range(len(pictures.labels)))
        assert [row["icon"] for row in rows] == list(pictures.names)
        assert [row["style"] for row in rows] == list(pictures.styles)
        assert [row["class"] for row in rows] == [CIFAR10_CLASSES[label] for label in pictures.labels]
        for row in rows:
            assert row["author"] and row["source"].startswith("https://") and row["version"]
            assert (LICENCES / row["licence_file"]).stat().st_size > 1000
    share_alike = {row["licence"] for row in credits if row["art"] == "new"}
    assert share_alike == {"CC BY-SA 4.0"}
    assert {row["licence"] for row in credits if row["art"] == "train"} == {"CC BY 4.0", "MIT"}
    notice = (ASSETS / "README.md").read_text(encoding="utf-8")
    assert "scaled" in notice and "CC BY-SA 4.0" in notice, "CC BY asks that changes are named"


# --- The scenes --------------------------------------------------------------------------------------------


def test_shapes_types_and_values():
    images, labels = emoji10.scenes(37, seed=0)
    assert images.shape == (37, 32, 32, 3) and images.dtype == np.uint8
    assert labels.shape == (37,) and labels.dtype == np.int64
    assert images.min() < 20 and images.max() > 235
    assert images.flags.c_contiguous and images.flags.writeable


# Pinned, because all arithmetic after the random integers is whole numbers: no platform may differ.
# A change of the sprites or of a scene's parameters changes these; measure the networks again then.
@pytest.mark.parametrize(
    ("art", "size", "expected"),
    [
        ("train", 32, "2572a67e9685"),
        ("new", 32, "8b5113aa0db3"),
        ("train", 20, "fb8bfc8afa14"),
        ("train", 96, "ffe45adefb23"),
    ],
)
def test_the_same_seed_gives_the_same_pixels_everywhere(art, size, expected):
    assert digest(*emoji10.scenes(140, seed=5, art=art, size=size)) == expected


def test_another_seed_gives_other_scenes():
    first, second = emoji10.scenes(40, seed=1), emoji10.scenes(40, seed=2)
    assert digest(first[0]) == digest(emoji10.scenes(40, seed=1)[0])
    assert (first[0] != second[0]).mean() > 0.9 and (first[1] != second[1]).any()
    assert len(np.unique(emoji10.scenes(500, seed=3)[0], axis=0)) == 500, "scenes repeat within a set"


@pytest.mark.parametrize(("count", "spread"), [(10, 0), (500, 0), (1003, 1), (1, 1)])
def test_labels_are_balanced_and_shuffled(count, spread):
    labels = emoji10.scenes(count, seed=4, size=16)[1]
    assert np.ptp(np.bincount(labels, minlength=10)) == spread
    if count >= 500:
        assert (np.diff(labels) == 1).mean() < 0.3 and (np.diff(labels) < 0).mean() > 0.3


def test_the_label_is_the_class_of_the_sprite_that_is_drawn(monkeypatch):
    drawn = []

    def noted(art, chosen, size, where):
        drawn.append(chosen)
        return np.zeros((len(chosen), size, size, 4), np.int32)  # nothing to see: only the choice counts here

    monkeypatch.setattr(emoji10, "_sprites", noted)
    for art in emoji10.ARTS:
        drawn.clear()
        labels = emoji10.scenes(8000, seed=0, art=art, size=16)[1]
        chosen = np.concatenate(drawn)
        pictures = emoji10.load_art(art).labels
        assert np.array_equal(pictures[chosen], labels)
        assert len(np.unique(chosen)) == len(pictures), "some sprite is never drawn"
        seen = np.bincount(chosen)[pictures == 1]
        assert seen.min() > 0.5 * seen.mean(), "pictures of a class must be about equally likely"


def test_a_seed_shows_the_same_scenes_at_every_size():
    small, labels = emoji10.scenes(60, seed=6, size=32)
    large, same = emoji10.scenes(60, seed=6, size=128)
    assert np.array_equal(labels, same)
    shrunk = large.reshape(60, 32, 4, 32, 4, 3).mean(axis=(2, 4))
    assert np.abs(shrunk - small).mean() < 3
    assert np.abs(shrunk - small[::-1]).mean() > 50, "the measure tells scenes apart"


def test_a_sprite_stands_upright_unmirrored_and_in_the_middle_when_asked():
    """Without tilt the drawn sprite is the sprite itself: no half pixel lost, no axis exchanged."""
    side = emoji10.ONE
    for size, tolerance in ((64, 1.0), (32, 1.0), (16, 1.0)):
        where = emoji10._Placements(
            *(np.array([value]) for value in (side // 2, side // 2, side, side, 0, 1))
        )
        drawn = emoji10._sprites("train", np.array([20]), size, where)[0]
        sprite = emoji10.load_art("train").sprites[20].astype(float)
        sprite[..., :3] *= sprite[..., 3:] / 255
        factor = 64 // size
        expected = sprite.reshape(size, factor, size, factor, 4).mean(axis=(1, 3))
        assert np.abs(drawn - expected).mean() < tolerance
        assert np.abs(drawn[:, ::-1] - expected).mean() > 3 * tolerance
        mirrored = emoji10._sprites("train", np.array([20]), size, where._replace(mirror=np.array([-1])))[0]
        assert np.abs(mirrored[:, ::-1] - expected).mean() < tolerance


def test_the_background_tells_nothing_about_the_class():
    """Scenes without sprites: the nearest class mean, on colors and a coarse picture, is right by chance only."""

    def features(seed, objects):
        images, labels = emoji10.scenes(2000, seed=seed, size=16, objects=objects)
        return images.reshape(2000, 4, 4, 4, 4, 3).mean(axis=(2, 4)).reshape(2000, -1), labels

    def accuracy(objects):
        (x, y), (x_test, y_test) = features(1, objects), features(2, objects)
        means = np.stack([x[y == label].mean(axis=0) for label in range(10)])
        distances = (means**2).sum(axis=1) - 2 * x_test @ means.T  # squared, but for what all classes share
        return (distances.argmin(axis=1) == y_test).mean()

    assert 0.07 < accuracy(objects=False) < 0.13
    assert accuracy(objects=True) > 0.14, "the measure sees sprites"


def test_scenes_without_sprites_differ_only_where_the_sprite_was():
    whole, labels = emoji10.scenes(100, seed=8)
    bare, same = emoji10.scenes(100, seed=8, objects=False)
    assert np.array_equal(labels, same)
    changed = (whole != bare).any(axis=-1).mean(axis=(1, 2))
    assert (changed > 0.02).all() and 0.15 < changed.mean() < 0.6, "every scene shows its sprite"


def test_drawing_is_fast():
    emoji10.scenes(50, seed=0)
    began = time.process_time()
    emoji10.scenes(1500, seed=1)
    assert 1500 / (time.process_time() - began) > 700  # an idle core draws several thousand a second


# --- The masks ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pairs():
    return emoji10.scenes(200, seed=2, size=64)[0], emoji10.scenes(200, seed=2, size=64, objects=False)[0]


def test_outside_the_mask_the_scene_is_its_background(pairs):
    images, without = pairs
    masks = emoji10.object_masks(images, without, least=1)
    assert masks.shape == images.shape[:3] and masks.dtype == bool
    assert np.array_equal(images[~masks], without[~masks])
    assert (images[masks] != without[masks]).any(axis=-1).all()


def test_the_object_covers_a_part_of_every_scene_but_not_all(pairs):
    area = emoji10.object_masks(*pairs).mean(axis=(1, 2))
    assert area.min() > 0.02 and area.max() < 0.95
    assert 0.2 < area.mean() < 0.6


def test_the_corners_are_nearly_always_background(pairs):
    masks = emoji10.object_masks(*pairs)
    corners = masks[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    middle = masks[:, 28:36, 28:36]
    assert corners.mean() < 0.2 and middle.mean() > 0.6


def test_a_larger_least_leaves_out_what_differs_less():
    scenes = np.full((1, 2, 2, 3), 100, np.uint8)
    without = scenes.copy()
    scenes[0, 0, 0, 1], scenes[0, 1, 1, 2], scenes[0, 0, 1, 0] = 108, 92, 107
    scenes[0, 1, 0, 1] = 95  # darker by 5: less than `least`, and no wrapping round in uint8
    mask = emoji10.object_masks(scenes, without)
    assert mask.tolist() == [[[True, False], [False, True]]]
    assert emoji10.object_masks(scenes, without, least=7).sum() == 3


@pytest.mark.parametrize("name", ["test", "new_art"])
def test_a_part_without_objects_fits_the_part_with_them_and_no_other(name):
    images = emoji10.part(name, 200)[0]
    art = emoji10.PARTS[name][1]
    other = emoji10.scenes(200, seed=4, art=art, objects=False)[0]
    right = emoji10.object_masks(images, emoji10.part(name, 200, objects=False)[0]).mean()
    assert right < 0.6 < emoji10.object_masks(images, other).mean()


def test_arrays_that_do_not_belong_together_are_refused(pairs):
    with pytest.raises(ValueError, match="two arrays of the same scenes"):
        emoji10.object_masks(pairs[0], pairs[1][:5])
    with pytest.raises(ValueError, match="unknown art"):
        emoji10.scenes(3, seed=0, art="old", objects=False)[0]


# --- What is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"count": 0}, ValueError, "count must be at least 1, not 0"),
        ({"count": 2.5}, TypeError, "count must be a whole number"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"seed": None}, TypeError, "seed must be a whole number"),
        ({"art": "old"}, ValueError, "unknown art 'old': choose one of train, new"),
        ({"size": 15}, ValueError, "size must be at least 16, not 15"),
        ({"size": 225}, ValueError, "size must be at most 224, not 225"),
        ({"size": "32"}, TypeError, "size must be a whole number"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, message):
    count = arguments.pop("count", 10)
    with pytest.raises(error, match=message):
        emoji10.scenes(count, **({"seed": 0} | arguments))


@pytest.mark.parametrize("size", [16, 17, 224])
def test_the_smallest_an_odd_and_the_largest_size_work(size):
    assert emoji10.scenes(11, seed=0, size=size)[0].shape == (11, size, size, 3)


@pytest.mark.parametrize(
    ("name", "seed", "art"), [("test", 2, "train"), ("new_art", 3, "new"), ("folder_test", 12, "train")]
)
def test_the_parts_have_the_seeds_on_which_stored_results_depend(name, seed, art):
    for objects in (True, False):
        images, labels = emoji10.part(name, 20, size=20, objects=objects)
        expected, same = emoji10.scenes(20, seed=seed, art=art, size=20, objects=objects)
        assert (images == expected).all() and (labels == same).all()


def test_the_data_set_has_these_parts(monkeypatch):
    monkeypatch.setattr(specs, "QUICK_EMOJI10", (30, 20))
    parts = SPECS["emoji10"].draw("quick")
    assert list(parts) == ["train", "test", "new_art"]
    for (name, (images, labels)), count in zip(parts.items(), (30, 20, 20), strict=True):
        again, same = emoji10.part(name, count)
        assert (images == again).all() and (labels == same).all()
    with pytest.raises(ValueError, match="unknown part 'old': choose one of train, test, new_art"):
        emoji10.part("old", 10)


def test_importing_it_loads_no_tensorflow():
    code = (
        "import sys; from helpers.data import emoji10; emoji10.scenes(2, seed=0); "
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
