"""Showing a live figure: as a widget where someone can use it, and as a still figure everywhere else.

`live` calls this for each figure. A still figure carries the settings of its live twin, so the web site can bring it
alive without a kernel.
"""

import sys
from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from helpers.notebook import plots
from helpers.notebook.frontend import is_live, safe_print
from helpers.widgets import modules

Still = Callable[[], tuple[Figure, str]]  # draws the still figure and says in a sentence what it shows
STILL_NOTE = "A still picture: in JupyterLab, in Colab and on the course's web site this figure is live."


def show(figure: str, settings: dict[str, Any], still: Still) -> None:
    """Show the live figure `figure` with these settings, which are plain JSON data; or its still version.

    Live in a notebook that someone sits at, if the package anywidget is there. Otherwise the picture that `still`
    draws, with the settings beside it.
    """
    if is_live():
        try:
            widget = make_widget(figure, settings)
        except ImportError:
            safe_print("Live figures need the package anywidget; here is a still picture.")
        else:
            from IPython.display import display

            display(widget)
            return
    drawing, alt = still()
    extra = {modules.MIME: {"figure": figure, "settings": settings}}
    plots.show(drawing, alt=alt, extra=extra)
    safe_print(STILL_NOTE)


def make_widget(figure: str, settings: dict[str, Any]) -> Any:
    """The figure as a widget. Raises ImportError where anywidget is not installed."""
    return _widget_class()(figure, settings)


def _widget_class() -> type:
    """`LiveFigure`, made when it is first asked for: anywidget is not needed to draw a still figure."""
    if "LiveFigure" not in globals():
        import anywidget
        import traitlets

        class LiveFigure(anywidget.AnyWidget):
            """A live figure: what it shows at first, and its words. What the reader changes stays in the page."""

            settings = traitlets.Dict().tag(sync=True)
            labels = traitlets.Dict().tag(sync=True)

            def __init__(self, figure: str, settings: dict[str, Any], **options: Any) -> None:
                self._esm, self._css = modules.source(figure), modules.style()
                super().__init__(settings=settings, labels=modules.labels_of(figure), **options)

        LiveFigure.__module__ = __name__
        sys.modules[__name__].LiveFigure = LiveFigure
    return globals()["LiveFigure"]
