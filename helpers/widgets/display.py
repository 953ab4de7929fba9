"""Showing a live figure: as a widget where someone can use it, and as a still figure everywhere else.

The functions of `live` call this. A still figure carries the settings of its live twin beside the picture, so that the
web site can bring it alive without a kernel.
"""

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from helpers.notebook import plots
from helpers.notebook.frontend import is_live, safe_print
from helpers.widgets import modules

Still = Callable[[], tuple[Figure, str]]  # draws the still figure, and says in a sentence what it shows
NOTE = "A still picture: in JupyterLab, in Colab and on the course's web site this figure is live."


def show(figure: str, settings: dict[str, Any], still: Still) -> None:
    """Show the live figure named `figure`, one of `modules.FIGURES`, with these settings, which are plain JSON data.

    Live in a notebook that someone sits at, if the package anywidget is installed; otherwise what `still` draws.
    """
    if is_live():
        try:
            from helpers.widgets.live_figure import LiveFigure
        except ImportError:
            safe_print("Live figures need the package anywidget; here is a still picture.")
        else:
            from IPython.display import display

            display(LiveFigure(figure, settings))
            return
    drawing, alt = still()
    plots.show(drawing, alt=alt, extra={modules.MIME: {"figure": figure, "settings": settings}})
    safe_print(NOTE)
