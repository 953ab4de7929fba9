"""tools.clean: `make clean` removes what the course made, and nothing else."""

import sys

from helpers import owned
from tools.clean import clean


def test_only_what_we_made_is_removed(tmp_path):
    build = tmp_path / "build"
    for name in ("ours", "edited", "theirs", "empty", "work"):
        (build / name).mkdir(parents=True)
    for name in ("ours", "edited"):
        (build / name / "01_a.ipynb").write_text("{}", encoding="utf-8")
        owned.record(build / name, "01_a.ipynb")
    (build / "edited" / "01_a.ipynb").write_text("my answers", encoding="utf-8")
    (build / "theirs" / "thesis.txt").write_text("mine", encoding="utf-8")
    (build / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    if sys.platform != "win32":  # where a link needs a permission of its own
        (build / "link").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "elsewhere" / "PKG-INFO").touch()  # a cache that is kept somewhere else
        (tmp_path / "cnn_course.egg-info").symlink_to(tmp_path / "elsewhere")
    for cache, tag in ((".ruff_cache", "CACHEDIR.TAG"), (".pytest_cache", "mine.txt")):
        (tmp_path / cache).mkdir()
        (tmp_path / cache / tag).touch()

    kept = clean(tmp_path)

    there = sorted(path.name for path in build.iterdir())
    assert [name for name in there if name != "link"] == ["edited", "notes.txt", "theirs", "work"]
    assert len(kept) == len(there) and "01_a.ipynb" in kept[0] and (tmp_path / "elsewhere").is_dir()
    assert list((tmp_path / "elsewhere").iterdir()) == [*(tmp_path / "elsewhere").glob("PKG-INFO")]
    assert (build / "edited" / "01_a.ipynb").read_text(encoding="utf-8") == "my answers"
    assert (build / "theirs" / "thesis.txt").exists()
    assert not (tmp_path / ".ruff_cache").exists() and (tmp_path / ".pytest_cache").exists()


def test_nothing_to_clean_is_fine(tmp_path):
    assert clean(tmp_path) == []
    (tmp_path / "build").mkdir()
    assert clean(tmp_path) == [] and not (tmp_path / "build").exists()
