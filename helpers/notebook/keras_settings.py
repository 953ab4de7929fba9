"""Settings of Keras that a machine may carry from earlier work, and that change or break every notebook.

Keras reads them from keras.json in its home folder and from the environment, when it is imported. Nothing here loads
Keras or TensorFlow, so `helpers.notebook.machine` can report them before; `helpers.notebook.quiet_keras` overrules
them when it loads Keras.
"""

import json
import os
from collections.abc import Mapping, MutableMapping
from typing import Any

from helpers.paths import keras_home, short

# What the course needs, by the name in keras.json: Keras' own values where there is no such file.
NEEDED = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7, "backend": "tensorflow"}
_ALLOWED = {
    "image_data_format": ("channels_last", "channels_first"),
    "floatx": ("float16", "float32", "float64"),
}
_CUT_SHORT = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")  # every training


def read_file() -> tuple[dict[str, Any], str | None]:
    """What keras.json sets (empty if there is none), and a sentence on what is wrong with the file, or None."""
    path = keras_home() / "keras.json"
    file = short(path)
    remedy = "Rename or delete it (Keras then writes a new one) and restart the kernel."
    if not os.path.exists(path):  # noqa: PTH110 - Path's raises in a locked folder
        return {}, None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, f"Keras' settings file {file} can't be read ({error.strerror}). {remedy}"
    except (ValueError, RecursionError):
        return {}, f"Keras' settings file {file} is not valid JSON. {remedy}"
    if not isinstance(content, dict):
        return {}, f"Keras' settings file {file} holds no settings by name. {remedy}"
    wrong = [name for name, known in _ALLOWED.items() if content.get(name, known[0]) not in known]
    if not isinstance(content.get("epsilon", 1e-7), float):
        wrong.append("epsilon")
    if wrong:
        values = ", ".join(f"{name} {content[name]!r}" for name in wrong)
        return {}, f"Keras' settings file {file} has values that Keras doesn't know: {values}. {remedy}"
    return content, None


def problems(settings: Mapping[str, str]) -> list[str]:
    """What in keras.json and in the environment variables `settings` the course can't use, one sentence each."""
    content, wrong = read_file()
    found = [wrong] if wrong else []
    if different := {
        name: content[name] for name, value in NEEDED.items() if content.get(name, value) != value
    }:
        found.append(f"{in_words(different)}. Delete that file if no other work of yours needs it.")
    if reason := _no_home():
        found.append(f"{reason}: set KERAS_HOME to a folder of yours and restart the kernel.")
    return found + [f"{sentence}: unset it." for _, sentence in _foreign(settings)]


def _no_home() -> str | None:
    """Why Keras can't keep downloads where it wants to, or None: its folder may still have to be made."""
    place = keras_home()
    while True:
        try:
            os.stat(place)  # noqa: PTH116
            break
        except PermissionError:
            break
        except OSError:
            place = place.parent
    if os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):  # noqa: PTH112
        return None
    why = "is a file" if os.path.isfile(place) else "can't be written to"  # noqa: PTH113
    return f"Keras keeps its downloads in {short(keras_home())}, and {short(place)} {why}"


def in_words(different: Mapping[str, Any]) -> str:
    """What keras.json sets and the course uses instead, without a full stop."""
    theirs = ", ".join(f"{name} {value!r}" for name, value in different.items())
    ours = ", ".join(repr(NEEDED[name]) for name in different)
    return f"{short(keras_home() / 'keras.json')} sets {theirs}; the course's notebooks use {ours} instead"


def overrule(settings: MutableMapping[str, str]) -> list[str]:
    """Change environment variables that stop Keras from being what the course needs; return what was wrong."""
    foreign = _foreign(settings)
    for name, _ in foreign:
        del settings[name]
    settings.setdefault("KERAS_BACKEND", "tensorflow")  # or keras.json could choose another
    settings["KERAS_NNX_ENABLED"] = "0"  # or keras.json could ask for it
    return [sentence for _, sentence in foreign]


def _foreign(settings: Mapping[str, str]) -> list[tuple[str, str]]:
    """The environment variables that don't suit the course, and for each a sentence without a full stop."""
    found = []
    backend = settings.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        found.append(("KERAS_BACKEND", f"KERAS_BACKEND is {backend!r}, and the course needs 'tensorflow'"))
    if settings.get("TF_USE_LEGACY_KERAS", "0").lower() not in ("", "0", "false"):
        sentence = "TF_USE_LEGACY_KERAS makes tf.keras Keras 2, and the course needs Keras 3"
        found.append(("TF_USE_LEGACY_KERAS", sentence))
    found += [
        (name, f"{name} is {settings[name]!r}, and the course's trainings need their full length")
        for name in _CUT_SHORT
        if name in settings
    ]
    if settings.get("KERAS_NNX_ENABLED", "").lower() in ("true", "1"):
        found.append(
            ("KERAS_NNX_ENABLED", "KERAS_NNX_ENABLED is for Keras on JAX, and the course uses TensorFlow")
        )
    if flags := settings.get("TF_XLA_FLAGS"):  # one that TensorFlow doesn't know ends the process
        found.append(
            ("TF_XLA_FLAGS", f"TF_XLA_FLAGS is {flags!r}, which changes or stops what TensorFlow computes")
        )
    if settings.get("KERAS_HOME") == "":
        found.append(("KERAS_HOME", "KERAS_HOME is empty, so Keras would keep its files wherever it runs"))
    return found
