"""Where the course's files are: what ships with it, what it may write, and where Keras keeps downloads.

Nothing here touches a file or loads a package.
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent  # the course's folder, or the folder into which a Colab edition was unpacked
ASSETS = PACKAGE / "assets"
COLAB_EDITION = ROOT / "colab.json"  # is there where these helpers came out of a Colab edition


def keras_home() -> Path:
    """The folder that Keras calls home: KERAS_HOME, or .keras in the user's. Asks neither Keras nor TensorFlow."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def keras_cache() -> Path:
    """The folder in which Keras keeps data sets."""
    return keras_home() / "datasets"
