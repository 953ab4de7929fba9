"""Run the live figures' JavaScript with node, as the tests of their arithmetic do. No package of npm is needed."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from helpers.widgets.modules import JS

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None, reason="the program node is not installed, which runs JavaScript"
)


def run(module: str, body: str, **given: Any) -> Any:
    """What the function with this body returns, where `js` is the module and `given` the other arguments.

    All goes through JSON, so typed arrays come back as lists. Fails with what node said.
    """
    program = f"""
        import {{ readFileSync }} from "node:fs";
        const {{ place, given }} = JSON.parse(readFileSync(0, "utf8"));
        const js = await import(place);
        const answer = await (async () => {{ {body} }})();
        const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
        console.log(JSON.stringify(answer, plain));
    """
    done = subprocess.run(
        [NODE, "--input-type=module", "--no-warnings", "-e", program],
        input=json.dumps({"place": (JS / f"{module}.js").as_uri(), "given": given}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
