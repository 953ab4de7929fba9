"""What the notebooks of this course share: one folder a concern, one module a concept.

Importing this package is fast and loads neither NumPy nor TensorFlow; each module loads what it needs.
"""

import logging
import os

# TensorFlow and Keras read these once, when they are imported, so they must be set before that.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if not os.environ.get("KERAS_BACKEND"):  # to Keras, empty means: what keras.json says
    os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow uses oneDNN's convolutions by itself only on some processors. With them everywhere, x86 machines
# compute alike, and those without AVX-512 train a large convolution twice as fast.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# On a machine's first run matplotlib says on standard error that it is looking for fonts.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

__version__ = "0.1.0"
