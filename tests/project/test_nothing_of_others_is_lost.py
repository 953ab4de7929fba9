"""Nothing that the course did not write itself is ever removed or overwritten.

Every place in helpers/ and tools/ that removes, moves or writes is in a table with the reason why it is safe, and
whatever a reader calls leaves a reader's own files as they are.
"""

import ast
import multiprocessing
import os
import re
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from helpers import owned
from helpers.data import image_folders, locate
from helpers.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
needs_links = pytest.mark.skipif(os.name == "nt", reason="making links needs special rights on Windows")

# --- Every place in the code -------------------------------------------------------------------------------

OURS = "only files that the course has just made, under names that nobody else has"
COMMITTED = "only files of the course's own repository, which this tool makes"
CHECKED = "asks helpers.owned before, which refuses all that is not the course's own"
SAFE = {
    "helpers/owned.py written": OURS,
    "helpers/owned.py remove": "only the empty folder that it has just made",
    "helpers/owned.py mark": "only the marker",
    "helpers/owned.py write_whole": "its callers ask may_overwrite, or write the marker or the repository's own files",
    "helpers/owned.py set_aside": "gives a file a new name that nothing has",
    "helpers/owned.py _swap_in": CHECKED,
    "helpers/owned.py _moved_aside": CHECKED,
    "helpers/owned.py _carry": "into the fresh folder that owned.written gives",
    "helpers/owned.py _delete": "only what the marker lists, after it was compared with the list",
    "helpers/data/image_folders.py fill": "into the fresh folder that owned.written gives",
    "helpers/data/phone_photos.py _on_its_side": "into the fresh folder that owned.written gives",
    "helpers/data/phone_photos.py write_forms": "into the fresh folder that owned.written gives",
    "helpers/drawings/heat_figure.py dithered_png": "into memory",
    "helpers/exercises/nb08b.py _opened": "into memory",
    "helpers/data/locate.py unpack": "into a temporary folder, which is moved to its name only if nothing is there",
    "helpers/data/download.py fetch": "what has the name of the download is set aside before",
    "helpers/data/download.py _complete": "only the part, whose name has the checksum in it",
    "helpers/data/download.py _continue": "only the part, whose name has the checksum in it",
    "helpers/data/download.py _receive": "only the part, whose name has the checksum in it",
    "helpers/data/download.py _lock": "only the lock of the part, whose name has the checksum in it",
    "helpers/notebook/course.py _note": "adds a line to a file that a sweep has made for it",
    "helpers/notebook/plots.py small_png": "into memory",
    "helpers/notebook/work_folder.py _free_one": "only the lock, in the course's own folder of work",
    "helpers/training/attempts.py begin": "a note whose name has its process and the time in it",
    "helpers/training/attempts.py finish": "gives the note that it has made another ending",
    "tools/clean.py clean": "caches and package notes that say whose they are; nobody keeps work in them",
    "tools/clean.py _removed_or_why_not": CHECKED,
    "tools/colab/build.py remove_stale": CHECKED,
    "tools/colab/colab_start.py keep_changes": "a file that is made new, or not at all",
    "tools/colab/colab_start.py write_whole": "what a reader changed is copied aside by keep_changes before",
    "tools/colab/colab_start.py unpack": "only the temporary folder that it has just made",
    "tools/colab/payload.py archive": "into memory",
    "tools/colab/try_alone.py kernel": "into a temporary folder",
    "tools/colab/try_alone.py run_alone": "into a temporary folder",
    "tools/grading/answering.py main": "no file: its own standard output, under another number",
    "tools/grading/nbgrader.py write": "into the fresh folder that owned.written gives",
    "tools/grading/report.py write": "into the fresh folder that owned.written gives",
    "tools/hub/learners.py add": "by save",
    "tools/hub/learners.py remove": "by save",
    "tools/hub/learners.py save": "the hub's own list of learners, which it has read before, whole or not at all",
    "tools/hub/limits.py enter": "no file: the kernel's control groups",
    "tools/hub/limits.py find_groups": "no file: the kernel's control groups",
    "tools/hub/limits.py make": "no file: the kernel's control groups",
    "tools/hub/limits.py remove": "no file: the kernel's control groups, once nothing runs in them",
    "tools/hub/start.py copy_course": CHECKED,
    "tools/hub/trial.py running_hub": "into a temporary folder",
    "tools/make_assets/convert_efficientnet.py main": COMMITTED,
    "tools/make_assets/efficientnet_checkpoint.py write_npz": COMMITTED,
    "tools/make_assets/emoji_sprites.py build": COMMITTED,
    "tools/make_assets/emoji_sprites.py sheet": COMMITTED,
    "tools/make_assets/live_network.py main": COMMITTED,
    "tools/make_assets/map_pictures.py main": COMMITTED,
    "tools/make_assets/photographs.py build_gallery": COMMITTED,
    "tools/make_assets/photographs.py fresh": "only what its credits.csv names; a folder with anything else is refused",
    "tools/make_assets/photographs.py save_jpeg": COMMITTED,
    "tools/make_assets/photographs.py write_credits": COMMITTED,
    "tools/make_assets/samples.py main": COMMITTED,
    "tools/notebooks/copies.py prepared": CHECKED,
    "tools/notebooks/files.py take_away": CHECKED,
    "tools/site/pages.py archive": "into the fresh folder that owned.written gives",
    "tools/site/pages.py gather": "into the fresh folder that owned.written gives",
    "tools/site/pages.py gather_own": "into the fresh folder that owned.written gives",
    "tools/site/pages.py gather_results": "into the fresh folder that owned.written gives",
    "tools/site/colab_parts.py write": "into the fresh folder that owned.written gives",
    "tools/site/texts.py gather_texts": "into the fresh folder that owned.written gives",
    "tools/site/living.py write_scripts": "into the fresh folder that owned.written gives",
    "tools/site/living.py write_pictures": "into the fresh folder that owned.written gives",
    "tools/make_assets/site_cards.py encoded": "into memory",
    "tools/make_assets/site_cards.py main": COMMITTED,
    "tools/notebooks/execute.py main": "no file: its own standard output, under another number",
    "tools/sweep/cluster.py _temporary": "only the temporary folder that it has just made",
    "tools/sweep/cluster.py snapshot": "into a temporary folder",
    "tools/sweep/run.py write": "only the sweep's own files in results/claims, which it has read before",
    "tools/sweep/run.py _held": "only the lock and a file of its own that it has just written",
    "tools/sweep/task.py _run": "into a temporary folder",
}

ALWAYS = {
    "rmtree", "unlink", "rmdir", "removedirs", "rename", "renames", "write_bytes", "write_text", "save", "savez",
    "savez_compressed", "savetxt", "tofile", "to_csv", "imsave", "save_img", "savefig", "save_weights", "extractall",
    "copyfile", "copy2", "copytree", "symlink_to", "hardlink_to", "touch", "truncate", "make_archive", "FileLock",
}  # fmt: skip
ONLY_OF = {"remove": ("os",), "move": ("shutil",), "copy": ("shutil",), "write": ("nbformat",), "link": ("os",),
           "extract": ("archive", "file")}  # fmt: skip
IN_TEXT = re.compile(r"rmtree\(|\.unlink\(|extractall\(|\.rename\(|write_(?:text|bytes)\(|--clear")
IN_MAKEFILE = re.compile(r"\brm\b|\bmv\b|--clear|--delete")


def writes(call: ast.Call) -> bool:
    """Whether a call may remove, move or overwrite something on a disk."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = getattr(getattr(call.func, "value", None), "id", "")
    if name == "replace":  # a string's takes two texts, a dataclass's keywords
        return owner == "os" or (len(call.args) == 1 and not call.keywords)
    if name in ONLY_OF:
        return owner in ONLY_OF[name]
    if name in ("open", "fdopen", "ZipFile", "TarFile"):
        given = [*call.args, *(word.value for word in call.keywords)]
        texts = [node.value for arg in given for node in ast.walk(arg) if isinstance(node, ast.Constant)]
        modes = [
            text for text in texts if isinstance(text, str) and re.fullmatch(r"[rwaxbt+|:*gz]{1,5}", text)
        ]
        return any(set(mode) & set("wax+") for mode in modes)
    return name in ALWAYS


def places(path: Path) -> set[str]:
    """ "FILE FUNCTION" for every such call in a file; code in texts counts too."""
    found = set()

    def visit(node: ast.AST, function: str) -> None:
        for child in ast.iter_child_nodes(node):
            inside = child.name if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) else function
            text = child.value if isinstance(child, ast.Constant) and isinstance(child.value, str) else ""
            if (isinstance(child, ast.Call) and writes(child)) or IN_TEXT.search(text):
                found.add(f"{path.relative_to(ROOT).as_posix()} {inside}")
            visit(child, inside)

    visit(ast.parse(path.read_text(encoding="utf-8")), "<module>")
    return found


def all_places() -> set[str]:
    files = [path for room in ("helpers", "tools") for path in (ROOT / room).rglob("*.py")]
    return set.union(*map(places, files))


def test_every_place_that_removes_moves_or_overwrites_has_its_reason():
    """A new one? Use helpers.owned, or say in the table why nothing of a reader's can be lost there."""
    found = all_places()
    assert found - set(SAFE) == set(), "places without a reason"
    assert set(SAFE) - found == set(), "reasons without a place"


def test_make_removes_and_moves_nothing_itself():
    """Its recipes call tools, which ask helpers.owned; an environment is emptied only where it is known to be ours."""
    recipes = [
        line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if line[:1] == "\t"
    ]
    found = [line.strip() for line in recipes if IN_MAKEFILE.search(line)]
    assert all("venv --clear $(@D)" in line for line in found), found


@pytest.mark.parametrize(
    "code",
    ["shutil.rmtree(x)", "x.unlink()", "x.replace(y)", "os.replace(x, y)", "x.rename(y)", "x.write_text('')",
     "open(x, 'w')", "x.open('ab')", "x.open('ab' if y else 'wb')", "open(x, mode='r+')", "image.save(x)",
     "np.savez(x, a=1)", "file.extractall(x)", "shutil.copy(x, y)", "os.remove(x)", "tarfile.open(x, 'w:gz')",
     "zipfile.ZipFile(x, 'w')"],
)  # fmt: skip
def test_the_walk_sees(code):
    assert writes(ast.parse(code).body[0].value)


@pytest.mark.parametrize(
    "code",
    ["text.replace('a', 'b')", "replace(spec, size=3)", "open(x)", "x.open('rb')", "names.remove(x)", "x.copy()",
     "Image.open(x)", "tarfile.open(x, 'r:*')", "file.write(x)", "x.read_text()"],
)  # fmt: skip
def test_the_walk_leaves_alone(code):
    assert not writes(ast.parse(code).body[0].value)


# --- helpers.owned -----------------------------------------------------------------------------------------


def fill(folder, **files):
    for name, text in (files or {"a": "ours", "b": "ours too"}).items():
        (folder / "deep").mkdir(exist_ok=True)
        (folder / "deep" / f"{name}.txt").write_text(text, encoding="utf-8")


def made(place, **files):
    with owned.written(place) as fresh:
        fill(fresh, **files)
    return place


def everything(folder):
    """Every file below a folder with its content, links as links."""
    return {
        path.relative_to(folder).as_posix(): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_a_folder_appears_whole_with_its_marker_and_is_replaced(tmp_path):
    place = made(tmp_path / "new" / "folder")
    assert sorted(everything(place)) == [owned.MARKER, "deep/a.txt", "deep/b.txt"]
    assert "The course made this folder" in (place / owned.MARKER).read_text(encoding="utf-8")
    assert owned.refusal(place) == ""
    made(place, c="newer")
    assert sorted(everything(place)) == [owned.MARKER, "deep/c.txt"]
    assert [path.name for path in place.parent.iterdir()] == ["folder"], "nothing is left beside it"
    assert place.stat().st_mode & 0o777 == (tmp_path / "new").stat().st_mode & 0o777


def test_an_error_in_the_block_changes_nothing(tmp_path):
    place = made(tmp_path / "folder")
    before = everything(tmp_path)
    with pytest.raises(RuntimeError), owned.written(place) as fresh:
        fill(fresh, c="half")
        raise RuntimeError
    with pytest.raises(RuntimeError), owned.written(tmp_path / "other") as fresh:
        raise RuntimeError
    assert everything(tmp_path) == before and [path.name for path in tmp_path.iterdir()] == ["folder"]


def added(place):
    (place / "mine.txt").write_text("mine")


def added_deep(place):
    (place / "deep" / "mine.txt").write_text("mine")


def added_folder(place):
    (place / "mine").mkdir()


def added_hidden(place):
    (place / ".mine").write_text("mine")


def changed(place):
    (place / "deep" / "a.txt").write_text("mine")


def changed_to_the_same_length(place):
    (place / "deep" / "a.txt").write_text("mine")
    os.utime(place / "deep" / "a.txt", (1, 1))


def renamed(place):
    (place / "deep" / "a.txt").rename(place / "deep" / "mine.txt")


def marker_gone(place):
    (place / owned.MARKER).unlink()


def marker_broken(place):
    (place / owned.MARKER).write_text("{")


def marker_too_deep(place):
    (place / owned.MARKER).write_text("[" * 100_000)


def a_folder_for_a_file(place):
    (place / "deep" / "a.txt").unlink()
    (place / "deep" / "a.txt").mkdir()
    (place / "deep" / "a.txt" / "mine").write_text("mine")


@pytest.mark.parametrize(
    "touch",
    [added, added_deep, added_folder, added_hidden, changed, changed_to_the_same_length, renamed, marker_gone,
     marker_broken, marker_too_deep, a_folder_for_a_file],
)  # fmt: skip
def test_what_was_added_or_changed_keeps_the_whole_folder(tmp_path, touch):
    place = made(tmp_path / "folder")
    touch(place)
    before, folders = everything(tmp_path), sorted(tmp_path.rglob("*"))
    for act in (made, owned.remove):
        with pytest.raises(
            DataError, match="not overwritten|nothing there is overwritten|not made by the course"
        ):
            act(place)
        assert everything(tmp_path) == before and sorted(tmp_path.rglob("*")) == folders


def test_what_a_system_puts_into_folders_is_carried_over(tmp_path):
    """A Mac writes .DS_Store into every folder that one looks at: the cell must run again, and nothing is lost."""
    place = made(tmp_path / "folder")
    for name in (".DS_Store", "deep/.DS_Store", "deep/Thumbs.db"):
        (place / name).write_text(f"of {name}")
    for text in ("newer", "newest"):
        with owned.written(place) as fresh:
            (fresh / "b.txt").write_text(text)
        for name in (".DS_Store", "deep/.DS_Store", "deep/Thumbs.db"):
            assert (place / name).read_text() == f"of {name}"
    assert (place / "b.txt").read_text() == "newest" and not (place / "deep" / "a.txt").exists()
    before = everything(tmp_path)
    with pytest.raises(
        DataError, match=r"holds .*\.DS_Store, which the course did not write, so it is not removed"
    ):
        owned.remove(place)
    assert everything(tmp_path) == before


def test_a_file_that_is_missing_is_no_reason_to_refuse(tmp_path):
    place = made(tmp_path / "folder")
    (place / "deep" / "a.txt").unlink()
    owned.remove(place)
    assert list(tmp_path.iterdir()) == []
    owned.remove(place)  # nothing there: nothing to do


def test_an_empty_folder_may_be_written_to_and_is_not_removed(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="was not made by the course"):
        owned.remove(tmp_path / "folder")
    made(tmp_path / "folder")
    assert len(everything(tmp_path / "folder")) == 3


@pytest.mark.parametrize("below", [".", "deep"])
def test_the_folder_that_the_program_runs_in_stays(tmp_path, monkeypatch, below):
    """Replaced, it would be gone for the notebook that runs in it."""
    place = made(tmp_path / "folder")
    monkeypatch.chdir(place / below)
    for act in (made, owned.remove):
        with pytest.raises(DataError, match="is the folder that this program runs in"):
            act(place)
    assert Path.cwd().exists()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(DataError, match="is the folder that this program runs in"):
        made(Path())


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "folder").write_text("mine")
    for act in (made, owned.remove):
        with pytest.raises(DataError, match="is a file, not a folder, and it is not overwritten"):
            act(tmp_path / "folder")
    with pytest.raises(DataError, match="cannot be written"):
        made(tmp_path / "folder" / "below")
    assert everything(tmp_path) == {"folder": b"mine"}


@needs_links
def test_links_are_never_followed(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "photo.jpg").write_text("mine")
    link = tmp_path / "link"
    for target in (mine, made(tmp_path / "ours")):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        for act in (made, owned.remove):
            for name in (link, f"{link}{os.sep}"):
                with pytest.raises(DataError, match="is a link to another place"):
                    act(name)
    place = made(tmp_path / "folder")
    (place / "deep" / "more").symlink_to(mine)  # in a marked folder
    (place / "deep" / "a.txt").unlink()
    (place / "deep" / "a.txt").symlink_to(mine / "photo.jpg")  # under a name that is listed
    before = everything(tmp_path)
    for act in (made, owned.remove):
        with pytest.raises(DataError, match=r"deep/a.txt, deep/more"):
            act(place)
    assert everything(tmp_path) == before


@needs_links
def test_the_same_content_behind_a_link_is_not_ours(tmp_path):
    place = made(tmp_path / "folder")
    (tmp_path / "copy.txt").write_text("ours")
    (place / "deep" / "a.txt").unlink()
    (place / "deep" / "a.txt").symlink_to(tmp_path / "copy.txt")
    with pytest.raises(DataError, match="deep/a.txt"):
        made(place)


def test_a_marked_folder_that_was_moved_or_copied_is_still_known(tmp_path):
    place = made(tmp_path / "folder")
    shutil.copytree(place, tmp_path / "copy")
    place.rename(tmp_path / "moved")
    owned.remove(tmp_path / "moved")
    (tmp_path / "copy" / "mine").write_text("mine")
    with pytest.raises(DataError, match=r"\(mine\)"):
        owned.remove(tmp_path / "copy")


def test_names_are_compared_as_people_see_them(tmp_path):
    """A Mac's disk gives back "e" and an accent for the "é" that was written."""
    place = made(tmp_path / "folder", café="ours")
    (place / "deep" / "caf\u00e9.txt").rename(place / "deep" / "cafe\u0301.txt")
    assert owned.refusal(place) == ""
    (place / "deep" / "caf\u00e9.txt").write_text("ours")  # now there are two, where a disk can hold both
    if len(list((place / "deep").iterdir())) == 2:
        assert "caf" in owned.refusal(place)


def test_what_is_added_while_the_folder_is_written_survives(tmp_path):
    place = made(tmp_path / "folder")
    with pytest.raises(DataError, match="mine.txt"), owned.written(place) as fresh:
        fill(fresh, c="newer")
        added(place)
    assert (place / "mine.txt").read_text() == "mine" and (place / "deep" / "a.txt").exists()
    with (
        pytest.raises(DataError, match="holds files that the course did not write"),
        owned.written(tmp_path / "b"),
    ):
        (tmp_path / "b").mkdir()
        added(tmp_path / "b")
    assert (tmp_path / "b" / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "folder"]


def write_often(place, text):
    for _ in range(15):
        made(Path(place), a=text, b=text)


def test_two_processes_at_once_never_leave_a_mixture(tmp_path):
    context = multiprocessing.get_context("spawn")
    place = tmp_path / "folder"
    workers = [context.Process(target=write_often, args=(str(place), text)) for text in ("one", "two")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    texts = {(place / "deep" / f"{name}.txt").read_text() for name in "ab"}
    assert len(texts) == 1 and owned.refusal(place) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="an administrator may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DataError, match="cannot be written .*Choose another folder"):
            made(tmp_path / "folder")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("error", "message"),
    [(PermissionError(13, "Permission denied"), "cannot be written .Permission denied.*Choose another folder"),
     (OSError(30, "Read-only file system"), "cannot be written .Read-only file system"),
     (OSError(28, "No space left on device"), "too full .*Free some space")],
)  # fmt: skip
def test_a_disk_that_refuses(tmp_path, monkeypatch, error, message):
    place = made(tmp_path / "folder")
    before = everything(tmp_path)

    def refuse(*_, **__):
        raise error

    for module, name in ((owned.tempfile, "mkdtemp"), (Path, "rename"), (owned.tempfile, "mkstemp")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, refuse)
            with pytest.raises(DataError, match=message), owned.written(place) as fresh:
                (fresh / "new").touch()
        assert everything(tmp_path) == before and [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_folders_that_are_filled_file_by_file(tmp_path):
    path = tmp_path / "a.ipynb"
    assert owned.may_overwrite(path)
    path.write_text("ours")
    owned.record(tmp_path, "a.ipynb")
    assert owned.may_overwrite(path)
    (tmp_path / "b.ipynb").write_text("mine")
    assert not owned.may_overwrite(tmp_path / "b.ipynb")
    path.write_text("ours, with a note of mine")
    assert not owned.may_overwrite(path)
    assert not owned.may_overwrite(tmp_path)
    path.unlink()
    assert owned.may_overwrite(path)


# --- What a reader calls -----------------------------------------------------------------------------------

IMAGES = np.zeros((4, 8, 8, 3), np.uint8), np.array([0, 1, 0, 1])


def image_folder_written(place):
    image_folders.write(place, {"train": IMAGES, "test": IMAGES}, ("airplane", "bird"))


def images_copied(place):
    files = [(ROOT / "helpers" / "assets" / "photos" / "rocket.jpg", "airplane")]
    image_folders.copy(place, {"train": files}, ("airplane",))


@pytest.mark.parametrize("write", [image_folder_written, images_copied])
@pytest.mark.parametrize("mine", ["train/airplane/0001.png", "train/airplane/01.jpg", "notes.txt", ".hidden"])
def test_a_readers_folder_is_left_alone(tmp_path, write, mine):
    """Above all the layout of CIFAR-10 as image files, which is that of what the course writes."""
    (tmp_path / "photos" / mine).parent.mkdir(parents=True)
    (tmp_path / "photos" / mine).write_text("mine")
    with pytest.raises(DataError, match="Choose another folder"):
        write(tmp_path / "photos")
    assert everything(tmp_path) == {f"photos/{mine}": b"mine"}


@pytest.mark.parametrize("write", [image_folder_written, images_copied])
def test_a_readers_image_among_ours_is_left_alone(tmp_path, write):
    write(tmp_path / "photos")
    write(tmp_path / "photos")  # replaced without a word
    (tmp_path / "photos" / "train" / "airplane" / "0003.png").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(DataError, match="train/airplane/0003.png"):
        write(tmp_path / "photos")
    assert everything(tmp_path) == before


def test_unpacking_leaves_a_folder_of_the_same_name_alone(tmp_path):
    (tmp_path / "flower_photos" / "daisy").mkdir(parents=True)
    (tmp_path / "flower_photos" / "daisy" / "1.jpg").write_text("theirs")
    with tarfile.open(tmp_path / "flowers.tgz", "w:gz") as archive:
        archive.add(tmp_path / "flower_photos", "flower_photos")
    (tmp_path / "flower_photos" / "daisy" / "1.jpg").write_text("mine")
    assert locate.unpack(tmp_path / "flowers.tgz", tmp_path / "flower_photos") == tmp_path / "flower_photos"
    assert (tmp_path / "flower_photos" / "daisy" / "1.jpg").read_text() == "mine"
