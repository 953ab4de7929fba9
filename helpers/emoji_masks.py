"""Where the object is in an Emoji-10 scene: exactly known, because the scenes are composed.

Notebook 09 calls this to measure how much of a heat map lies on the object.
"""

import numpy as np


def object_masks(scenes: np.ndarray, without: np.ndarray, *, least: int = 8) -> np.ndarray:
    """True where the object is seen: where a scene differs from itself without its object.

    `without` are the same scenes drawn by `emoji10.scenes(..., objects=False)`.
    A pixel counts if one of its channels differs by `least` grey levels or more, which leaves out the faintest
    part of soft edges. A part of the object that has the background's colour does not count: it cannot be seen.
    Takes two arrays (scenes, height, width, 3) of uint8, gives (scenes, height, width) of bool. Raises ValueError
    where the two do not belong together.
    """
    if scenes.shape != without.shape or scenes.ndim != 4:
        raise ValueError(
            f"two arrays of the same scenes (scenes, height, width, 3) are needed, not {scenes.shape} "
            f"and {without.shape}."
        )
    difference = np.abs(scenes.astype(np.int16) - without.astype(np.int16))
    return (difference >= least).any(axis=-1)
