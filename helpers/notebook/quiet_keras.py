"""Keras and TensorFlow, loaded without TensorFlow's start-up notes.

Every helper that needs them takes them from here:

    from helpers.notebook.quiet_keras import keras, layers, tf
"""

import contextlib
import gc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

from helpers.notebook import keras_settings

__all__ = ["keras", "layers", "quiet_start", "tf", "use_course_settings"]


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back what native code writes to standard error, unless the block fails.

    TensorFlow reports the absence of a GPU while it loads, before any setting can silence it. Python's
    own warnings are not touched. Garbage is not collected meanwhile: what a library makes while it loads
    stays, and looking through it again and again takes a sixth of the time that TensorFlow needs to load.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        with _standard_error_held():
            yield
    finally:
        if collects:
            gc.enable()


@contextlib.contextmanager
def _standard_error_held() -> Iterator[None]:
    try:
        saved = os.dup(2)
    except OSError:  # no standard error at all (a windowed program): there is nothing to hold back
        yield
        return
    try:
        held = tempfile.TemporaryFile()  # noqa: SIM115 - opened here to be closed below
    except OSError:  # no temporary folder that can be written to: better loud than not at all
        os.close(saved)
        yield
        return
    with held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


@contextlib.contextmanager
def _broken_settings_named() -> Iterator[None]:
    """Where Keras stops at its own settings file, say which file it is and what to do."""
    try:
        yield
    except Exception as error:
        _, wrong = keras_settings.read_file()
        if wrong is None:
            raise
        raise ImportError(f"Keras can't be loaded. {wrong}") from error


def _is_no_retracing_advice(record: logging.LogRecord) -> bool:
    """TensorFlow takes five small networks for one network that is traced five times, and warns at length."""
    return "triggered tf.function retracing" not in record.getMessage()


def use_course_settings() -> list[str]:
    """Set Keras to what the course needs, and return a sentence for each thing that was set otherwise.

    The settings are those of `keras_settings.NEEDED` and the dtype policy; keras.json itself is left as it is.
    """
    sentences, different = [f"{sentence}: this notebook ignores it." for sentence in OVERRULED], {}
    OVERRULED.clear()  # once is enough
    for name, needed in keras_settings.NEEDED.items():
        if name != "backend" and (found := getattr(keras.config, name)()) != needed:
            different[name] = found
            getattr(keras.config, f"set_{name}")(needed)
    in_file, _ = keras_settings.read_file()
    if different and different.items() <= in_file.items():
        sentences.append(f"{keras_settings.in_words(different)}.")
    elif different:
        values = ", ".join(f"{name} {value!r}" for name, value in different.items())
        sentences.append(f"Keras had been set to {values}; this notebook uses Keras' own values instead.")
    policy = keras.config.dtype_policy().name
    if policy != "float32":
        keras.config.set_dtype_policy("float32")
        if policy != different.get("floatx"):  # or it only followed floatx
            sentences.append(f"Keras' dtype policy was {policy!r}; this notebook uses 'float32' instead.")
    return sentences


if "keras" in sys.modules and (running_on := sys.modules["keras"].config.backend()) != "tensorflow":
    raise ImportError(
        f"Keras already runs on {running_on!r} here, and the course needs 'tensorflow': restart the kernel, and import "
        "helpers before keras."
    )
OVERRULED = [] if "keras" in sys.modules else keras_settings.overrule(os.environ)

with quiet_start(), _broken_settings_named():
    import keras
    import tensorflow as tf
    from keras import layers
logging.getLogger("tensorflow").addFilter(_is_no_retracing_advice)
