"""Which cells of a notebook an answer needs: grading runs these, and no training that has nothing to do with it.

Names are followed from the answer back to where they are made. Imports, functions and classes count where they are
defined; any other value also where it may be changed: `network.fit(...)`, `x[0] = 1`, `train(network)`. `tools.grading`
calls this, and so does nbgrader with the configuration that `make nbgrader` writes.
"""

import ast
import builtins
import functools
import re
import symtable
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

_CERTAIN = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_MAGICS = ("run_line_magic", "run_cell_magic")  # what IPython makes of % and %%, with the code as text
_WORD = re.compile(r"[^\W\d]\w*")
_EVERYTHING = "*"  # what an import of everything from a module defines


@dataclass(frozen=True)
class Names:
    """What a piece of code has to do with names of the notebook."""

    used: frozenset[str]  # and not made by itself before
    defined: frozenset[str]  # by import, def or class
    assigned: frozenset[str]  # in any other way
    changed: frozenset[str]  # what it may change in place, if it is a value


def needed(cells: Sequence[str], wanted: Collection[int]) -> set[int]:
    """The numbers of those `cells` (sources of code, in order) that must run so that the cells `wanted` can run.

    `wanted` are among them. A cell that isn't Python is needed only if it is wanted.
    """
    found, last = set(wanted), max(wanted, default=-1)
    names = [names_in(cell) for cell in cells[: last + 1]]
    values = frozenset().union(*(cell.assigned for cell in names))
    waiting = [name for number in found for name in names[number].used]
    known = set(vars(builtins))
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        for number, cell in enumerate(names):
            made = cell.defined | cell.assigned | (cell.changed if name in values else frozenset())
            if number not in found and {name, _EVERYTHING} & made:
                found.add(number)
                waiting += cell.used
    return found


def statements(cell: str) -> list[str]:
    """A cell's statements one by one, as plain Python; empty if it isn't Python."""
    return [ast.unparse(node) for node in _parsed(cell)]


@functools.lru_cache(maxsize=4096)
def names_in(cell: str) -> Names:
    """The names in a piece of code; IPython's `%` and `!` are understood."""
    used, defined, assigned, changed, certain = set(), set(), set(), set(), set()
    for statement in _parsed(cell):
        used |= _used(statement) - certain
        for node in [statement, *_below(statement)]:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                defined |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                defined.add(node.name)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                assigned.add(node.id)
            elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
                changed |= _root(node)
            elif isinstance(node, ast.Call):
                arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
                changed |= {argument.id for argument in arguments if isinstance(argument, ast.Name)}
                changed |= _root(node.func) if isinstance(node.func, ast.Attribute) else set()
        if isinstance(
            statement, _CERTAIN
        ):  # after it the name is made, which a loop or an `if` does not promise
            certain = defined | assigned
    return Names(*map(frozenset, (used, defined, assigned, changed)))


def _parsed(cell: str) -> list[ast.stmt]:
    try:
        code = TransformerManager().transform_cell(cell)
        symtable.symtable(
            code, "<cell>", "exec"
        )  # sees mistakes that the parser lets pass, such as a stray `nonlocal`
        return ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # too deep, or with a character of code 0
        return []


def _used(statement: ast.stmt) -> set[str]:
    """The names of the notebook that a statement reads, in its functions too."""
    used = set()
    waiting = [symtable.symtable(ast.unparse(statement), "<cell>", "exec")]
    while waiting:
        scope = waiting.pop()
        waiting += scope.get_children()
        top = scope.get_type() == "module"
        used |= {
            symbol.get_name()
            for symbol in scope.get_symbols()
            if symbol.is_referenced() and (top or symbol.is_global())
        }
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            used.add(node.target.id)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _MAGICS:
            texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
            used.update(word for text in texts for word in _WORD.findall(str(text)))
    return used


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """Every node in it that runs as soon as it runs: not what is in functions."""
    if isinstance(node, _SCOPES):
        return
    for child in ast.iter_child_nodes(node):
        yield child
        yield from _below(child)


def _root(node: ast.expr) -> set[str]:
    """The name that `a.b[0].c` begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
