"""Names and bindings of one module: which statement gives a name its value, and which of them reach a use.

A `Module` is read lazily: only the blocks (module, class, function) that somebody asks about are walked.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .bindings import Binding, Imported, Names, Parameter

if TYPE_CHECKING:
    from .project import Project, Source

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
BlockNode = ast.Module | ast.ClassDef | FunctionNode
_Node = TypeVar("_Node", bound=ast.AST)
_Other = TypeVar("_Other", bound=ast.AST)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BLOCKS = (*_FUNCTIONS, ast.ClassDef)
_LEAVES = frozenset({ast.Name, ast.Constant, ast.alias, ast.Pass, ast.Break, ast.Continue})
_PLAIN_FIELDS = frozenset(
    "ctx op ops id attr asname module level kind type_comment rest kwd_attrs".split()
)
Loop = ast.For | ast.AsyncFor | ast.While


_Found = TypeVar("_Found")


def remembered(tell: Callable[[Block], _Found]) -> Callable[[Block], _Found]:
    """What the function tells of a block is found out once."""

    @functools.wraps(tell)
    def known(block: Block) -> _Found:
        if tell not in block.remembered:
            block.remembered[tell] = tell(block)
        found: _Found = block.remembered[tell]
        return found

    return known


class Block:
    """A module, class or function: the nodes that run with it, and the names that it binds.

    The nodes of a nested function or class belong to that block; its decorators, defaults, annotations and bases
    to this one. Comprehensions belong to the block in which they stand.
    """

    def __init__(self, module: Module, node: BlockNode, parent: Block | None) -> None:
        self.module = module
        self.node = node
        self.parent = parent
        self.is_function = isinstance(node, _FUNCTIONS)
        self.is_class = isinstance(node, ast.ClassDef)
        self.is_async = isinstance(node, ast.AsyncFunctionDef)
        self.remembered: dict[object, Any] = {}
        """What was found out about the block and holds for every file that asks, by who found it out."""

    def __repr__(self) -> str:
        return f"<Block {self.qualname} in {self.module.path}>"

    @property
    def name(self) -> str:
        """The name of the function or class; a lambda and a module have a word in angle brackets."""
        if isinstance(self.node, ast.Lambda):
            return "<lambda>"
        return "<module>" if isinstance(self.node, ast.Module) else self.node.name

    @property
    def qualname(self) -> str:
        """`Class.method`, `function.inner`."""
        names = [self.name]
        block = self.parent
        while block is not None and block.parent is not None:
            names.append(block.name)
            block = block.parent
        return ".".join(reversed(names))

    @cached_property
    def method_of(self) -> Block | None:
        """The class block whose body defines this function."""
        return self.parent if self.is_function and self.parent and self.parent.is_class else None

    @cached_property
    def function(self) -> Block | None:
        """The innermost function around this block, itself included."""
        block: Block | None = self
        while block is not None and not block.is_function:
            block = block.parent
        return block

    @cached_property
    def _walked(self) -> tuple[dict[ast.AST, ast.AST], dict[ast.AST, Block]]:
        """Parents of all nodes of this block, and the blocks that stand in it."""
        parents: dict[ast.AST, ast.AST] = {}
        inner: dict[ast.AST, Block] = {}
        root = self.node
        if isinstance(root, ast.Lambda):
            starts: list[ast.AST] = [root.body]
        else:
            starts = list(root.body)
        for start in starts:
            parents[start] = root
        stack: list[ast.AST] = starts[::-1]
        while stack:
            node = stack.pop()
            if isinstance(node, _BLOCKS):
                inner[node] = Block(self.module, node, self)
                children = _outer_parts(node)
            else:
                children = _children(node)
            parents.update(dict.fromkeys(children, node))
            stack += [child for child in reversed(children) if type(child) not in _LEAVES]
        return parents, inner

    @property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node around each node of this block."""
        return self._walked[0]

    @property
    def inner(self) -> dict[ast.AST, Block]:
        """The functions, lambdas and classes that stand directly in this block, by their node."""
        return self._walked[1]

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """All nodes of this block in the order of the text."""
        return iter(self._walked[0])

    @cached_property
    def _by_type(self) -> dict[type[ast.AST], list[ast.AST]]:
        found: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for node in self._walked[0]:
            found[node.__class__].append(node)
        return found

    @cached_property
    def _of_types(self) -> dict[tuple[type[ast.AST], ...], list[ast.AST]]:
        return {}

    @overload
    def nodes_of(self, kind: type[_Node], /) -> list[_Node]: ...
    @overload
    def nodes_of(self, one: type[_Node], two: type[_Other], /) -> list[_Node | _Other]: ...
    @overload
    def nodes_of(self, *kinds: type[ast.AST]) -> list[ast.AST]: ...
    def nodes_of(self, *kinds: type[ast.AST]) -> list[Any]:
        """The nodes of exactly these types, in the order of the text."""
        found = self._of_types.get(kinds)
        if found is None:
            present = [kind for kind in kinds if kind in self._by_type]
            if len(present) > 1:
                found = [node for node in self._walked[0] if node.__class__ in present]
            else:
                found = self._by_type[present[0]] if present else []
            self._of_types[kinds] = found
        return found

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """The calls that this block makes, in the order of the text."""
        return tuple(self.nodes_of(ast.Call))

    @cached_property
    def yields(self) -> tuple[ast.Yield | ast.YieldFrom, ...]:
        """The places where a generator yields."""
        simple, delegating = self.nodes_of(ast.Yield), self.nodes_of(ast.YieldFrom)
        if not delegating:
            return tuple(simple)
        return tuple(n for n in self.nodes if isinstance(n, (ast.Yield, ast.YieldFrom)))

    @cached_property
    def returns(self) -> tuple[ast.expr, ...]:
        """The returned expressions; a lambda returns its body."""
        if isinstance(self.node, ast.Lambda):
            return (self.node.body,)
        return tuple(node.value for node in self.nodes_of(ast.Return) if node.value)

    @cached_property
    def words(self) -> frozenset[str]:
        """All identifiers and attribute names in this block, its header and its nested blocks."""
        found = {node.id for node in self.nodes_of(ast.Name)}
        found.update(node.attr for node in self.nodes_of(ast.Attribute))
        for alias in self.nodes_of(ast.alias):
            found.update(alias.name.split("."))
        for constant in self.nodes_of(ast.Constant):
            if isinstance(constant.value, str) and constant.value.isidentifier():
                found.add(constant.value)  # a string annotation, or a name for getattr
        for part in () if isinstance(self.node, ast.Module) else _outer_parts(self.node):
            found |= _header_words(part)
        for block in self.inner.values():
            found |= block.words
        return frozenset(found)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, from near to far, this block's own node last."""
        parents = self.parents
        while (parent := parents.get(node)) is not None:
            yield parent
            node = parent

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The innermost statement that holds `node` (itself, when it is one)."""
        if isinstance(node, ast.stmt):
            return node
        return next((a for a in self.ancestors(node) if isinstance(a, ast.stmt)), None)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters of a function, by name, in order."""
        if not isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return {}
        arguments = self.node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults.extend(arguments.defaults)
        found = {
            arg.arg: Parameter(arg, default, index)
            for index, (arg, default) in enumerate(zip(positional, defaults, strict=True))
        }
        for arg, kw_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            found[arg.arg] = Parameter(arg, kw_default, None)
        if arguments.vararg:
            found[arguments.vararg.arg] = Parameter(arguments.vararg, None, None, "*")
        if arguments.kwarg:
            found[arguments.kwarg.arg] = Parameter(arguments.kwarg, None, None, "**")
        return found

    @cached_property
    def _names(self) -> Names:
        return Names(self)

    @property
    def bindings(self) -> dict[str, list[Binding]]:
        """What this block binds, comprehension targets left out; for a module also its `global`s in functions."""
        return self._names.bindings

    @property
    def stars(self) -> list[Imported]:
        """The `from … import *` of this block."""
        return self._names.stars

    @property
    def outer_names(self) -> dict[str, str]:
        """Names declared `global` or `nonlocal` here, with which of the two."""
        return self._names.outer

    def comprehension_binding(self, name: ast.Name) -> Binding | None:
        """The comprehension target that this use of a name means, if it means one."""
        if not self._names.in_comprehensions.get(name.id):
            return None
        inside: ast.AST = name
        for node in self.ancestors(name):
            if isinstance(node, _COMPREHENSIONS):
                evaluated_outside = inside is node.generators[0] and _within(
                    self, name, node.generators[0].iter
                )
                if not evaluated_outside:
                    for binding in self._names.in_comprehensions[name.id]:
                        if binding.node is node:
                            return binding
            inside = node
        return None

    def reaching(self, name: str, use: ast.AST | None) -> list[Binding]:
        """The bindings of `name` in this block that can be in force at `use`; all of them where `use` is None.

        A binding in a statement list around the use, and before it, hides what was bound before that binding. An
        assignment is not in force in its own value, unless it comes round again.
        """
        bindings = self.bindings.get(name, [])
        if use is None or len(bindings) < 2 or use not in self.parents:
            return bindings
        around = {use, *self.ancestors(use)}
        loops = [node for node in around if isinstance(node, ast.For | ast.AsyncFor | ast.While)]
        here = _position(use)
        nearest: Binding | None = None
        for binding in bindings:
            if isinstance(binding.origin, Parameter) or binding.block is not self:
                continue
            statement = self.statement(binding.node)
            if (
                statement is not None
                and _position(statement) < here
                and _is_before(self, statement, around)
                and (nearest is None or _position(nearest.node) < _position(binding.node))
            ):
                nearest = binding
        if nearest is None:
            if loops:
                return bindings
            return [b for b in bindings if not _is_assignment_around(b, around)] or bindings
        start = _position(nearest.node)
        inner_loops = [loop for loop in loops if _position(loop) > start]
        return [
            binding
            for binding in bindings
            if binding is nearest
            or binding.block is not self
            or (
                not isinstance(binding.origin, Parameter)
                and _position(binding.node) > start
                and (
                    (_position(binding.node) < here and not _is_assignment_around(binding, around))
                    or any(_within(self, binding.node, loop) for loop in inner_loops)
                )
            )
        ]

    def before(self, binding: Binding) -> list[Binding]:
        """The bindings of the same name in this block that can be in force where `binding` stands."""
        if len(self.bindings.get(binding.name, ())) < 2:
            return []
        here = _position(binding.node)
        return [
            other
            for other in self.reaching(binding.name, binding.node)
            if other.block is self and _position(other.node) < here
        ]


def _is_assignment_around(binding: Binding, around: set[ast.AST]) -> bool:
    return binding.node in around and isinstance(binding.node, ast.Assign | ast.AnnAssign)


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _within(block: Block, node: ast.AST, outer: ast.AST) -> bool:
    return node is outer or outer in block.ancestors(node)


def _is_before(block: Block, statement: ast.stmt, around: set[ast.AST]) -> bool:
    """Has the statement bound its names, whatever happens, when what `around` holds is evaluated?"""
    if statement in around:  # `with … as name:`, `for name in …:`
        if not isinstance(statement, ast.With | ast.AsyncWith | ast.For | ast.AsyncFor):
            return False
        return any(inner in around for inner in statement.body)
    parent = block.parents.get(statement)
    return parent is not None and parent in around and _same_list(parent, statement, around)


def _same_list(parent: ast.AST, statement: ast.stmt, around: set[ast.AST]) -> bool:
    """Do the statement and one of the nodes around the use stand in the same list of the parent?"""
    for field in ("body", "orelse", "finalbody"):
        statements = getattr(parent, field, None)
        if isinstance(statements, list) and statement in statements:
            if any(other in around for other in statements):
                return True
            # what a `try` body binds last is in force in its `else`
            return (
                field == "body"
                and isinstance(parent, ast.Try)
                and any(other in around for other in parent.orelse)
            )
    return False


@functools.cache
def _node_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    if kind in (ast.Global, ast.Nonlocal):  # which hold names only
        return ()
    return tuple(field for field in kind._fields if field not in _PLAIN_FIELDS)


def _children(node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    for field in _node_fields(type(node)):  # type: ignore[arg-type]  # typeshed's AST
        value = getattr(node, field, None)
        if value.__class__ is list:
            found += value
        elif isinstance(value, ast.AST):
            found.append(value)
    if isinstance(node, ast.Dict) and None in node.keys:  # `**mapping`
        found = list(filter(None, found))
    return found


def _header_words(part: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(part):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.isidentifier():
                found.add(node.value)
    return found


def _outer_parts(node: ast.AST) -> list[ast.AST]:
    """The parts of a function or class that are evaluated where it stands."""
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    arguments = node.args
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    everything += [arg for arg in (arguments.vararg, arguments.kwarg) if arg]
    parts: list[ast.AST] = [] if isinstance(node, ast.Lambda) else [*node.decorator_list]
    parts += [arg.annotation for arg in everything if arg.annotation]
    parts += arguments.defaults
    parts += [default for default in arguments.kw_defaults if default]
    if not isinstance(node, ast.Lambda) and node.returns:
        parts.append(node.returns)
    return parts


_AS = re.compile(r" as (\w+)")


class Module:
    """One parsed file of the linted project."""

    def __init__(self, project: Project, source: Source, tree: ast.Module) -> None:
        self.project = project
        self.source = source
        self.path = source.path
        self.tree = tree
        self.block = Block(self, tree, None)
        self._saying: dict[tuple[str, ...], frozenset[str]] = {}
        self._said: dict[tuple[str, ...], bool] = {}

    def __repr__(self) -> str:
        return f"<Module {self.path}>"

    @property
    def display(self) -> str:
        """The file's path as messages show it: relative to the project root, with forward slashes."""
        return self.project.display(self.path)

    def blocks(self) -> Iterator[Block]:
        """All blocks of the module, outer ones first, in the order of the text."""
        return iter(self._blocks)

    @cached_property
    def _blocks(self) -> tuple[Block, ...]:
        found = []
        stack = [self.block]
        while stack:
            block = stack.pop()
            found.append(block)
            stack.extend(reversed(block.inner.values()))
        return tuple(found)

    def functions(self) -> Iterator[Block]:
        """All functions of the module, lambdas included, in the order of the text."""
        return (block for block in self.blocks() if block.is_function)

    def calls(self) -> Iterator[tuple[ast.Call, Block]]:
        """All calls of the module, each with the block that runs it."""
        for block in self.blocks():
            for call in block.calls:
                yield call, block

    @cached_property
    def renamed(self) -> dict[str, str]:
        """The names that an `as` of this file introduces, with the word before it."""
        text = self.source.text
        found = {}
        for match in _AS.finditer(text):
            before = text[max(0, match.start() - 80) : match.start()].split()
            found[match[1]] = before[-1] if before else ""
        return found

    @cached_property
    def attribute_stores(self) -> dict[str, list[tuple[Block, ast.expr, ast.expr]]]:
        """`receiver.name = value` of the whole file but for `self.name`: block, receiver and value, by name."""
        found: dict[str, list[tuple[Block, ast.expr, ast.expr]]] = {}
        for block in self.blocks():
            for node in block.nodes_of(ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute):
                        receiver = target.value
                        if not (isinstance(receiver, ast.Name) and receiver.id == "self"):
                            found.setdefault(target.attr, []).append((block, receiver, node.value))
        return found

    def functions_saying(self, *names: str) -> frozenset[str]:
        """The names of the functions whose code uses one of these names."""
        found = self._saying.get(names)
        if found is None:
            spelled = self.spellings(*names)
            users = (b.name for b in self.functions() if not spelled.isdisjoint(b.words))
            found = self._saying[names] = frozenset(users)
        return found

    def spellings(self, *names: str) -> frozenset[str]:
        """The names, and what imports and partials of this file rename them to."""
        others = (new for new, old in self._other_names if old in names)
        return frozenset((*names, *others))

    @cached_property
    def _other_names(self) -> list[tuple[str, str]]:
        """Further names for functions, with the word behind each: `import f as g`, `g = partial(f)` at the top."""
        found = list(self.renamed.items())
        for assigned in self.block.nodes_of(ast.Assign) if self.may_say("partial(") else ():
            match assigned:
                case ast.Assign(
                    targets=[ast.Name(id=new)],
                    value=ast.Call(func=called, args=[ast.Name() | ast.Attribute() as given, *_]),
                ) if ast.unparse(called).endswith("partial"):
                    word = given.attr if isinstance(given, ast.Attribute) else given.id
                    found.append((new, self.renamed.get(word, word)))
        return found

    def may_say(self, *words: str) -> bool:
        """Does the text hold one of these words anywhere? Cheap, and only ever errs on the side of yes."""
        said = self._said.get(words)
        if said is None:
            said = self._said[words] = any(word in self.source.text for word in words)
        return said
