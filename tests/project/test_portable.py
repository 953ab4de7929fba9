"""What a reader runs must run on Windows and on a Mac too: the code is read for what only Linux, or only POSIX, has.

A use is allowed where the code has asked first: in an `if` about the platform or `hasattr`, or in a `try` that catches
ImportError or AttributeError.
"""

import ast
import json
import re
import subprocess

import pytest

from tools.notebooks.files import ROOT
from tools.selection import NOTEBOOKS

PLACES = ("helpers", "tools/notebooks", "tools/colab")
FILES = sorted(
    [*(ROOT / "tools").glob("*.py"), *(f for place in PLACES for f in (ROOT / place).rglob("*.py"))]
)
CODE = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in FILES}
CODE |= {
    f"notebooks/{path.name}": "\n".join(
        "".join(cell["source"])
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    )
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
}

MODULES = {
    "fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "readline", "crypt", "spwd", "nis",
}  # fmt: skip
OF_OS = {
    "wait", "wait3", "wait4", "waitid", "fork", "forkpty", "setsid", "setuid", "setgid", "getuid", "geteuid", "getgid",
    "getegid", "getgroups", "getpgid", "setpgid", "killpg", "uname", "sysconf", "getloadavg", "mkfifo", "mknod",
    "chown", "lchown", "chroot", "nice", "sched_getaffinity", "sched_setaffinity", "statvfs", "fchmod", "fchown",
    "WNOHANG", "system", "popen", "posix_spawn", "getxattr", "setxattr", "ttyname",
    "O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC",
}  # fmt: skip
OF_SIGNAL = {
    "SIGKILL", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGSTOP",
    "SIGCONT", "alarm", "setitimer", "pause", "sigwait", "pthread_kill", "pthread_sigmask",
}  # fmt: skip
METHODS = {"symlink_to", "hardlink_to", "add_signal_handler", "owner", "mkfifo"}
OF_A_NAME = {"Path", "open", "with_name", "with_stem", "with_suffix", "joinpath", "PurePath"}
TEXT_MODE = re.compile(r"[rwax][+t]*")
FOREIGN_PLACE = re.compile(r"/(tmp|proc|dev|etc|usr|var|home|opt|mnt|sys|root)(/|$)")
POSIX_DATE = re.compile(r"%(s|P|k|l|-[a-zA-Z]|_[a-zA-Z])")
FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*]')
ALLOWED = {  # file: the end of what is found there, and why it may be
    "helpers/paths.py": "'/tmp'",  # Keras takes it where there is no home, on Linux; elsewhere it is harmless
    "helpers/networks/keras_applications.py": "'/tmp/.keras'",  # the same
    "helpers/notebook/machine.py": "'/proc/driver/nvidia/version'",  # asks only whether it is there
}


def faults(source):
    """What in this code would fail, or mean something else, on Windows: "line 3: os.fork" each."""
    tree = ast.parse(source)
    found = []
    for node, above in walk(tree, ()):
        here = list(problems(node, above))
        if here and not any(asks(parent) for parent in above):
            found += [f"line {node.lineno}: {what}" for what in here]
    return found


def walk(node, above):
    """Every node with the nodes it stands in."""
    for child in ast.iter_child_nodes(node):
        yield child, (*above, node)
        yield from walk(child, (*above, node))


def asks(node):
    """Whether what stands in this node runs only where it can."""
    if isinstance(node, ast.If | ast.IfExp):
        return re.search(r"platform|os\.name|hasattr|resource is", ast.unparse(node.test)) is not None
    if isinstance(node, ast.Try):
        caught = " ".join(ast.unparse(handler.type) for handler in node.handlers if handler.type)
        return re.search("ImportError|ModuleNotFoundError|AttributeError", caught) is not None
    return False


def problems(node, above):
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        yield from (f"import {name}" for name in names if name.split(".")[0] in MODULES)
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "signal"):
            known = {*OF_OS, *OF_SIGNAL}
            yield from (f"from {node.module} import {a.name}" for a in node.names if a.name in known)
    elif isinstance(node, ast.Attribute):
        owner = ast.unparse(node.value)
        if (owner == "os" and node.attr in OF_OS) or (owner == "signal" and node.attr in OF_SIGNAL):
            yield f"{owner}.{node.attr}"
    elif isinstance(node, ast.BinOp):
        yield from joins(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if FOREIGN_PLACE.match(node.value) and not is_docstring(node, above):
            yield f"a place that only POSIX has: {node.value!r}"
    elif isinstance(node, ast.Call):
        yield from calls(node)


def joins(node):
    """Paths put together as text, and names that Windows does not allow."""
    texts = [side.value for side in (node.left, node.right) if is_text(side)]
    if isinstance(node.op, ast.Add) and any(
        (text.startswith("/") or text.endswith("/")) and "://" not in text for text in texts
    ):
        yield f"a path joined by a slash: {ast.unparse(node)}"
    if isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant | ast.JoinedStr):
        yield from bad_name(node.right)


def bad_name(node):
    """A file name with a sign that Windows forbids, a colon of a time for example."""
    if FORBIDDEN_IN_NAMES.search(literal(node)) or re.search(
        r"isoformat|%[HMTX].*:|ctime", ast.unparse(node)
    ):
        yield f"a file name that Windows refuses: {ast.unparse(node)}"


def calls(node):
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    positional = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    called = ast.unparse(node.func)
    method = isinstance(node.func, ast.Attribute)
    if method and name in METHODS:
        yield f".{name}()"
    if ast.unparse(keywords.get("shell", ast.Constant(False))) == "True" or "preexec_fn" in keywords:
        yield f"{called} with a shell or preexec_fn"
    if name in ("get_context", "set_start_method") and set(positional) & {"fork", "forkserver"}:
        yield "processes by fork"
    if called in ("signal.signal",) and "SIGINT" not in ast.unparse(node):
        yield f"a signal that Windows does not send: {ast.unparse(node)}"
    if name == "strftime" and any(POSIX_DATE.search(text) for text in positional if isinstance(text, str)):
        yield f"a date format that only Linux has: {ast.unparse(node)}"
    if (
        name in ("split", "rsplit", "partition", "rpartition")
        and positional[:1] == ["/"]
        and is_path(node.func.value)
    ):
        yield f"a path cut at its slashes: {ast.unparse(node)}"
    if name in OF_A_NAME:
        for argument in node.args[:1]:
            if isinstance(argument, ast.Constant | ast.JoinedStr) and "://" not in literal(argument):
                yield from bad_name(argument)
    if "encoding" not in keywords and reads_text(node, name, method, keywords):
        yield f"no encoding: {ast.unparse(node)[:60]}"


def reads_text(node, name, method, keywords):
    """Whether this call turns bytes into text or back, so that it needs an encoding."""
    if name in ("read_text", "write_text"):
        return len(node.args) < (1 if name == "read_text" else 2)
    if name in ("run", "Popen", "check_output", "check_call") and {"text", "universal_newlines"} & set(
        keywords
    ):
        return True
    if name not in ("open", "fdopen", "NamedTemporaryFile", "TemporaryFile"):
        return False
    where = 0 if (method and name == "open") or name.endswith("File") else 1
    given = (
        node.args[where].value
        if len(node.args) > where and isinstance(node.args[where], ast.Constant)
        else None
    )
    mode = getattr(keywords.get("mode"), "value", given)
    if name == "open" and method and mode is None:  # Image.open(path) is none of a text; path.open() is
        return not node.args and not keywords
    if mode is None:
        return name in ("open", "fdopen") and len(node.args) <= where
    return isinstance(mode, str) and TEXT_MODE.fullmatch(mode) is not None


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 0


def is_path(node):
    return re.search(r"^str\(|fspath\(|__file__", ast.unparse(node), re.IGNORECASE) is not None


def literal(node):
    """The text of a literal, without what an f-string fills in."""
    values = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str))


def is_docstring(node, above):
    return isinstance(above[-1], ast.Expr)


@pytest.mark.parametrize("name", CODE)
def test_nothing_that_only_posix_has(name):
    allowed = ALLOWED.get(name)
    assert [fault for fault in faults(CODE[name]) if not (allowed and fault.endswith(allowed))] == []


@pytest.mark.parametrize(
    "line",
    [
        "import fcntl",
        "from resource import getrusage",
        "import os\n_, status, usage = os.wait4(pid, 0)",
        "from os import fork",
        "import os\nowner = os.getuid()",
        "import os\nmemory = os.sysconf('SC_PHYS_PAGES')",
        "import signal\nprocess.send_signal(signal.SIGKILL)",
        "import signal\nsignal.signal(signal.SIGTERM, stop)",
        "loop.add_signal_handler(2, stop)",
        "path = folder + '/data.npz'",
        "path = 'build/' + name",
        "name = str(path).split('/')[-1]",
        "text = path.read_text()",
        "path.write_text(text)",
        "file = open(path)",
        "file = open(path, 'w')",
        "file = path.open('a')",
        "file = path.open()",
        "import subprocess\nsubprocess.run(command, text=True)",
        "import subprocess\nsubprocess.run(command, shell=True)",
        "import os\nos.system('ls')",
        "file = tempfile.NamedTemporaryFile('w')",
        "log = folder / f'{now:%H}:00.txt'",
        "log = folder / f'{now.isoformat()}.txt'",
        "log = Path('run: 1.txt')",
        "stamp = now.strftime('%s')",
        "day = now.strftime('%-d %B')",
        "scratch = Path('/tmp/course')",
        "info = open('/proc/cpuinfo', encoding='utf-8')",
        "link.symlink_to(target)",
        "multiprocessing.get_context('fork')",
    ],
)
def test_each_of_these_would_be_found(line):
    assert faults(line), line


@pytest.mark.parametrize(
    "line",
    [
        "try:\n    import resource\nexcept ImportError:\n    resource = None",
        "import os, sys\nif sys.platform == 'linux':\n    cores = os.sched_getaffinity(0)",
        "import os\ncores = os.sched_getaffinity(0) if hasattr(os, 'sched_getaffinity') else ()",
        "if platform.system() == 'Linux':\n    text = Path('/proc/cpuinfo').read_text(encoding='utf-8')",
        "import signal\nsignal.signal(signal.SIGINT, stop)",
        "path = folder / 'data' / f'{name}.npz'",
        "file = path.open('rb'); image = Image.open(path); archive = tarfile.open(path)",
        "url = base + 'https://example.org/'",
        '"""Looks into /proc/cpuinfo."""',
        "path.write_text(text, encoding='utf-8'); path.read_text('utf-8')",
    ],
)
def test_and_these_are_allowed(line):
    assert faults(line) == []


def test_every_file_can_be_checked_out_on_windows_and_on_a_mac():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    names = [name for name in listed.split("\0") if name]
    parts = {part for name in names for part in name.split("/")}
    bad = [
        part
        for part in parts
        if FORBIDDEN_IN_NAMES.search(part)
        or "\\" in part
        or part.endswith((" ", "."))
        or re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part, re.IGNORECASE)
    ]
    assert bad == [] and max(map(len, names), default=0) < 150
    same = [name for name in names if sum(name.casefold() == other.casefold() for other in names) > 1]
    assert same == [], "these differ only in upper and lower case"
