"""What all tests share: those of pages run where a browser can be driven, those with Dask where it is installed.

Nothing heavy costs twice.
"""

import gc
import importlib.util
import sys

# jsonschema, below nbformat, would load a grammar of web addresses for over a second; a notebook has none to check.
sys.modules.setdefault("rfc3987_syntax", None)

collect_ignore = [] if importlib.util.find_spec("pytest_playwright") else ["browser"]
if not importlib.util.find_spec("distributed"):  # make test-sweep runs them, in an environment that has Dask
    collect_ignore += ["sweep/test_with_dask.py", "sweep/test_workers_with_dask.py"]
if not importlib.util.find_spec("nbgrader"):  # and make test-nbgrader these
    collect_ignore.append("grading/test_nbgrader.py")


def pytest_collection_finish():
    """Leave what the imports have made out of garbage collection: with TensorFlow it costs half a second each time."""
    gc.collect()
    gc.freeze()
