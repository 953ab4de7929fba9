"""benchmarks/: the recipes are the published ones, and the comparison is counted right."""

import json
import types
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench, recipes, vgg_autopsy, vgg_cifar10
from benchmarks import emoji10 as emoji10_benchmark
from helpers.data import emoji10, locate
from helpers.networks import builders
from helpers.notebook.quiet_keras import keras, layers, tf

RNG = np.random.default_rng(0)
PARAMETERS = {
    # by hand: convolutions (9 * channels in + 1) * filters, dense (units in + 1) * units
    ("cifar10", "TensorFlow's beginner CNN"): 28 * 32 + 289 * 64 + 577 * 64 + (1024 + 1) * 64 + 65 * 10,
    ("mnist", "Keras' MNIST convnet"): 10 * 32 + 289 * 64 + (1600 + 1) * 10,
    # whitening 48 numbers to 24, then 9 * in * out, four numbers a BatchNorm channel, dense on 4×4
    ("cifar10", "ours, three layers, 1 epoch"): 49 * 24
    + 9 * 48 * 48
    + 9 * 48 * 64
    + 4 * 112
    + (1024 + 1) * 10,
}
EVERY = [(task, name) for task, named in recipes.TASKS.items() for name in named]
ONCE = [(task, name) for task, name in EVERY if "ours" not in name or recipes.TASKS[task][name].epochs <= 2]


@pytest.mark.parametrize(("task", "name"), ONCE)
def test_a_recipe_trains_on_what_it_prepares(task, name):
    recipe = recipes.TASKS[task][name]
    images = RNG.integers(0, 256, (12, *((32, 32, 3) if task == "cifar10" else (28, 28))), np.uint8)
    x, y = recipe.prepare(images, np.arange(12) % 10)
    assert x.max() <= 1 or x.dtype == np.uint8
    model = recipe.build(10, images)
    if (task, name) in PARAMETERS:
        assert model.count_params() == PARAMETERS[task, name]
    outputs = keras.ops.convert_to_numpy(model(x[:4]))
    if getattr(model.loss, "from_logits", False):
        assert outputs.min() < 0
    else:
        np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)
    model.run_eagerly = True  # two steps run faster than the tracing of one
    before = [weight.numpy() for weight in model.trainable_weights]
    for _ in range(2):  # ours starts at rate 0
        loss, accuracy = model.train_on_batch(x, y)
    assert 0.5 < loss < 10 and 0 <= accuracy <= 1  # log(10) is 2.3
    assert all((old != new.numpy()).any() for old, new in zip(before, model.trainable_weights, strict=True))


def test_the_published_settings():
    """Optimizer, epochs, batch size and the share held back, as the sources say."""
    found = {}
    for task, name in ONCE:
        recipe = recipes.TASKS[task][name]
        images = np.zeros((2, *((32, 32, 3) if task == "cifar10" else (28, 28))), np.uint8)
        optimizer = type(recipe.build(10, images).optimizer).__name__
        found[task, name] = (optimizer, recipe.epochs, recipe.batch_size, recipe.validation)
    assert found == {
        ("cifar10", "TensorFlow's beginner CNN"): ("Adam", 10, 32, 0),
        ("cifar10", "ours, three layers, 1 epoch"): ("AdamW", 1, 256, 0),
        ("cifar10", "ours, wider, 1 epoch"): ("AdamW", 1, 256, 0),
        ("mnist", "Keras' MNIST convnet"): ("Adam", 15, 128, 0.1),
        ("mnist", "ours, 2 epochs"): ("AdamW", 2, 128, 0),
    }


def test_our_step_size_rises_for_a_fifth_and_then_falls_to_zero():
    images = np.zeros((2, 28, 28), np.uint8)
    schedule = recipes.TASKS["mnist"]["ours, 4 epochs"].build(100, images).optimizer._learning_rate
    rates = [float(schedule(step)) for step in (0, 10, 20, 60, 100)]
    assert rates == pytest.approx([0, 7.5e-3, 1.5e-2, 7.5e-3, 0], abs=1e-6)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read where Linux tells it")
def test_a_recipe_is_measured(monkeypatch):
    """Each epoch adds its seconds and its test accuracy; what is held back is not trained on."""
    seen = []

    def prepare(images, labels):
        seen.append(len(images))
        return images / 255.0, labels

    def build(steps, images):
        seen.append(("steps", steps, "images", len(images)))
        model = keras.Sequential(
            [keras.Input((8, 8)), layers.Flatten(), layers.Dense(10, activation="softmax")]
        )
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
        return model

    recipe = recipes.Recipe("here", prepare, build, epochs=2, batch_size=4, validation=0.25)
    monkeypatch.setitem(recipes.TASKS["mnist"], "tiny", recipe)
    arrays = {"x_train": RNG.integers(0, 256, (20, 8, 8), np.uint8), "y_train": np.arange(20) % 10}
    arrays |= {"x_test": arrays["x_train"][:8], "y_test": arrays["y_train"][:8]}
    monkeypatch.setattr(locate, "load", lambda name: (arrays, "drawn"))
    result = bench.measure("mnist", "tiny", limit=16)
    assert seen == [12, 8, 4, ("steps", 6, "images", 12)]
    first, last = result["curve"]
    assert all(0 < before <= after for before, after in zip(first[:2], last[:2], strict=True))
    assert all(0 <= accuracy <= 1 for *_, accuracy in result["curve"])
    assert result["parameters"] == 65 * 10 and result["peak_mb"] > 50 and result["images"] == 2 * 12
    assert result["flops_per_image"] == 64 * 10 * 2 * 2  # nothing before it is trained
    assert (result["epochs"], result["batch_size"], result["source"]) == (2, 4, "here")


def test_the_tutorials_data_are_as_large_as_they_say():
    images = RNG.integers(0, 256, (10, 32, 32, 3), np.uint8)
    assert recipes.as_float64(images, None)[0].nbytes == 8 * images.nbytes
    assert recipes.as_float32_one_hot(images, np.arange(10))[0].nbytes == 4 * images.nbytes
    assert recipes.as_uint8(images, None)[0].nbytes == images.nbytes


@pytest.mark.parametrize(("kernel_size", "channels", "count"), [(4, 3, 24), (3, 1, 9), (2, 3, 5)])
def test_whitened_patches_are_uncorrelated_and_of_about_equal_size(kernel_size, channels, count):
    """Counted another way: the filters run as a convolution over the pictures they were made from."""
    images = emoji10.scenes(500, seed=0)[0][..., :channels]
    kernel, bias = recipes.whitening_filters(images, kernel_size=kernel_size, count=count)
    assert kernel.shape == (kernel_size, kernel_size, channels, count) and bias.shape == (count,)
    x = keras.ops.conv(images.astype("float32") / 255, kernel.astype("float32"), strides=3) + bias
    values = keras.ops.convert_to_numpy(x).reshape(-1, count)
    covariance = np.cov(values, rowvar=False)
    sizes = np.diag(covariance)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(covariance, np.diag(sizes), atol=1e-3)
    assert 0.9 < sizes[0] <= 1 and (np.diff(sizes) < 1e-3).all()  # small components are not blown up to 1


def test_more_filters_than_a_patch_has_numbers():
    with pytest.raises(ValueError, match="a patch of 12 numbers has no 13 components"):
        recipes.whitening_filters(np.zeros((5, 8, 8, 3), np.uint8), kernel_size=2, count=13)


def test_batches_of_our_own_hold_every_image_once_and_some_are_mirrored():
    images = np.arange(20 * 2 * 2 * 3, dtype=np.uint8).reshape(20, 2, 2, 3)
    for flip in (False, True):
        keras.utils.set_random_seed(0)  # as `measure` does; a random op's order would repeat after it
        dataset = recipes.shuffled(images, np.arange(20), 5, flip=flip)
        assert not dataset.options().autotune.enabled
        epochs = [list(dataset.as_numpy_iterator()) for _ in range(2)]
        orders = [[label for _, labels in batches for label in labels] for batches in epochs]
        assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]) == list(range(20))
        mirrored = 0
        for shown, labels in epochs[0]:
            for image, label in zip(shown, labels, strict=True):
                mirrored += not (image == images[label]).all()
                assert (image == images[label]).all() or (image == images[label][:, ::-1]).all()
        assert (0 < mirrored < 20) if flip else mirrored == 0
    rest = [len(labels) for _, labels in recipes.shuffled(images, np.arange(20), 8)]
    assert rest == [8, 8], "whole batches only"


def test_the_work_of_a_training_step_by_hand():
    """A frozen layer needs no gradient, and the first trained one none for its inputs."""
    images = RNG.integers(0, 256, (12, 32, 32, 3), np.uint8)
    model = recipes.TASKS["cifar10"]["ours, three layers, 1 epoch"].build(10, images)
    frozen, first = 16 * 16 * 4 * 4 * 3 * 24, 8 * 8 * 9 * 48 * 48
    second, dense = 8 * 8 * 9 * 48 * 64, 4 * 4 * 64 * 10
    assert bench.training_flops(model) == 2 * (frozen + 2 * first + 3 * (second + dense))
    assert bench.training_flops(recipes.tensorflow_beginner()) == 2 * (
        2 * 30 * 30 * 27 * 32 + 3 * (13 * 13 * 288 * 64 + 4 * 4 * 576 * 64 + 1024 * 64 + 640)
    )


def test_the_peak_is_that_of_a_matrix_product():
    assert 0.5 < bench.matrix_gflops(size=256, repeats=3) < 1e6


def run(recipe, curve, peak_mb, **more):
    """One measured run."""
    kept = {"source": "s", "parameters": 1, "share_of_peak": 0.25}
    return {"recipe": recipe, "curve": curve, "peak_mb": peak_mb, **kept, **more}


RUNS = [
    run("TensorFlow's beginner CNN", [[10, 15, 0.5], [20, 30, 0.66], [30, 45, 0.6]], 3000),
    run("another", [[1, 1, 0.99]], 1),
    run("ours, 1 epoch", [[4, 6, 0.67]], 900),
    run("ours, 1 epoch", [[5, 7, 0.66]], 1000),
    run("ours, 1 epoch", [[6, 8, 0.69]], 900),
    run("ours, 2 epochs", [[2, 2, 0.65], [19, 20, 0.7], [21, 22, 0.8]], 1000),
    run("ours, 2 epochs", [[2, 2, 0.9], [19, 20, 0.7], [22, 22, 0.8]], 1000),
]


def test_the_comparison_by_hand():
    compared = bench.summary("cifar10", RUNS)
    assert compared == {
        "goal": 0.66, "reference_seconds": 20, "our_recipe": "ours, 1 epoch", "our_seconds": 5,
        "times_faster": 4.0, "times_less_processor": 4.3, "times_less_memory": 3.0,
        "levels": {
            "reference": 0.65, "reference_seconds": 20,
            "ours": 0.75, "our_recipe": "ours, 2 epochs", "our_seconds": 11.5,
        },
    }  # fmt: skip
    told = bench.told(compared)
    assert "the reference needs 20 s and 'ours, 1 epoch' 5.0 s: 4.0 times sooner" in told
    assert told.endswith("The reference reaches 65.0% after 20 s. 'ours, 2 epochs' reaches 75.0% after 12 s.")


def test_a_recipe_counts_as_there_only_with_every_seed():
    runs = bench.by_recipe(RUNS)["ours, 1 epoch"]
    assert bench.usual_seconds(runs, 0.66) == 5 and bench.usual_seconds(runs, 0.66, processor=True) == 7
    assert bench.usual_seconds(runs, 0.67) is None


def test_a_goal_that_nobody_reaches_is_said():
    slow = [RUNS[0], run("ours, 1 epoch", [[40, 41, 0.3]], 1000)]
    compared = bench.summary("cifar10", slow)
    assert compared["our_recipe"] is None and compared["levels"]["our_seconds"] is None
    told = bench.told(compared)
    assert "can't be compared" in told and "Ours never reaches 75.0%." in told
    results = {"date": "d", "machine": "m", "versions": {"keras": "3"}, "runs": slow, "summary": compared}
    assert "| 41.0 | – | 25% |" in bench.table("cifar10", results | {"matrix_gflops": 100.0})


def test_the_page_on_data_shows_what_was_measured_on_emoji10():
    results = json.loads((bench.ROOT / "results" / "emoji10.json").read_text(encoding="utf-8"))
    page = (bench.ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert emoji10_benchmark.short_table(results) in page
    networks = [[run["same art"] for run in runs] for runs in results["networks"].values()][:4]
    for easier, harder in zip(networks[1:], networks, strict=False):
        assert min(easier) > max(harder) + 0.05, "MLP < CNN < BatchNorm net < transfer, clearly apart"
    assert max(max(scores) for scores in networks) < 0.93, "no ceiling"
    assert max(results["background_only"]) < 0.12, "the background gives nothing away"


def test_the_page_on_recipes_shows_what_was_measured():
    found = {
        task: json.loads((bench.ROOT / "results" / f"bench-{task}.json").read_text(encoding="utf-8"))
        for task in recipes.TASKS
    }
    assert bench.short_table(found) in (bench.ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    for task, results in found.items():
        assert list(bench.by_recipe(results["runs"])) == list(recipes.TASKS[task])
        assert results["summary"] == bench.summary(task, results["runs"])
        page = (bench.ROOT / "results" / f"bench-{task}.md").read_text(encoding="utf-8")
        assert page == bench.table(task, results)
        if task in bench.SHOWN:
            assert json.loads(bench.SHOWN[task].read_text(encoding="utf-8")) == results


def test_the_picture(tmp_path):
    bench.draw("cifar10", RUNS, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000


def test_an_unknown_task_lists_the_known_ones(monkeypatch):
    monkeypatch.setattr("sys.argv", ["bench.py", "cifar"])
    with pytest.raises(SystemExit, match="choose from cifar10, mnist"):
        bench.main()


@pytest.fixture
def tiny_vgg(monkeypatch):
    """In the place of the VGG-like net one with two convolutions; gives the options it was asked for."""
    asked = []

    def build(*, width, **options):
        asked.append(options | {"width": width})
        return builders.build_convnet((32, 32, 3), 10, [2, "max_pool", 3, "max_pool"], **options)

    monkeypatch.setattr(builders, "vgg", build)
    tf.config.run_functions_eagerly(True)  # a few steps run faster than the tracing of one
    yield asked
    tf.config.run_functions_eagerly(False)


def test_the_autopsy_measures_and_keeps_what_it_measured(tmp_path, monkeypatch, tiny_vgg):
    arrays = {"x_train": RNG.integers(0, 256, (96, 32, 32, 3), np.uint8), "y_train": np.arange(96) % 10}
    arrays |= {"x_test": arrays["x_train"][:40], "y_test": arrays["y_train"][:40]}
    monkeypatch.setattr(locate, "load", lambda name: (arrays, "drawn"))
    monkeypatch.setattr(vgg_autopsy, "RESULTS", tmp_path / "kept.json")
    settings = {"width": 0.02, "rate": 1e-3, "initializer": "he_normal", "batch_norm": "before", "seed": 0}
    result = vgg_autopsy.run(**settings, steps=2)
    assert tiny_vgg == [{"width": 0.02, "kernel_initializer": "he_normal", "batch_norm": "before"}]
    assert [point["step"] for point in result["measured"]] == [0, 1, 2] and len(result["losses"]) == 2
    assert len(result["measured"][0]["dead_units"]) == 2
    entry = {"date": "today", "machine": "here", "versions": {"keras": "3"}, **result}
    for _ in range(2):
        vgg_autopsy.keep([entry])
    assert json.loads((tmp_path / "kept.json").read_text(encoding="utf-8")) == [entry]
    table = (tmp_path / "kept.md").read_text(encoding="utf-8")
    assert "| 0.02 | 0.001 | he_normal | before | 0 | 2 | today |" in table


def test_the_kept_table_is_made_from_the_kept_runs():
    runs = json.loads(vgg_autopsy.RESULTS.read_text(encoding="utf-8"))
    assert vgg_autopsy.RESULTS.with_suffix(".md").read_text(encoding="utf-8") == vgg_autopsy.table(runs)
    assert all(run["date"] and run["machine"] for run in runs)


SETTINGS = {"batch_norm": "before", "initializer": "he_normal", "learning_rate": 1e-3, "cosine": True}
SETTINGS |= {"batch_size": 8, "width": 0.02, "seed": 0}


def test_a_training_in_pieces_goes_on_where_it_stopped(tmp_path, monkeypatch, tiny_vgg):
    """Killed after its first piece and begun again, it ends at the same numbers as in one go."""
    images, labels = RNG.integers(0, 256, (80, 32, 32, 3), np.uint8), np.arange(80) % 10
    data = types.SimpleNamespace(
        x_train=images, y_train=labels, x_val=images[:10], x_test=images[:20], y_test=labels[:20]
    )
    whole = vgg_cifar10.train(data, SETTINGS, epochs=0.3, out=tmp_path / "whole")
    assert [piece["images"] for piece in whole] == [8, 16, 24] and "test_accuracy" in whole[-1]

    spreads = iter([0.5])
    with monkeypatch.context() as patch:
        patch.setattr(vgg_cifar10.diagnostics, "output_spread", lambda *_: next(spreads))
        with pytest.raises(StopIteration):  # in the second piece, after its training
            vgg_cifar10.train(data, SETTINGS, epochs=0.3, out=tmp_path / "broken")
    assert len((tmp_path / "broken" / "pieces.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    again = vgg_cifar10.train(data, SETTINGS, epochs=0.3, out=tmp_path / "broken")
    assert [piece["loss"] for piece in again] == pytest.approx([piece["loss"] for piece in whole], rel=1e-4)
    with pytest.raises(SystemExit, match="holds a run with other settings"):
        vgg_cifar10.train(data, SETTINGS | {"seed": 1}, epochs=0.3, out=tmp_path / "whole")


@pytest.mark.parametrize("name", ["model.keras", "part.keras"])
def test_a_model_of_somebody_else_is_not_overwritten(tmp_path, name):
    (tmp_path / name).write_bytes(b"a reader's own model")
    with pytest.raises(SystemExit, match="a model that this program did not write"):
        vgg_cifar10.train(None, SETTINGS, epochs=0.1, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"a reader's own model"


def test_its_net_and_its_step_size_are_those_of_the_settings():
    model = vgg_cifar10.new_model(SETTINGS, pieces=5, images=80)
    same = builders.vgg(width=0.02, batch_norm="before", kernel_initializer="he_normal")
    assert model.count_params() == same.count_params()
    rates = [float(model.optimizer._learning_rate(step)) for step in (0, 5)]  # a piece has one batch of 8
    assert rates == pytest.approx([1e-3, 0], abs=1e-9)
    constant = vgg_cifar10.new_model(SETTINGS | {"cosine": False, "batch_norm": "none"}, pieces=5, images=80)
    assert float(constant.optimizer.learning_rate) == pytest.approx(1e-3)
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in constant.layers)


def test_a_run_replaces_the_one_with_the_same_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(vgg_cifar10, "RESULTS", tmp_path / "kept.json")
    piece = {"loss": 1.5, "output_spread": 0.02, "cpu_seconds": 120.0}
    made = {"date": "today", "machine": "here", "versions": {"keras": "3"}}
    for accuracy in (0.5, 0.7512):
        run = {"settings": SETTINGS, "pieces": [piece, piece | {"test_accuracy": accuracy}]}
        vgg_cifar10.keep(made | run)
    row = (
        "| before | he_normal | 0.001, to 0 as a cosine | 8 | 0 | 0.2 | 75.1% | 1.500 | 2.0e-02 | 4 | today |"
    )
    assert (
        row in (tmp_path / "kept.md").read_text()
        and len(json.loads((tmp_path / "kept.json").read_text())) == 1
    )
