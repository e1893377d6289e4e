"""Bundling: from a template, and the cnnviz modules that it imports from, just the source that its last cell needs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cnnviz.syntax import parse

PACKAGE = Path(__file__).resolve().parent.parent
MARK = re.compile(r"  # if (\w+(?: or \w+)*)$")
FOR_CHECKERS = re.compile(r"  # (type: ignore|noqa).*$", re.MULTILINE)
CELL = "# %% "
OWN = "cnnviz."


@dataclass(frozen=True)
class Piece:
    """One top-level statement: the names that it defines, those that it reads, its text, and its cell's heading."""

    names: frozenset[str]
    reads: frozenset[str]
    text: str
    cell: str

    @property
    def is_line(self) -> bool:
        return not self.text.startswith(("def ", "class ", "@", "if "))


@dataclass(frozen=True)
class Imported:
    """What an import line gives one name: `import module as name`, or `from module import member as name`."""

    module: str
    member: str = ""
    name: str = ""


def bundled(template: str, features: Collection[str], values: Mapping[str, str], cells: Mapping[str, str]) -> str:
    """The script that a template makes for some features.

    values: source of an expression, by the name of the assignment whose value it replaces, or of a function, by the name of the
    one that it replaces. cells: heading of the cell where the statements of a package's modules are put, by the package's start.
    """
    own, imports = read(kept_lines(template, features), values)
    library, imports = with_library(imports, cells)
    needed = reachable([*library, *own], root=own[-1])
    used = {imports[name] for piece in needed for name in piece.reads if name in imports}
    by_heading = {piece.cell: [each for each in needed if each.cell == piece.cell] for piece in own}
    parts = [f"{CELL}{heading}\n{joined(inside)}" for heading, inside in by_heading.items() if inside]
    gap = "\n\n" if first_piece(by_heading).is_line else "\n\n\n"
    return import_lines(used) + gap + "\n\n\n".join(parts) + "\n"


def first_piece(by_heading: Mapping[str, Sequence[Piece]]) -> Piece:
    """The statement that comes first below the imports."""
    return next(inside[0] for inside in by_heading.values() if inside)


def with_library(imports: Mapping[str, Imported], cells: Mapping[str, str]) -> tuple[list[Piece], dict[str, Imported]]:
    """The statements of the cnnviz modules that are imported from, and all imports from elsewhere, theirs included."""
    library: list[Piece] = []
    everything = dict(imports)
    for module in in_order(imports.values()):
        cell = next(heading for start, heading in cells.items() if module.startswith(start))
        pieces, more = read_module(module, cell)
        library += pieces
        everything = more | everything
    return library, {name: imported for name, imported in everything.items() if not imported.module.startswith(OWN)}


def in_order(imports: Iterable[Imported]) -> list[str]:
    """The cnnviz modules of some imports, each behind those of them that it imports from itself: a class needs its bases."""
    wanted = dict.fromkeys(imported.module for imported in imports if imported.module.startswith(OWN))
    ordered: dict[str, None] = {}

    def put(module: str) -> None:
        _pieces, needs = read_module(module, "")
        for needed in dict.fromkeys(imported.module for imported in needs.values()):
            if needed in wanted and needed not in ordered:
                put(needed)
        ordered[module] = None

    for module in wanted:
        put(module)
    return list(ordered)


def kept_lines(template: str, features: Collection[str]) -> str:
    """The template without the lines whose mark names no wanted feature, and without the marks."""
    kept = []
    for line in template.splitlines():
        mark = MARK.search(line)
        if mark is None:
            kept.append(line)
        elif set(mark[1].split(" or ")) & set(features):
            kept.append(line[: mark.start()])
    return "\n".join(kept) + "\n"


@cache
def read_module(module: str, cell: str) -> tuple[list[Piece], dict[str, Imported]]:
    """`read` of a cnnviz module, which is not imported for it."""
    base = PACKAGE.parent / module.replace(".", "/")
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return read(path.read_text(encoding="utf-8"), {}, cell)


def read(text: str, values: Mapping[str, str], cell: str = "") -> tuple[list[Piece], dict[str, Imported]]:
    """A module's statements and what it imports, by name; `values` replace those of assignments."""
    lines = FOR_CHECKERS.sub("", text).splitlines()
    pieces: list[Piece] = []
    imports: dict[str, Imported] = {}
    last = 0
    for statement in parse(text).body:
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(decorator.lineno for decorator in decorators)]) - 1
        cell = next((line.removeprefix(CELL) for line in lines[last:first] if line.startswith(CELL)), cell)
        last = statement.end_lineno or first
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports |= {imported.name: imported for imported in imported_by(statement)}
        elif not isinstance(statement, ast.Expr):
            pieces.append(piece(statement, "\n".join(lines[first:last]), values, cell))
    return pieces, imports


def piece(statement: ast.stmt, text: str, values: Mapping[str, str], cell: str) -> Piece:
    """A statement with what it defines and reads, its value replaced where `values` has one for it."""
    names = frozenset(defined(statement))
    replaced = names & values.keys()
    if replaced:
        (name,) = replaced
        text = values[name] if values[name].startswith("def ") else f"{name} = {values[name]}"
        (statement,) = parse(text).body
    return Piece(names, free_names(statement), text, cell)


def imported_by(statement: ast.Import | ast.ImportFrom) -> Iterator[Imported]:
    for alias in statement.names:
        name = alias.asname or alias.name
        if isinstance(statement, ast.Import):
            yield Imported(alias.name, name=name)
        else:
            yield Imported(statement.module or "", alias.name, name)


def defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a top-level statement gives the module."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def free_names(statement: ast.stmt) -> frozenset[str]:
    """The names that a statement reads and does not bind itself."""
    nodes = list(ast.walk(statement))
    loaded = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    return frozenset(loaded - stored - arguments)


def reachable(pieces: Iterable[Piece], root: Piece) -> list[Piece]:
    """The root and whatever it needs, directly or not, in the given order. Raises TypeError for a needed name defined twice."""
    homes: dict[str, list[Piece]] = {}
    ordered = list(pieces)
    for each in ordered:
        for name in each.names:
            homes.setdefault(name, []).append(each)
    needed, waiting = {id(root)}, [root]
    while waiting:
        for name in waiting.pop().reads & homes.keys():
            home, *others = homes[name]
            if others:
                raise TypeError(f"'{name}' is defined twice: in {home.text[:60]!r} and {others[0].text[:60]!r}")
            if id(home) not in needed:
                needed.add(id(home))
                waiting.append(home)
    return [each for each in ordered if id(each) in needed]


def import_lines(imported: set[Imported]) -> str:
    """Import statements in the usual order: the standard library, then the others."""
    groups = ([i for i in imported if is_standard(i.module) == standard] for standard in (True, False))
    blocks = ["from __future__ import annotations", *("\n".join(_statements(group)) for group in groups if group)]
    return "\n\n".join(blocks)


def _statements(group: Iterable[Imported]) -> Iterator[str]:
    members: dict[str, list[str]] = {}
    for i in sorted(group, key=lambda i: (i.module, not i.member[:1].isupper(), i.member)):
        if i.member:
            members.setdefault(i.module, []).append(i.member if i.member == i.name else f"{i.member} as {i.name}")
        else:
            yield f"import {i.module}" if i.module == i.name else f"import {i.module} as {i.name}"
    yield from (f"from {module} import {', '.join(names)}" for module, names in members.items())


def is_standard(module: str) -> bool:
    """Whether a module comes with Python."""
    return module.split(".")[0] in sys.stdlib_module_names


def joined(pieces: Iterable[Piece]) -> str:
    """Statements one below the other, as a formatter spaces them: assignments close, definitions two lines apart."""
    text, before = "", None
    for each in pieces:
        gap = "" if before is None else "\n" if before.is_line and each.is_line else "\n\n\n"
        text, before = f"{text}{gap}{each.text}", each
    return text
