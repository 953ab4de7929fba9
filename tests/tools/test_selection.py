"""Which notebooks are meant: by number, by name, by kind, with and without a letter."""

import pytest

from tools import selection

NAMES = ["01_first", "02_second", "02b_deeper", "02c_deepest", "10_last"]


@pytest.fixture
def folder(tmp_path):
    others = ("02_second-Copy1", "02_second.failed", "2_second", "02B_loud", "notes")
    for name in (*reversed(NAMES), *others):
        (tmp_path / f"{name}.ipynb").touch()
    (tmp_path / "03_text.md").touch()
    return tmp_path


def chosen(names, folder, **options):
    return [path.stem for path in selection.chosen(names, folder, **options)]


def test_they_are_listed_in_order_and_a_copy_is_none_of_them(folder):
    assert [path.stem for path in selection.all_notebooks(folder)] == NAMES
    assert list(map(selection.number, selection.all_notebooks(folder))) == ["01", "02", "02b", "02c", "10"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ["01_first", "02_second", "10_last"]),
        (["02"], ["02_second"]),
        (["02b", "01"], ["01_first", "02b_deeper"]),
        (["02b,01 10"], ["01_first", "02b_deeper", "10_last"]),
        (
            ["02_sec", "notebooks/10_last.ipynb", r"notebooks\02c_deepest.ipynb"],
            ["02_second", "02c_deepest", "10_last"],
        ),
        (["deeper"], ["02b_deeper", "02c_deepest"]),
        (["core", "02C"], ["01_first", "02_second", "02c_deepest", "10_last"]),
        (["all"], NAMES),
    ],
)
def test_what_a_name_chooses(names, expected, folder):
    assert chosen(names, folder) == expected


def test_what_is_chosen_without_names_is_for_the_tool_to_say(folder):
    assert chosen([], folder, default="all") == chosen([""], folder, default="all") == NAMES


@pytest.mark.parametrize("name", ["0", "02d", "second", "02_x", "02_second-Copy1"])
def test_an_unknown_name_is_refused_with_the_list(name, folder):
    with pytest.raises(
        SystemExit, match=rf"no notebook called {name}; there are: 01_first, 02_second, 02b_deeper"
    ):
        chosen(["01", name], folder)


def test_an_empty_folder_is_no_success(tmp_path):
    with pytest.raises(SystemExit, match="no notebook called core; there are: none"):
        chosen([], tmp_path)
