"""After whitening, the covariance is the identity, and a whole photograph is whitened patch by patch."""

import numpy as np
import pytest

from helpers.from_scratch import whitening

RNG = np.random.default_rng(4)


def smooth(count, side):
    """Patches whose neighboring values are alike."""
    rough = RNG.normal(size=(count, side + 2, side + 2, 2))
    return sum(rough[:, i : i + side, j : j + side] for i in range(3) for j in range(3)) + 5


def covariance(patches, mean, matrix):
    return np.cov((patches.reshape(len(patches), -1) - mean) @ matrix, rowvar=False)


def test_the_covariance_becomes_the_identity():
    patches = smooth(400, 3)
    before = np.cov(patches.reshape(400, -1), rowvar=False)
    assert np.abs(before - np.eye(18)).max() > 1
    assert np.allclose(covariance(patches, *whitening.fit(patches)), np.eye(18), atol=1e-8)


def test_the_matrix_is_symmetric_and_epsilon_makes_it_gentler():
    patches = smooth(400, 3)
    (_, strict), (_, gentle) = whitening.fit(patches), whitening.fit(patches, epsilon=1.0)
    assert np.allclose(strict, strict.T) and np.abs(gentle).max() < np.abs(strict).max()
    after = np.diag(covariance(patches, *whitening.fit(patches, epsilon=1.0)))
    assert (after < 1).all()


def test_no_other_matrix_that_whitens_changes_the_patches_less():
    patches = smooth(500, 3)
    flat = (patches - patches.mean(axis=0)).reshape(500, -1)
    _, matrix = whitening.fit(patches)
    turn, _ = np.linalg.qr(RNG.normal(size=(18, 18)))
    assert ((flat @ matrix - flat) ** 2).sum() < ((flat @ matrix @ turn - flat) ** 2).sum()


def test_a_photograph_is_whitened_patch_by_patch():
    image = RNG.normal(size=(12, 15, 2))
    _, matrix = whitening.fit(smooth(400, 3))
    white = whitening.photograph(image, matrix, side=3)
    patch = image[4:7, 6:9].reshape(-1) @ matrix  # its middle is the pixel in row 5, column 7
    other = image[2:5, 1:4].reshape(-1) @ matrix
    assert white.shape == image.shape
    assert np.allclose(white[5, 7] - white[3, 2], (patch - other).reshape(3, 3, 2)[1, 1])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="need more than 18 patches"):
        whitening.fit(smooth(18, 3))
    with pytest.raises(ValueError, match="middle pixel"):
        whitening.filters(np.eye(8), side=2, channels=2)
    with pytest.raises(ValueError, match="is not for patches"):
        whitening.photograph(np.zeros((5, 5, 3)), np.eye(18), side=3)
