"""Keras and TensorFlow, loaded without TensorFlow's start-up notes: every helper that needs them takes them from here.

from helpers.notebook.quiet_keras import keras, layers, tf
"""

import contextlib
import gc
import os
import tempfile
from collections.abc import Iterator

__all__ = ["keras", "layers", "quiet_start", "tf"]


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
    with tempfile.TemporaryFile() as held:
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


with quiet_start():
    import keras
    import tensorflow as tf
    from keras import layers
