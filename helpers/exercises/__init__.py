"""Exercises and quizzes, one file a notebook (nb01, nb02, ...), on the frame in `core`.

In a notebook: `from helpers.exercises import ____, nb01`, then `nb01.some_exercise.check(answer)`.
"""

from helpers.exercises.core import Blank

____ = Blank()

__all__ = ["____"]
