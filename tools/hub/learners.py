"""The learners of a hub: who may log in. The teacher keeps them in one file, and only the teacher can read it.

    python3 -m tools.hub.learners add anna ben     # prints a new password for each, once
    python3 -m tools.hub.learners remove ben       # no longer logs in; the folder stays
    python3 -m tools.hub.learners list

The program makes the passwords, so none is weak and none is a default; `add` a second time gives a new one. The file
is hub-data/learners.json, or lies in the folder that CNN_HUB_DATA names. It holds for each learner the password's
scrypt hash, and an account number of the system that nobody else has. Nothing here needs more than Python itself, so
the file can go to a hub on other machines, too.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import sys
import tempfile
from pathlib import Path

# Account numbers that systems leave free. Each file begins somewhere else in them, so that two hubs on one machine
# don't take one another's learners for theirs.
ACCOUNTS = range(1_900_000_000, 2_140_000_000)
APART = 10_000
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")  # a folder and a part of an address: no dots, no slashes
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
GROUPS, GROUP = 4, 4  # a password is four times four of them: 79 bits
COST = {"n": 2**14, "r": 8, "p": 1}  # scrypt: 16 MB and some 50 ms a try


def default_file() -> Path:
    """Where the file is, unless somebody says otherwise."""
    root = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("CNN_HUB_DATA") or root / "hub-data").resolve() / "learners.json"


def load(file: Path) -> dict[str, dict]:
    """Name → {"account": number, "password": hash, or None for one who was removed}; empty where there is no file.

    Raises ValueError for a file that is not of this form.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        learners = json.loads(text)
        sound = all(NAME.fullmatch(name) and _is_sound(entry) for name, entry in learners.items())
    except (ValueError, AttributeError, TypeError, KeyError):
        sound = False
    if not sound:
        raise ValueError(
            f"{file} is not a list of learners. Take it from a backup, or delete it and add them again."
        )
    return learners


def _is_sound(entry: dict) -> bool:
    kept = entry["password"]
    return entry["account"] in ACCOUNTS and (kept is None or len(kept.split("$")) == 3)


def save(file: Path, learners: dict[str, dict]) -> None:
    """Write the file, whole or not at all; nobody else may read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(prefix=".writing-", dir=file.parent)  # for its owner only
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(learners, stream, indent=1)
    Path(part).replace(file)


def add(file: Path, names: list[str]) -> dict[str, str]:
    """Give each of these learners a new password and return them. Raises ValueError for a name that can't be one."""
    for name in names:
        if not NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} can't be a learner's name: small letters a to z, then digits and - too, 31 at most."
            )
    learners, passwords = load(file), {}
    for name in names:
        passwords[name] = new_password()
        account = learners[name]["account"] if name in learners else _free_account(learners)
        learners[name] = {"account": account, "password": hashed(passwords[name])}
    save(file, learners)
    return passwords


def _free_account(learners: dict[str, dict]) -> int:
    """One that none of them ever had: an account owns the files of whoever had it."""
    if learners:
        return 1 + max(entry["account"] for entry in learners.values())
    return secrets.choice(ACCOUNTS[::APART])


def remove(file: Path, names: list[str]) -> None:
    """Let these learners in no longer. Raises ValueError for one who isn't there."""
    learners = load(file)
    for name in names:
        if name not in learners:
            raise ValueError(f"there is no learner called {name!r}; `list` shows them.")
        learners[name]["password"] = None
    save(file, learners)


def new_password() -> str:
    """A random password, such as "kq7m-2vhd-x9pf-u3wa"."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


def hashed(password: str) -> str:
    """The password's hash with its salt: "scrypt$salt$hash"."""
    salt = secrets.token_bytes(16)
    return "$".join(["scrypt", base64.b64encode(salt).decode(), _scrypt(password, salt)])


def matches(learners: dict[str, dict], name: str, password: str) -> bool:
    """Whether this is the learner's password. A name that isn't there takes as long as a wrong password."""
    kept = learners.get(name, {}).get("password")
    _, salt, digest = (kept or "scrypt$$").split("$")
    right = hmac.compare_digest(_scrypt(password, base64.b64decode(salt)), digest)
    return bool(kept) and right


def _scrypt(password: str, salt: bytes) -> str:
    return base64.b64encode(hashlib.scrypt(password.encode(), salt=salt, **COST)).decode()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.hub.learners",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("add", "remove", "list"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args(arguments)
    file = default_file()
    if bool(options.names) == (options.what == "list"):
        parser.error("`add` and `remove` need names, and `list` takes none")
    try:
        if options.what == "add":
            for name, password in add(file, options.names).items():
                print(f"{name:<32}{password}")
            print(f"Only the hashes are kept, in {file}: note the passwords now.", file=sys.stderr)
        elif options.what == "remove":
            remove(file, options.names)
        else:
            for name, entry in sorted(load(file).items()):
                print(name if entry["password"] else f"{name} (removed)")
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
