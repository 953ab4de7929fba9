"""Colab editions on the site: stored in parts, and put together in the browser, byte for byte."""

import base64
import io
import json
import random
import shutil
import subprocess
import zipfile

import pytest

from tools.colab import build, payload
from tools.notebooks.files import ROOT
from tools.site import colab_parts

DOWNLOAD = (ROOT / "site" / "static" / "colab-download.js").read_text(encoding="utf-8")
node = pytest.mark.skipif(not shutil.which("node"), reason="there is no node here")
CHANCE = random.Random(0)
LARGE, OTHER = CHANCE.randbytes(5000), CHANCE.randbytes(4000)  # data that does not compress


def edition(**content):
    """The text of an edition with these files inside, as build.py writes it, with signs beyond ASCII around."""
    packed = payload.archive({name.replace("_", "."): data for name, data in content.items()})
    start = build.START.format(size="1 MB", text="\n".join(build.encoded(packed)), name="x")
    cells = [build.text_cell("title", "# 합성곱 → 𝄞 “one”"), build.start_cell("colab-start", start)]
    return json.dumps({"cells": cells, "nbformat": 4}, indent=1, ensure_ascii=False) + "\n"


EDITIONS = {
    "01_a": edition(a_npz=LARGE, b_py=b"import a\n" * 9),
    "02_b": edition(b_py=b"import b\n" * 9, a_npz=LARGE, c_npz=OTHER),
    "03_c": edition(c_npz=OTHER, z_py=b"import c"),
}


@pytest.mark.parametrize("size", [*range(1, 8), 749, 750, 751, 3000])
def test_files_in_an_archive_come_in_threes_and_do_not_depend_on_one_another(size):
    source = (ROOT / "tools" / "colab" / "payload.py").read_bytes()[
        : 3 * size
    ]  # whose size depends on the level
    content = {"a.py": source, "b.npz": CHANCE.randbytes(size), "ü.txt": b"x" * size}
    packed = payload.archive(content)
    *files, table = payload.entries(packed)
    assert b"".join([*files, table]) == packed and all(len(file) % 3 == 0 for file in files)
    assert payload.entries(payload.archive({"b.npz": content["b.npz"]}))[0] == files[1]
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == content


def test_an_editions_base64_is_its_archive_and_each_file_begins_a_line():
    packed = payload.archive({"a.npz": LARGE, "b.py": b"import a"})
    lines = list(build.encoded(packed))
    assert base64.b64decode("\n".join(lines)) == packed
    assert max(map(len, lines)) == build.LINE and lines[0].startswith("UEsDB")
    assert any(line.startswith("UEsDB") for line in lines[1:])


@pytest.mark.parametrize("name", EDITIONS)
def test_the_parts_of_an_edition_are_its_text(name):
    parts = list(colab_parts.parts(EDITIONS[name]))
    assert "".join(parts) == EDITIONS[name]
    assert len(parts) >= 4, "before, the files, after"


def test_what_editions_share_is_stored_once():
    scripts = colab_parts.scripts(EDITIONS)
    whole = "".join(scripts.values())
    for data in (LARGE, OTHER):
        text = base64.b64encode(data).decode()
        piece = text[len(text) // 2 :][:60]
        assert sum(piece in edition for edition in EDITIONS.values()) <= 2
    assert len(scripts) == 3 + 2, "one for each edition, one for each set of editions that share something"
    assert len(whole.encode()) < 0.75 * sum(len(text.encode()) for text in EDITIONS.values())


def test_only_editions_that_there_are_are_written(tmp_path):
    (tmp_path / "01_a.ipynb").write_text(EDITIONS["01_a"], encoding="utf-8", newline="\n")
    assert colab_parts.write(tmp_path, ["01_a", "02_b"], tmp_path / "out") == ["01_a"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["01_a.js"]
    assert colab_parts.write(tmp_path / "none", ["01_a"], tmp_path / "nothing") == []
    assert not (tmp_path / "nothing").exists()


# A page as far as the script needs one: a button, and scripts that are "loaded" by running them.
PAGE = """
const said = [];
const button = { dataset: { edition: NAME }, hidden: true, after: (words) => said.push(words),
  addEventListener(_, press) { this.press = press; } };
let saved = null, link = null;
globalThis.document = {
  currentScript: { src: "file:///site/_static/colab-download.js" },
  querySelectorAll: () => [button],
  createElement: (tag) => (tag === "a" ? (link = { click() {} }) : {}),
  head: { append(script) { setTimeout(() => {
    const file = String(script.src).split("/downloads/colab/")[1];
    if (!(file in SCRIPTS)) return script.onerror();
    (0, eval)(SCRIPTS[file]);
    script.onload();
  }); } },
};
URL.createObjectURL = (blob) => { saved = blob; return "blob:x"; };
console.error = () => {};
"""
PRESS = """
(async () => {
  const shown = !button.hidden;
  await button.press();
  const bytes = saved ? Buffer.from(await saved.arrayBuffer()).toString("base64") : null;
  process.stdout.write(JSON.stringify({ shown, bytes, name: link?.download, said, disabled: button.disabled }));
  process.exit(0);
})();
"""


def pressed(name, scripts):
    """What a reader has after pressing the button of an edition."""
    page = PAGE.replace("NAME", json.dumps(name)).replace("SCRIPTS", json.dumps(scripts))
    done = subprocess.run(
        ["node", "-"], input=f"{page}\n{DOWNLOAD}\n{PRESS}", capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@node
@pytest.mark.parametrize("name", EDITIONS)
def test_the_button_gives_the_very_file(name):
    found = pressed(name, colab_parts.scripts(EDITIONS))
    assert base64.b64decode(found["bytes"]) == EDITIONS[name].encode()
    assert (
        found["shown"] and found["name"] == f"{name}.ipynb" and found["said"] == [] and not found["disabled"]
    )


@node
def test_what_is_missing_is_said_and_nothing_is_given():
    scripts = {
        file: text for file, text in colab_parts.scripts(EDITIONS).items() if not file.startswith("parts-")
    }
    found = pressed("01_a", scripts)
    assert found["bytes"] is None and "run make colab" in found["said"][0] and not found["disabled"]
