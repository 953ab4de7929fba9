"""Speed on a clock that the tests move: all images over all seconds, in turns; the fastest pass of a pipeline."""

import numpy as np
import pytest

from helpers.networks.builders import build_convnet
from helpers.notebook.quiet_keras import keras, layers, tf
from helpers.training import timing
from helpers.training.timing import Stopwatch, images_per_second, rounded


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += seconds


def test_a_stopwatch_adds_up_its_stretches():
    clock = Clock()
    watch = Stopwatch(clock)
    for seconds in (2, 3):
        clock.move(100)
        with watch:
            clock.move(seconds)
    watch.start()
    clock.move(4)
    watch.stop()
    assert watch.laps == [2, 3, 4] and watch.seconds == 9
    with Stopwatch() as real:
        pass
    assert 0 <= real.seconds < 60


# ------------------------------------------------------------------------------ networks that train in turns


class Takes(layers.Layer):
    """Passes its input on, and moves the clock by the next of `seconds` for each batch that is trained on."""

    def __init__(self, clock, seconds):
        super().__init__()
        self.clock, self.seconds, self.batches = clock, list(seconds), 0

    def call(self, x, training=False):
        if training and not isinstance(x, keras.KerasTensor):
            self.clock.move(self.seconds[self.batches % len(self.seconds)])
            self.batches += 1
        return x


def tiny(clock, *seconds):
    """A compiled net whose batches take so many seconds, in turn."""
    inputs = keras.Input(shape=(4,))
    takes = Takes(clock, seconds)
    model = keras.Model(inputs, layers.Dense(units=5, activation="softmax")(takes(inputs)))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", run_eagerly=True)
    return model, takes


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 4)).astype("float32"), rng.integers(0, 5, size=30)


def test_speed_is_all_images_over_all_seconds_without_the_first_batch_of_a_turn(images):
    clock = Clock()
    small, takes = tiny(clock, 900, 4, 8, 800, 6, 2)  # two rounds of three batches each
    large, _ = tiny(clock, 700, 2, 3, 600, 7, 10)
    measured = timing.speeds(
        {"small batches": (small, 4), "large batches": (large, 9)}, *images,
        rounds=2, most_rounds=2, batches=2, clock=clock,
    )  # fmt: skip
    assert measured == {"small batches": 4 * 4 / 20, "large batches": 4 * 9 / 22}
    assert takes.batches == 6


@pytest.mark.parametrize(
    ("second", "rounds"),
    [
        ([3, 3, 3, 3], 2),  # steady
        ([30, 3, 30, 3], 4),  # never steady: stops at the most
        ([3.4, 3, 3.2, 3.2], 3),  # the error of the small one's share: 4.8 percent, then 2.8
    ],
)
def test_on_a_busy_machine_the_measuring_goes_on(images, second, rounds):
    clock = Clock()
    small, takes = tiny(clock, 0, 1)
    large, _ = tiny(clock, *[seconds for one in second for seconds in (0, one)])
    models = {"small": (small, 4), "large": (large, 9)}
    timing.speeds(models, *images, rounds=2, most_rounds=4, batches=1, clock=clock)
    assert takes.batches == 2 * rounds


def state(model):
    return [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]


def test_measuring_the_speed_teaches_nothing(images):
    x, y = images
    (model, _), (fresh, _) = tiny(Clock(), 1), tiny(Clock(), 1)
    model.fit(x, y, batch_size=8, verbose=0)
    before = state(model)
    fresh_weights = fresh.get_weights()
    models = {"trained": (model, 8), "fresh": (fresh, 4)}
    measured = timing.speeds(models, x, y, rounds=1, most_rounds=1, batches=2)
    assert all(np.array_equal(old, new) for old, new in zip(before, state(model), strict=True))
    assert all(np.array_equal(old, new) for old, new in zip(fresh_weights, fresh.get_weights(), strict=True))
    assert all(0 < speed < 1e7 for speed in measured.values())


def test_what_is_interrupted_is_put_back_too(images):
    clock = Clock()
    model, takes = tiny(clock, 1)
    takes.seconds = [1, 1, None]  # fails in its third batch
    before = model.get_weights()
    with pytest.raises(TypeError):
        timing.speeds({"one": (model, 4)}, *images, clock=clock)
    assert takes.batches == 2
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))


def test_a_slower_model_has_a_lower_speed_on_the_real_clock():
    x, y = np.zeros((24, 32, 32, 3), "uint8"), np.arange(24) % 5
    large, small = (build_convnet((32, 32, 3), 5, [filters]) for filters in (64, 1))
    for model in (large, small):
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    measured = timing.speeds({"large": (large, 8), "small": (small, 8)}, x, y, rounds=5, most_rounds=5)
    assert measured["large"] < measured["small"]


def test_speeds_need_compiled_models_and_enough_images(images):
    with pytest.raises(ValueError, match="'big' needs 3 batches of 16"):
        timing.speeds({"big": (tiny(Clock(), 1)[0], 16)}, *images)
    raw = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="compile"):
        timing.speeds({"raw": (raw, 4)}, *images, batches=1)


# -------------------------------------------------------------------------------------- pipelines


class Passes:
    """A dataset of one batch of `images`; its passes take the given seconds, one after another."""

    def __init__(self, clock, *seconds, images=10, wrap=lambda batch: batch):
        self.clock, self.seconds, self.images, self.wrap, self.started = clock, seconds, images, wrap, 0

    def __iter__(self):
        self.clock.move(self.seconds[self.started])
        self.started += 1
        yield self.wrap(np.zeros((self.images, 2, 2, 3)))


def test_the_fastest_pass_counts_and_the_first_does_not():
    clock = Clock()
    passes = Passes(clock, 0.001, 4, 2, 5)
    assert images_per_second(passes, repeats=3, clock=clock) == 10 / 2
    assert passes.started == 4


def test_without_warm_up_every_pass_counts():
    clock = Clock()
    passes = Passes(clock, 2, 4)
    assert images_per_second(passes, repeats=2, warm_up=False, clock=clock) == 10 / 2
    assert passes.started == 2


@pytest.mark.parametrize(
    "wrap",
    [lambda x: x, lambda x: (x, [1]), lambda x: [x], lambda x: {"images": x, "labels": [1]}],
    ids=["array", "pair", "list", "dict"],
)
def test_images_are_counted_in_every_kind_of_batch(wrap):
    clock = Clock()
    assert images_per_second(Passes(clock, 2, wrap=wrap), repeats=1, warm_up=False, clock=clock) == 5


def test_all_batches_are_counted_and_work_is_done_on_each():
    clock, seen = Clock(), []
    dataset = tf.data.Dataset.from_tensor_slices(np.zeros((20, 2, 2, 3), "float32")).batch(8)

    def work(batch):
        seen.append(len(batch))
        clock.move(2)

    assert images_per_second(dataset, repeats=1, warm_up=False, work=work, clock=clock) == 20 / 6
    assert seen == [8, 8, 4]


def test_an_empty_dataset_and_a_wrong_count_are_refused():
    with pytest.raises(ValueError, match="no image"):
        images_per_second([], repeats=1)
    with pytest.raises(ValueError, match="at least 1"):
        images_per_second(Passes(Clock(), 0.0), repeats=0)


@pytest.mark.parametrize(
    ("rate", "text"), [(12_345.6, "12,000"), (987.0, "990"), (42.4, "42"), (3.2, "3"), (0, "0")]
)
def test_two_digits_are_enough(rate, text):
    assert rounded(rate) == text
