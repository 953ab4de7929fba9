"""The convolution explorer: choose a kernel, its size, stride and padding, and watch the feature map.

Notebook 02 calls `show`. In a live notebook it has controls; anywhere else it draws one still figure.
"""

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from helpers.arguments import PADDINGS, check_padding, numbers, whole_number
from helpers.from_scratch.convolution import correlate, output_shape, padding_amounts
from helpers.notebook import plots
from helpers.notebook.frontend import is_live, safe_print

KERNELS = ("identity", "blur", "sharpen", "vertical edges", "horizontal edges", "outline")
LARGEST, LONGEST = 9, 8  # of the sliders for kernel size and stride
WRITTEN = 12  # images up to this many pixels high and wide get their values written on them
FRAMES = (plots.ORANGE, plots.SKY, plots.PURPLE)  # of the first, second and last place of the kernel
RIM = "black"  # around each frame, so that it shows on bright pixels too
RING = "#56708A"  # the tint of the zeros that padding adds


@dataclass(frozen=True)
class Explorer:
    """The live widget: `box` is what is displayed, `controls` and `picture` are its parts."""

    box: Any
    controls: dict[str, Any]
    picture: Any


def make_kernel(name: str, size: int) -> np.ndarray:
    """The kernel (size, size) of that name, one of `KERNELS`; at size 3 the edge kernels are Sobel's.

    Blur is the mean; sharpen is twice the pixel minus the blur; outline is the pixel minus its
    neighborhood, times size². Raises ValueError for an unknown name and for an edge kernel of size 1.
    """
    size = whole_number(size, "the kernel size", least=1)
    _check_name(name)
    if "edges" in name:
        if size == 1:
            raise ValueError("an edge kernel compares neighbors, so it needs a size of at least 2.")
        smooth = np.ones(1)
        for _ in range(size - 2):
            smooth = np.convolve(smooth, [1.0, 1.0])  # a row of Pascal's triangle
        across, along = np.convolve(smooth, [-1.0, 1.0]), np.convolve(smooth, [1.0, 1.0])
        return np.outer(along, across) if name == "vertical edges" else np.outer(across, along)
    dot, ones = np.zeros((size, size)), np.ones((size, size))
    dot[(size - 1) // 2, (size - 1) // 2] = 1.0
    made = {"identity": dot, "blur": ones / size**2, "sharpen": 2 * dot - ones / size**2}
    return made.get(name, size**2 * dot - ones)


def draw(
    image: Any, name: str, size: int = 3, *, stride: int = 1, padding: str = "valid"
) -> tuple[Figure, str]:
    """Draw input, kernel and feature map; return the figure, not yet shown, and its alt text.

    `image` is (height, width), or (height, width, 3), which becomes gray. Raises ValueError or TypeError,
    with a message for the reader, before anything is drawn.
    """
    gray, kernel = _gray(image), make_kernel(name, size)
    feature_map = correlate(gray, kernel, strides=stride, padding=padding)
    figure, axes = plots.new_figure(columns=3, width=8.8, height=3.7)
    axes[0].get_gridspec().set_width_ratios([1.3, 0.8, 1.2])
    _draw_input(axes[0], gray, size, stride, padding)
    limit = np.abs(kernel).max()
    draw_values(axes[1], kernel, colors="PuOr", low=-limit, high=limit, decimals=2, written=size <= 7)
    axes[1].set_title(f"kernel: {name}\n{size} × {size}", fontsize=12)
    limit = np.percentile(np.abs(feature_map), 99.5) or 1.0  # or a few extremes would turn the rest gray
    signed = kernel.sum() <= 0  # such a kernel answers with both signs: gray means zero
    low, high = (-limit, limit) if signed else (min(gray.min(), 0), max(gray.max(), 1))
    draw_values(axes[2], feature_map, low=low, high=high, written=max(feature_map.shape) <= WRITTEN)
    rows, columns = feature_map.shape
    zero = "; gray is 0" if signed else ""
    axes[2].set_title(f"feature map\n{rows} × {columns} values{zero}", fontsize=12)
    alt = (
        f"Convolution explorer: an image of {gray.shape[0]} by {gray.shape[1]} pixels, the {size} by {size} "
        f'kernel "{name}", and the feature map of {rows} by {columns} values at stride {stride}, '
        f"padding {padding}."
    )
    return figure, alt


def draw_values(
    axis: Axes,
    values: np.ndarray,
    *,
    low: float,
    high: float,
    colors: str = "gray",
    decimals: int = 1,
    written: bool = True,
) -> None:
    """Draw `values` (height, width) as colored cells in a thin frame, with the numbers on them if `written`."""
    axis.imshow(values, cmap=colors, vmin=low, vmax=high, interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set(visible=True, color="gray", linewidth=0.8)
    size = min(14, 62 / max(values.shape))
    for (row, column), value in np.ndenumerate(values) if written else ():
        shade = (value - low) / ((high - low) or 1.0)
        dark = shade < 0.45 if colors == "gray" else abs(shade - 0.5) > 0.28
        color, text = "white" if dark else "black", _short(value, decimals)
        axis.text(column, row, text, ha="center", va="center", color=color, fontsize=size)


def formula(image: Any, size: int, *, stride: int = 1, padding: str = "valid") -> str:
    """The output size worked out in words: "height: floor((28 + 0 - 3) / 1) + 1 = 26; width: ..."."""
    shape = np.shape(image)[:2]
    outputs = output_shape(shape, (size, size), strides=stride, padding=padding)
    parts = [
        f"{side}: floor(({n} + {sum(padding_amounts(n, size, stride=stride, padding=padding))} − {size})"
        f" / {stride}) + 1 = {output}"
        for side, n, output in zip(("height", "width"), shape, outputs, strict=True)
    ]
    return "; ".join(parts)


def build(
    image: Any, *, kernel: str = "vertical edges", size: int = 3, stride: int = 1, padding: str = "valid"
) -> Explorer:
    """The live widget. A setting that does not work shows its message in place of the picture."""
    import ipywidgets as widgets

    _gray(image)  # a wrong image or word is an error at once, a setting that does not fit only a message
    _check_name(kernel)
    check_padding(padding, pixels=False)
    largest = max(LARGEST, whole_number(size, "the kernel size", least=1))
    longest = max(LONGEST, whole_number(stride, "the stride", least=1))
    controls = {
        "name": widgets.Dropdown(options=KERNELS, value=kernel, description="kernel"),
        "size": widgets.IntSlider(value=size, min=1, max=largest, description="kernel size"),
        "stride": widgets.IntSlider(value=stride, min=1, max=longest, description="stride"),
        "padding": widgets.ToggleButtons(options=PADDINGS, value=padding, description="padding"),
    }
    picture = widgets.HTML()  # its content is replaced in one step, so nothing flickers

    def redraw(_change: Any = None) -> None:
        picture.value = _as_html(image, **{key: control.value for key, control in controls.items()})

    for control in controls.values():
        control.continuous_update = False  # redraw when the slider is let go, not at every pixel
        control.observe(redraw, names="value")
    redraw()
    left, right = [controls["name"], controls["padding"]], [controls["size"], controls["stride"]]
    return Explorer(
        box=widgets.VBox([widgets.HBox([widgets.VBox(left), widgets.VBox(right)]), picture]),
        controls=controls,
        picture=picture,
    )


def show(
    *, image: Any, kernel: str = "vertical edges", size: int = 3, stride: int = 1, padding: str = "valid"
) -> None:
    """Show the explorer for `image` with these settings to start from.

    With controls where someone can move them (JupyterLab, Colab); as a still figure on a code host, under
    papermill and in scripts, and where ipywidgets is not installed.
    """
    if is_live():
        try:
            explorer = build(image, kernel=kernel, size=size, stride=stride, padding=padding)
        except ImportError:
            safe_print("The controls need the package ipywidgets; here is a still picture.")
        else:
            from IPython.display import display

            display(explorer.box)
            return
    figure, alt = draw(image, kernel, size, stride=stride, padding=padding)
    plots.show(figure, alt=alt)
    safe_print("A still picture: in JupyterLab and in Colab this figure has controls.")


def _check_name(name: str) -> None:
    if name not in KERNELS:
        raise ValueError(f"unknown kernel {name!r}: choose one of {', '.join(KERNELS)}.")


def _as_html(image: Any, name: str, size: int, stride: int, padding: str) -> str:
    """The figure as an <img> with alt text, or the message of what does not work."""
    try:
        figure, alt = draw(image, name, size, stride=stride, padding=padding)
    except (TypeError, ValueError) as error:
        return f'<p role="alert"><b>This does not work:</b> {html.escape(str(error))}</p>'
    text = html.escape(formula(image, size, stride=stride, padding=padding))
    return f"{plots.as_html(figure, alt=alt)}<p>{text}</p>"


def _gray(image: Any) -> np.ndarray:
    """(height, width) as float64; uint8 is brought to 0…1, other numbers stay, colors are averaged."""
    array = np.asarray(image)
    gray = numbers(array.mean(axis=-1) if array.ndim == 3 else array, "image", "height, width")
    return gray / 255 if array.dtype == np.uint8 else gray


def _draw_input(axis: Axes, gray: np.ndarray, size: int, stride: int, padding: str) -> None:
    """The image in its tinted zeros, with the first two positions of the kernel and the last."""
    zeros = [padding_amounts(side, size, stride=stride, padding=padding) for side in gray.shape]
    padded, inside = np.pad(gray, zeros), np.pad(np.ones(gray.shape), zeros)
    written = max(padded.shape) <= WRITTEN
    draw_values(axis, padded, low=min(gray.min(), 0), high=max(gray.max(), 1), written=written)
    axis.imshow(np.ma.masked_equal(inside, 1), cmap=ListedColormap([RING]), interpolation="nearest")
    rows, columns = output_shape(gray.shape, (size, size), strides=stride, padding=padding)
    stamps = [(0, 0), (0, min(1, columns - 1)), (rows - 1, columns - 1)]
    insets = (0.0, min(0.4, size / 5), 0.0)  # in pixels: the second frame must not hide the first
    for (row, column), color, line, inset in zip(stamps, FRAMES, ("-", "-", "--"), insets, strict=True):
        corner, side = (column * stride - 0.5 + inset, row * stride - 0.5 + inset), size - 2 * inset
        axis.add_patch(
            Rectangle(
                corner,
                side,
                side,
                fill=False,
                edgecolor=color,
                linewidth=3,
                linestyle=line,
                path_effects=[Stroke(linewidth=5, foreground=RIM), Normal()],
            )
        )
    height, width = gray.shape
    text = f"{height} × {width}"
    if padded.shape != gray.shape:
        ring = "a ring of zeros" if np.min(zeros) else "added zeros"
        text += f", {padded.shape[0]} × {padded.shape[1]} with {ring}"
    axis.set_title(f"input; first, second, last place\n{text}", fontsize=12)


def _short(value: float, decimals: int) -> str:
    """The value with at most so many decimals, and a real minus sign: 3 for 3.0, 0 for −0.04."""
    rounded = round(float(value), decimals) + 0.0
    text = f"{rounded:.0f}" if rounded.is_integer() else f"{rounded:.{decimals}f}"
    return text.replace("-", "−")
