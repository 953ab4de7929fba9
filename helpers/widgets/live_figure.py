"""The widget of the live figures. `display` imports it when it is needed: a still figure needs no anywidget."""

from typing import Any

import anywidget
import traitlets

from helpers.widgets import modules


class LiveFigure(anywidget.AnyWidget):
    """One of `modules.FIGURES`: `settings` says what it shows at first, `labels` are its words.

    What the reader changes in it stays in the page: the figure needs the kernel no more once it is shown.
    """

    settings = traitlets.Dict().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)

    def __init__(self, figure: str, settings: dict[str, Any], **options: Any) -> None:
        self._esm, self._css = modules.source(figure), modules.style()
        super().__init__(settings=settings, labels=modules.labels_of(figure), **options)
