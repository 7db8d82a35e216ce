"""Order and guarantees inside one function: what encloses a node, what runs before it, what runs on every way out."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

from .scopes import Block

_STORES = frozenset({"setdefault", "update", "set", "__setitem__", "append", "add"})
Guard = ast.Try | ast.With | ast.AsyncWith


def position(node: ast.AST) -> tuple[int, int]:
    """Line and column, to compare places of one file."""
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def is_within(block: Block, node: ast.AST, outer: ast.AST) -> bool:
    """Is `node` the node `outer`, or inside it?"""
    return node is outer or any(a is outer for a in block.ancestors(node))


def in_part(block: Block, node: ast.AST, outer: ast.AST, part: str) -> bool:
    """Is `node` inside the statements that `outer` (a `try`, `if`, loop, …) has in the field `part`?"""
    inside = node
    for ancestor in block.ancestors(node):
        if ancestor is outer:
            statements = getattr(outer, part, [])
            return inside is statements or (isinstance(statements, list) and inside in statements)
        inside = ancestor
    return False


def enclosing_tries(block: Block, node: ast.AST) -> Iterator[ast.Try]:
    """The `try` statements whose body holds the node, from near to far."""
    for ancestor in block.ancestors(node):
        if isinstance(ancestor, ast.Try | ast.TryStar) and in_part(block, node, ancestor, "body"):
            yield ancestor  # type: ignore[misc]


def enclosing_withs(block: Block, node: ast.AST) -> Iterator[ast.expr]:
    """The context expressions of the `with` statements whose body holds the node, from near to far."""
    for ancestor in block.ancestors(node):
        if isinstance(ancestor, ast.With | ast.AsyncWith) and in_part(
            block, node, ancestor, "body"
        ):
            for item in reversed(ancestor.items):
                yield item.context_expr


def loops_around(block: Block, node: ast.AST) -> Iterator[ast.AST]:
    """The loops and comprehensions that run the node more than once, from near to far.

    What a `for` or the first `for` of a comprehension iterates over is evaluated once.
    """
    inside = node
    for ancestor in block.ancestors(node):
        if isinstance(ancestor, ast.For | ast.AsyncFor):
            if inside is not ancestor.iter and inside not in ancestor.orelse:
                yield ancestor
        elif isinstance(ancestor, ast.While):
            if inside not in ancestor.orelse:
                yield ancestor
        elif isinstance(ancestor, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            first = ancestor.generators[0]
            if not (inside is first and is_within(block, node, first.iter)):
                yield ancestor
        inside = ancestor


def are_exclusive(block: Block, one: ast.AST, other: ast.AST) -> bool:
    """Do the nodes stand in branches of which only one runs (`if`/`else`, `match`, a returning branch)?"""
    ancestors = list(block.ancestors(one))
    for ancestor in ancestors:
        if isinstance(ancestor, ast.If):
            for mine, theirs in (("body", "orelse"), ("orelse", "body")):
                if in_part(block, one, ancestor, mine) and in_part(block, other, ancestor, theirs):
                    return True
            if in_part(block, one, ancestor, "body") and not is_within(block, other, ancestor):
                if position(other) > position(ancestor) and leaves(ancestor.body):
                    return True
        elif isinstance(ancestor, ast.IfExp):
            parts = [ancestor.body, ancestor.orelse]
            sides = [[is_within(block, n, part) for part in parts] for n in (one, other)]
            if sides[0] != sides[1] and any(sides[0]) and any(sides[1]):
                return True
        elif isinstance(ancestor, ast.Match):
            cases = [
                next((c for c in ancestor.cases if is_within(block, n, c)), None)
                for n in (one, other)
            ]
            if None not in cases and cases[0] is not cases[1]:
                return True
        elif isinstance(ancestor, ast.ExceptHandler):
            outer = block.parents.get(ancestor)
            if outer is not None and in_part(block, other, outer, "handlers"):
                if not is_within(block, other, ancestor):
                    return True
    return False


def leaves(statements: list[ast.stmt]) -> bool:
    """Do these statements always end in `return`, `raise`, `continue` or `break`?"""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return True
    if isinstance(last, ast.If):
        return leaves(last.body) and leaves(last.orelse)
    if isinstance(last, ast.With | ast.AsyncWith):
        return leaves(last.body)
    return False


def is_choice(block: Block, one: ast.AST, other: ast.AST) -> bool:
    """Is the same place given one value or the other, or is one of them returned?"""
    if not are_exclusive(block, one, other) and not are_exclusive(block, other, one):
        return False
    return _receiver(block, one) == _receiver(block, other) is not None


def _receiver(block: Block, node: ast.AST) -> str | None:
    """What an expression's value is assigned to; "return" where it is returned."""
    parent = block.parents.get(node)
    while isinstance(parent, ast.IfExp | ast.Await):
        parent = block.parents.get(parent)
    match parent:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return ast.unparse(target)
        case ast.Return():
            return "return"
    return None


def is_tested_and_kept(block: Block, node: ast.AST) -> bool:
    """Is the value at `node` made only when a place that outlives the call is empty, and stored there?

    `if x is None: x = …`, `if key not in cache: cache[key] = …`, an early `return` of what is there, `try: return
    cache[key]` / `except KeyError`, `x = x or …`; the place is a global, an attribute, a key of a container: no local.
    """
    if _makes_up_for(block, node):
        return True
    kept = _kept_in(block)
    return bool(kept) and any(ast.unparse(part) in kept for part in _tested(block, node))


def is_kept_by(block: Block, node: ast.AST, keeper: Block) -> bool:
    """Does the call at `node` run `keeper` only when a place is empty to which that stores something?

    `if engine is None: connect()`, `if not self._engine: self._connect()`, `if db.engine is None: db.connect()`.
    """
    receiver = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        receiver = ast.unparse(node.func.value)
    kept = {*_seen_from(block, receiver, keeper), *_given_to(node, keeper)}
    return bool(kept) and any(
        ast.unparse(part) in kept
        for part in _tested(block, node)
        if not isinstance(part, ast.Name) or _outlives(block, part)
    )


def _seen_from(block: Block, receiver: str | None, keeper: Block) -> Iterator[str]:
    """The places that a function stores to, as a function spells them that calls it on `receiver`."""
    own = next(iter(keeper.parameters), None) if keeper.method_of is not None else None
    for helper in (keeper, *_helpers(keeper, own)):
        itself = next(iter(helper.parameters), None) if helper.method_of is not None else None
        for place in _kept_in(helper):
            owner, _, rest = place.partition(".")
            if itself is not None and owner == itself and rest:
                if receiver is not None:
                    yield f"{receiver}.{rest}"
            elif _is_of_the_module(helper, place):
                if block.module is not keeper.module:
                    yield f"{receiver}.{place}"
                elif _is_of_the_module(block, place):
                    yield place


def _given_to(node: ast.AST, keeper: Block) -> Iterator[str]:
    """The places on its arguments that a function stores to, as its caller spells them: `start(request.app)`."""
    if not isinstance(node, ast.Call):
        return
    names = list(keeper.parameters)[1 if keeper.method_of is not None else 0 :]
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    given |= dict(zip(names, node.args, strict=False))
    for place in _kept_in(keeper):
        owner, _, rest = place.partition(".")
        if rest and owner in given and isinstance(given[owner], ast.Name | ast.Attribute):
            yield f"{ast.unparse(given[owner])}.{rest}"


def _is_of_the_module(block: Block, place: str) -> bool:
    """Is a place, as a function spells it, a global of its module, or something of one?"""
    name = re.split(r"[.\[]", place, maxsplit=1)[0]
    return name in block.outer_names or name not in (block.bindings | block.parameters)


def _helpers(keeper: Block, own: str | None) -> Iterator[Block]:
    """The functions beside it that a function calls by name, and the methods that it calls on its own object."""
    beside = keeper.parent
    if beside is None:
        return
    for call in keeper.calls:
        match call.func:
            case ast.Name(id=name) if not beside.is_class:
                pass
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == own:
                pass
            case _:
                continue
        yield from (b for b in beside.inner.values() if b.is_function and b.name == name)


def _makes_up_for(block: Block, node: ast.AST) -> bool:
    """Does the node stand in `except NameError:`, where a global was used that is not there yet?"""
    return any(
        isinstance(ancestor, ast.ExceptHandler)
        and isinstance(ancestor.type, ast.Name)
        and ancestor.type.id == "NameError"
        for ancestor in block.ancestors(node)
    )


@functools.lru_cache(maxsize=4096)
def _kept_in(block: Block) -> frozenset[str]:
    """The places that outlive a call to which a function stores something, as they are spelled."""
    targets: list[ast.expr] = []
    for assigned in block.nodes_of(ast.Assign):
        targets += assigned.targets
    targets += (declared.target for declared in block.nodes_of(ast.AnnAssign))
    targets += (named.target for named in block.nodes_of(ast.NamedExpr))
    for call in block.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in _STORES:
            targets.append(call.func.value)
    kept = set[str]()
    for place in (place for target in targets for place in _places(target)):
        if _outlives(block, place):
            kept.add(ast.unparse(place))
        elif isinstance(place, ast.Subscript) and _is_alias(block, place.value):
            kept |= {ast.unparse(place), ast.unparse(place.value)}
    return frozenset(kept)


def _tested(block: Block, node: ast.AST) -> Iterator[ast.expr]:
    """What is tested around or before the node: the expressions in the tests."""
    for ancestor in block.ancestors(node):
        if isinstance(ancestor, ast.If | ast.IfExp | ast.While):
            yield from _expressions(block, ancestor.test)
        elif isinstance(ancestor, ast.BoolOp):
            yield from _expressions(block, ancestor.values[0])
        elif isinstance(ancestor, ast.ExceptHandler):
            outer = block.parents.get(ancestor)
            if isinstance(outer, ast.Try):
                for statement in outer.body:
                    yield from _expressions(block, statement)
        elif isinstance(ancestor, ast.Try):
            yield from _returned_early(block, ancestor.body, node)
        body = getattr(ancestor, "body", None)
        if isinstance(body, list):
            yield from _returned_early(block, body, node)


def _returned_early(block: Block, statements: list[ast.stmt], node: ast.AST) -> Iterator[ast.expr]:
    """`if x is not None: return x` before the node; `try: return cache[key]` likewise."""
    for statement in statements:
        if position(statement) >= position(node) or is_within(block, node, statement):
            break
        if isinstance(statement, ast.If) and leaves(statement.body):
            yield from _expressions(block, statement.test)
        elif isinstance(statement, ast.Try) and leaves(statement.body):
            for inner in statement.body:
                yield from _expressions(block, inner)


def _expressions(block: Block, test: ast.AST) -> Iterator[ast.expr]:
    """The names, attributes and subscripts in a test; for a local name also what it was read from."""
    for part in ast.walk(test):
        if isinstance(part, ast.Name | ast.Attribute | ast.Subscript):
            yield part
            if isinstance(part, ast.Name):
                yield from _read_from(block, part)
        elif isinstance(part, ast.Call):
            yield from _attribute_asked(part)


def _read_from(block: Block, name: ast.Name) -> Iterator[ast.expr]:
    """`engine = cache.get(key)` before `if engine is None`: the test is about the cache."""
    for binding in block.bindings.get(name.id, ()):
        value = getattr(binding.node, "value", None)
        if isinstance(value, ast.Attribute | ast.Subscript):
            yield value
            if isinstance(value, ast.Subscript):
                yield value.value
        elif isinstance(value, ast.Call):
            yield from _attribute_asked(value)
            if isinstance(value.func, ast.Attribute):
                yield value.func.value
        elif isinstance(value, ast.Name):
            yield value


def _attribute_asked(call: ast.Call) -> Iterator[ast.expr]:
    """`hasattr(owner, "name")`, `getattr(owner, "name", None)` as `owner.name`."""
    match call:
        case ast.Call(
            func=ast.Name(id="hasattr" | "getattr"),
            args=[owner, ast.Constant(value=str() as attr), *_],
        ):
            yield ast.Attribute(owner, attr, ast.Load())


def _places(target: ast.expr) -> Iterator[ast.expr]:
    """The stored-to expression; for `cache[key]` also the cache."""
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _places(element)
        return
    yield target
    if isinstance(target, ast.Subscript):
        yield target.value


def _outlives(block: Block, place: ast.expr) -> bool:
    """Does the place outlive the call: a global or nonlocal name, an attribute, a key of one of these?

    So does the container in `def get(cache={})`.
    """
    if isinstance(place, ast.Name):
        parameter = block.parameters.get(place.id)
        if parameter is not None:
            return isinstance(parameter.default, ast.List | ast.Dict | ast.Set)
        return place.id in block.outer_names or place.id not in block.bindings
    if isinstance(place, ast.Attribute):
        return True
    if isinstance(place, ast.Subscript):
        return _outlives(block, place.value)
    return False


def _is_alias(block: Block, name: ast.expr) -> bool:
    """Is the local name another one for a container that an object has: `kept = app.extensions`?"""
    if not isinstance(name, ast.Name):
        return False
    bindings = block.bindings.get(name.id, ())
    values = [getattr(binding.node, "value", None) for binding in bindings]
    return bool(values) and all(
        isinstance(v, ast.Attribute) and _outlives(block, v) for v in values
    )
