"""ZCA whitening of image patches, and of whole photographs, in NumPy.

    mean, matrix = whitening.fit(patches, epsilon=1e-3)  # patches (n, side, side, channels)
    white = whitening.photograph(image, matrix, side=9)

Notebook 08c builds the matrix itself, and takes these for whole photographs.
"""

import numpy as np
from scipy import ndimage

from helpers.arguments import whole_number


def fit(patches: np.ndarray, epsilon: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The mean patch, flat, and the symmetric matrix after which the patches' values are uncorrelated.

    `patches` are (n, ...) numbers, more of them than values in a patch; `epsilon` (0 or more) is added to the variance
    along every direction. With 0, the covariance of `(flat - mean) @ matrix` is the identity (Bell and Sejnowski,
    1997; Kessy, Lewin and Strimmer, 2018). Raises ValueError for too few patches.
    """
    flat = np.asarray(patches, dtype=np.float64).reshape(len(patches), -1)
    if len(flat) <= flat.shape[1]:
        raise ValueError(
            f"{flat.shape[1]} values in a patch need more than {flat.shape[1]} patches, not {len(flat)}."
        )
    variances, turn = np.linalg.eigh(np.cov(flat, rowvar=False))
    return flat.mean(axis=0), turn / np.sqrt(np.maximum(variances, 0) + epsilon) @ turn.T


def filters(matrix: np.ndarray, side: int, channels: int = 3) -> np.ndarray:
    """What the matrix does to the middle pixel of a patch, as filters: (channels, side, side, channels).

    `side` must be odd, so that there is a middle pixel; otherwise, or if the matrix is for other patches, ValueError.
    """
    side, channels = whole_number(side, "side", least=1), whole_number(channels, "channels", least=1)
    if side % 2 == 0 or matrix.shape != (side * side * channels,) * 2:
        raise ValueError(
            f"a matrix of shape {matrix.shape} is not for patches of {side}×{side}×{channels} with a middle pixel."
        )
    middle = (side * side // 2) * channels
    return matrix[:, middle : middle + channels].T.reshape(channels, side, side, channels)


def photograph(image: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    """Whiten a whole photograph (height, width, channels): each pixel as the middle of its own patch.

    The result is float64, around 0, of the same shape; at the border the photograph is reflected.
    """
    image = np.asarray(image, dtype=np.float64)
    channels = image.shape[-1]
    white = [
        sum(
            ndimage.correlate(image[..., channel], one[..., channel], mode="reflect")
            for channel in range(channels)
        )
        for one in filters(matrix, side, channels)
    ]
    white = np.stack(white, axis=-1)
    return white - white.mean(axis=(0, 1))
