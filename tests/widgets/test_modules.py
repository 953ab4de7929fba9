"""helpers.widgets.modules: the live figures' JavaScript in one piece, their words, and packed arrays."""

import json
import re
import subprocess

import numpy as np
import pytest

from helpers.widgets import modules
from tests.widgets.javascript import NODE, needs_node, run

STUB = """
const nothing = { matches: false, addEventListener() {}, removeEventListener() {} };
globalThis.matchMedia = () => nothing;
"""


def node(code):
    done = subprocess.run(
        [NODE, "--input-type=module", "-"],  # all figures are too long for an argument
        input=code,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@needs_node
@pytest.mark.parametrize("figure", modules.FIGURES)
def test_a_figure_is_one_module_that_imports_nothing(figure):
    source = modules.source(figure)
    assert not re.search(r"^import\b", source, re.MULTILINE)
    assert len(re.findall(r"^export\b", source, re.MULTILINE)) == 1
    assert node(source + "\nconsole.log('loaded');") == "loaded"


@needs_node
def test_the_script_of_the_site_defines_all_figures():
    code = f"{STUB}(0, eval)({json.dumps(modules.script())});"
    printed = node(
        f"{code}console.log(Object.entries(liveFigures).map(([n, f]) => n + ' ' + typeof f.render).join());"
    )
    assert printed == ",".join(f"{name} function" for name in modules.FIGURES)
    assert node(
        f"{code}console.log(Object.keys(globalThis).filter((n) => /^live|^paint|^make/.test(n)).join());"
    ) == ("liveFigures")


def put(folder, monkeypatch, **texts):
    """A folder of modules in place of the real one."""
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    monkeypatch.setattr(modules, "JS", folder)


FIGURE = (
    'import {{ a }} from "./{0}.js";\nconst renderIt = () => a;\nexport default {{ render: renderIt }};\n'
)


def test_modules_come_after_what_they_import_and_once(tmp_path, monkeypatch):
    put(
        tmp_path,
        monkeypatch,
        base="export const a = 1;\n",
        middle='import { a } from "./base.js";\nexport const b = a;\n',
        color='import {\n  b,\n} from "./middle.js";\nimport { a } from "./base.js";\nexport default { render: b };\n',
    )
    assert modules.source("color") == (
        "// base.js\nconst a = 1;\n\n// middle.js\nconst b = a;\n\n// color.js\nexport default { render: b };\n"
    )
    assert "liveFigures.color = { render: b };" in modules.script(["color"])
    assert "export" not in modules.script(["color"])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"color": FIGURE.format("gone")}, r"there is no gone\.js"),
        ({"color": "export const a = 1;\n"}, r"color\.js must have an `export default"),
        (
            {"color": FIGURE.format("b"), "b": "export default { a };\n"},
            r"b\.js must not have an `export default",
        ),
        (
            {"color": 'import * as all from "./b.js";\nexport default {};\n', "b": ""},
            r"color\.js may only import like",
        ),
        (
            {"color": FIGURE.format("b"), "b": "export const renderIt = 1;\n"},
            r"renderIt is defined in b\.js and in",
        ),
        (
            {
                "color": FIGURE.format("b"),
                "b": 'import { c } from "./c.js";\n',
                "c": 'import { a } from "./b.js";\n',
            },
            "color → b → c → b: these modules import each other",
        ),
    ],
)
def test_what_cannot_be_put_into_one_file_is_refused(texts, message, tmp_path, monkeypatch):
    put(tmp_path, monkeypatch, **texts)
    with pytest.raises(ValueError, match=message):
        modules.source("color")


def test_an_unknown_figure_is_refused():
    for call in (modules.source, modules.labels_of, lambda name: modules.script([name])):
        with pytest.raises(ValueError, match="unknown live figure 'cat': choose one of convolution, color"):
            call("cat")


def test_every_label_is_a_text_and_no_figure_hides_a_shared_one():
    table = modules.labels()
    assert set(table) == {"shared", *modules.FIGURES}
    for section, texts in table.items():
        assert texts, section
        assert all(isinstance(text, str) and text.strip() for text in texts.values()), section
        if section != "shared":
            assert not set(texts) & set(table["shared"]), section
            assert modules.labels_of(section) == {**table["shared"], **texts}


@pytest.mark.parametrize("figure", modules.FIGURES)
def test_a_figures_words_are_all_in_the_table_and_all_used(figure):
    """Keys are written out in the code, or put together: t(`kernel ${name}`), or from words that are written out."""
    code = (modules.JS / f"{figure}.js").read_text(encoding="utf-8")
    own, known = modules.labels()[figure], modules.labels_of(figure)
    call = r"\b(?:t\(|(?:slider|choice|toggle)\(\s*t,)\s*"
    asked = set(re.findall(call + r'"([^"]+)"', code))
    assert asked <= set(known), asked - set(known)
    parts = [re.split(r"\$\{[^}]*\}", text) for text in re.findall(call + r"`([^`]+)`", code)]
    made = [re.compile(r"[\w ]+".join(map(re.escape, text))) for text in parts if "".join(text).strip()]
    quoted = set(re.findall(r'"([^"\n]+)"', code))
    built = {key for key in own if any(form.fullmatch(key) for form in made) or set(key.split()) <= quoted}
    unused = set(own) - quoted - built
    assert not unused


ARRAYS = [
    np.arange(6, dtype=np.uint8).reshape(2, 3),
    np.array([0, -0.0, 1, -2.5, 65504, 6e-8, 3.1e-5, 1 / 3], dtype=np.float16),
    np.array([[1e-38, -3.25], [1 / 3, 2e30]], dtype=np.float32),
    np.zeros((0, 4), dtype=np.float32),
    np.array(7, dtype=np.uint8),
    np.arange(4, dtype=">f4"),
    np.arange(12, dtype=np.float32).reshape(3, 4).T,
]


@needs_node
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_a_packed_array_arrives_unchanged(array):
    unpacked = run("shared", "return js.unpack(given.packed);", packed=modules.pack(array))
    assert unpacked["shape"] == list(array.shape)
    np.testing.assert_array_equal(np.array(unpacked["values"]).reshape(array.shape), array.astype(np.float64))


def test_other_numbers_are_packed_as_float32():
    assert modules.pack([[0.5, 2]]) == modules.pack(np.array([[0.5, 2]], dtype=np.float32))
    assert modules.pack(np.arange(3))["dtype"] == "float32"


@needs_node
def test_a_damaged_array_is_refused():
    body = "try { js.unpack(given.packed); } catch (error) { return error.message; } return 'taken';"
    packed = modules.pack(np.arange(3, dtype=np.float32))
    assert "12 bytes are not 4 values" in run("shared", body, packed={**packed, "shape": [4]})
    assert "an array of int64 cannot" in run("shared", body, packed={**packed, "dtype": "int64"})


@needs_node
def test_numbers_are_written_with_a_minus_sign_and_no_negative_zero():
    body = "return given.cases.map(([value, digits]) => js.number(value, digits));"
    cases = [[-1.234, 2], [-0.004, 2], [0, 0], [2.5, 3], [-12, 0]]
    assert run("shared", body, cases=cases) == ["−1.23", "0.00", "0", "2.500", "−12"]


@needs_node
def test_labels_are_filled_and_mistakes_throw():
    body = """
        const t = js.liveLabels({ get: () => ({ sum: "{a} and {a} are {b}" }) });
        const message = (act) => { try { return act(); } catch (error) { return error.message; } };
        return [t("sum", { a: 1, b: 2 }), message(() => t("sum", { a: 1 })), message(() => t("toString"))];
    """
    filled, no_value, no_key = run("shared", body)
    assert filled == "1 and 1 are 2"
    assert "needs a value for {b}" in no_value and 'no text for "toString"' in no_key


@needs_node
def test_the_colors_are_matplotlibs():
    import matplotlib

    values = np.linspace(-1.2, 1.2, 33)
    body = "return given.values.map((value) => js.shade(value, { low: -1, high: 1, signed: true }));"
    found = np.array(run("shared", body, values=values.tolist()))
    expected = 255 * matplotlib.colormaps["PuOr"](np.clip((values + 1) / 2, 0, 1))[:, :3]
    assert np.abs(found - expected).max() < 6  # of 255: Matplotlib's steps are 256, ours are continuous
