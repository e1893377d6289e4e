"""A network as one file of plain PyTorch: the builder and whatever it needs, cut out of the sources. Torch-free."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from cnnviz.settings import ROOT
from cnnviz.syntax import parse
from cnnviz.zoo import stored
from cnnviz.zoo.arguments import width
from cnnviz.zoo.cards import ZooError, named

OWN = "cnnviz.zoo"
REGISTERING = ("architecture",)  # decorators that only the zoo needs


def script(name: str, classes: int | None = None, in_channels: int | None = None) -> str:
    """The file of a network that, when run, builds it and prints the shape of its result and its number of parameters.

    classes, in_channels: the card's unless given. Raises ZooError for an unknown network, or for sizes that it can't have.
    """
    entry: stored.Entry = named(stored.entries(), name)
    card = entry.card
    cut = Cut()
    cut.take_all(entry.module, parse(entry.call))
    channels = card.channels if in_channels is None else width("in_channels", in_channels, card)
    results = card.classes if classes is None else width("classes", classes, card)
    paper = f"{card.paper.authors}, {card.paper.year}: {card.paper.title}, {card.paper.link}."
    differs = f"\nDiffers here: {card.differs}\n" if card.differs else ""
    head = f'"""{card.title}, written from its paper.\n\n{paper}\n{differs}"""\n\n{cut.import_lines()}'
    shape = ", ".join(map(str, (1, channels, *card.input_shape[1:])))
    build = _BUILD.format(classes=results, channels=channels, call=entry.call)
    return "\n\n\n".join([head, *cut.pieces, build, _MAIN.format(shape=shape)]) + "\n"


_BUILD = """def build(classes: int = {classes}, in_channels: int = {channels}) -> nn.Module:
    return {call}"""
_MAIN = """if __name__ == "__main__":
    model = build().eval()
    with torch.no_grad():
        result = model(torch.randn({shape}))
    print(tuple((result[0] if isinstance(result, tuple) else result).shape))
    print(sum(weight.numel() for weight in model.parameters()), "parameters")"""


@dataclass
class Cut:
    """What was cut out so far: definitions, each after those that it needs, and what is imported from elsewhere."""

    pieces: list[str] = field(default_factory=list)
    imports: set[Import] = field(default_factory=lambda: {Import("torch"), Import("torch", "nn")})
    taken: dict[str, str] = field(default_factory=dict)
    seen: list[Definition] = field(default_factory=list)

    def take_all(self, module: str, tree: ast.AST) -> None:
        """Take what the names in a piece of a module stand for."""
        for name in _names(tree):
            self.take(module, name)

    def take(self, module: str, name: str) -> None:
        """Take what a name stands for in a module; a name that is Python's own, or a local one, needs nothing."""
        source = source_of(module)
        if name in source.definitions:
            self._take_definition(module, name)
        elif name in source.imported:
            found = source.imported[name]
            if found.module.startswith(OWN):
                self.take(found.module, found.name)
            else:
                self.imports.add(found)

    def _take_definition(self, module: str, name: str) -> None:
        before = self.taken.setdefault(name, module)
        if before != module:
            raise ZooError(f"'{name}' stands for one thing in {before} and another in {module}; give one of them another name.")
        definition = source_of(module).definitions[name]
        if definition in self.seen:
            return
        self.seen.append(definition)
        self.take_all(module, definition.tree)
        self.pieces.append(definition.text)

    def import_lines(self) -> str:
        """The imports, Python's own above torch's."""
        lines = sorted(f"import {found.text}" for found in self.imports if not found.name)
        for module in sorted({found.module for found in self.imports if found.name}):
            names = sorted(found.text for found in self.imports if found.module == module and found.name)
            lines.append(f"from {module} import {', '.join(names)}")
        own = [line for line in lines if not line.split()[1].startswith("torch")]
        return "\n".join(["from __future__ import annotations\n", *own, "", *(line for line in lines if line not in own)])


@dataclass(frozen=True)
class Import:
    """`import module`, or `from module import name`, either with another name for it."""

    module: str
    name: str = ""
    renamed: str = ""

    @property
    def text(self) -> str:
        """What stands after the last "import"."""
        return (self.name or self.module) + (f" as {self.renamed}" if self.renamed else "")


@dataclass(frozen=True)
class Definition:
    """A function, class or constant of a module: its text, with the comment above it, and its syntax tree."""

    text: str
    tree: ast.AST


@dataclass(frozen=True)
class Source:
    """A module's definitions and its imports, by name."""

    definitions: dict[str, Definition]
    imported: dict[str, Import]


@cache
def source_of(module: str) -> Source:
    """A module of the zoo, read and not run."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    text = path.read_text(encoding="utf-8")
    definitions: dict[str, Definition] = {}
    imported: dict[str, Import] = {}
    for node in parse(text).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imported |= dict(_imported(node))
        else:
            definition = Definition(_text(text, node), _undecorated(node))
            definitions |= dict.fromkeys(_defined(node), definition)
    return Source(definitions, imported)


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Import]]:
    for alias in node.names:
        renamed = alias.asname or ""
        if isinstance(node, ast.ImportFrom):
            yield renamed or alias.name, Import(str(node.module), alias.name, renamed)
        else:
            yield renamed or alias.name.partition(".")[0], Import(alias.name, "", renamed)


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def _undecorated(node: ast.stmt) -> ast.stmt:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        node.decorator_list = [mark for mark in node.decorator_list if not _registers(mark)]
    return node


def _registers(mark: ast.expr) -> bool:
    return isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id in REGISTERING


def _text(text: str, node: ast.stmt) -> str:
    """A definition's own lines without the zoo's decorators, and the lines of comment right above them."""
    lines = text.splitlines()
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    marks = getattr(node, "decorator_list", [])
    kept = [line for mark in marks if not _registers(mark) for line in lines[mark.lineno - 1 : mark.end_lineno]]
    top = min([first, *(mark.lineno - 1 for mark in marks)])
    above = top
    while above and lines[above - 1].startswith("#"):
        above -= 1
    return "\n".join([*lines[above:top], *kept, *lines[first:last]])


def _names(tree: ast.AST) -> list[str]:
    """The names that a piece of code reads, in the order in which it names them."""
    return list(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))
