"""What `make course` has just executed shows what is stored in the notebooks.

A notebook without a current copy in build/course is left to nbval, which runs it: `make test` does that.
"""

import pytest

from tools.notebooks.compare import differences
from tools.notebooks.copies import default_out, is_current
from tools.notebooks.files import read
from tools.selection import all_notebooks


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_it_shows_what_is_stored(path):
    copy = default_out("quick") / path.name
    if not is_current(path, copy):
        pytest.skip("there is no current copy in build/course; nbval runs the notebook")
    found = differences(read(path), read(copy))
    assert not found, "\n".join(found)
