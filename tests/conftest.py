"""What all tests share: tests of pages run only where a browser can be driven."""

import importlib.util

collect_ignore = [] if importlib.util.find_spec("pytest_playwright") else ["browser"]
