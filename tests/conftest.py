"""What all tests share: tests of pages run only where a browser can be driven, and nothing heavy costs twice."""

import gc
import importlib.util
import sys

# jsonschema, below nbformat, would load a grammar of web addresses for over a second; a notebook has none to check.
sys.modules.setdefault("rfc3987_syntax", None)

collect_ignore = [] if importlib.util.find_spec("pytest_playwright") else ["browser"]


def pytest_collection_finish():
    """Leave what the imports have made out of garbage collection: with TensorFlow it costs half a second each time."""
    gc.collect()
    gc.freeze()
