"""Mutants: a module's source with one thing changed, for each thing that a test should notice.

Comparisons at and across their boundaries, ``and`` and ``or`` and each of their parts, ``not``, arithmetic,
numbers by one, conditions that are always or never true, ``any`` and ``all``, ``min`` and ``max``, a
statement that is left out, and the lie that matters most: a guard that says permit where it stopped.

Text for people is not mutated, nor are annotations and decorators.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

Change = Callable[[ast.AST], ast.AST]

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
SWAPPED = {"any": "all", "all": "any", "min": "max", "max": "min", "ceil": "floor"}
STOPPING = frozenset({"hold", "refuse", "escalate", "unknown"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed module, made when it is asked for."""

    line: int
    was: str  # the changed part, as source
    now: str
    tree: Callable[[], ast.Module]

    @property
    def what(self) -> str:
        """The change in words: ``a < b -> a <= b``."""
        return f"{self.was} -> {self.now}"


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of ``source``, in the order of its lines."""
    tree = ast.parse(source)
    skipped = _untouched(tree)
    nodes = [(index, node) for index, node in enumerate(ast.walk(tree)) if id(node) not in skipped]
    for index, node in sorted(nodes, key=lambda one: (_line(one[1]), one[0])):
        for change in _changes(node):
            now = ast.unparse(change(copy.deepcopy(node)))
            yield Mutant(_line(node), ast.unparse(node), now, partial(_made, source, index, change))


def _made(source: str, index: int, change: Change) -> ast.Module:
    tree = ast.parse(source)
    old = next(node for at, node in enumerate(ast.walk(tree)) if at == index)
    new = ast.copy_location(change(copy.deepcopy(old)), old)
    _Swap(old, new).visit(tree)
    return ast.fix_missing_locations(tree)


def _line(node: ast.AST) -> int:
    place = node.target if isinstance(node, ast.comprehension) else node
    return getattr(place, "lineno", 0)


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _untouched(tree: ast.Module) -> set[int]:
    """Annotations, decorators, docstrings and what is inside them."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            roots += [*node.decorator_list, node.args]
            roots += [node.returns] if node.returns else []
        elif isinstance(node, ast.ClassDef):
            roots += node.decorator_list
        elif isinstance(node, ast.AnnAssign):
            roots.append(node.annotation)
        elif isinstance(node, ast.IfExp) and _is_text(node.body) and _is_text(node.orelse):
            roots.append(node)
        elif isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), ast.Constant):
            roots += [node] if isinstance(node, ast.JoinedStr | ast.Expr) else []
    return {id(inner) for root in roots for inner in ast.walk(root)}


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def _changes(node: ast.AST) -> Iterator[Change]:
    yield from _of_conditions(node)
    match node:
        case ast.BinOp() if type(node.op) in ARITHMETIC:
            yield _set("op", ARITHMETIC[type(node.op)]())
        case ast.Constant(value=bool()):
            yield _set("value", not node.value)
        case ast.Constant(value=int() | float()):
            yield _set("value", node.value + 1)
            yield _set("value", node.value - 1)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in SWAPPED:
            yield _renamed(SWAPPED[name])
        case ast.Return(value=ast.Call(func=ast.Name(id=name))) if name in STOPPING:
            yield _permitting
        case (
            ast.Continue()
            | ast.Break()
            | ast.AugAssign()
            | ast.Expr(value=ast.Call())
            | ast.Assign(targets=[ast.Subscript()])
        ):
            yield lambda _: ast.Pass()
        case _:
            pass


def _of_conditions(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                for other in COMPARISONS[type(operator)]:
                    yield _replaced("ops", at, other())
        case ast.BoolOp():
            yield _set("op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
            for at in range(len(node.values)):
                yield _without(at)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield lambda one: one.operand
        case ast.If() | ast.IfExp():
            yield _set("test", ast.Constant(True))
            yield _set("test", ast.Constant(False))
        case ast.comprehension() if node.ifs:
            for at in range(len(node.ifs)):
                yield _replaced("ifs", at, ast.Constant(True))
        case _:
            pass


def _set(name: str, value: object) -> Change:
    def change(node: ast.AST) -> ast.AST:
        setattr(node, name, value)
        return node

    return change


def _replaced(name: str, at: int, value: ast.AST) -> Change:
    def change(node: ast.AST) -> ast.AST:
        getattr(node, name)[at] = value
        return node

    return change


def _without(at: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.BoolOp)
        rest = [value for index, value in enumerate(node.values) if index != at]
        return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)

    return change


def _renamed(name: str) -> Change:
    def change(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Call)
        if isinstance(node.func, ast.Name):
            node.func.id = name
        elif isinstance(node.func, ast.Attribute):
            node.func.attr = name
        return node

    return change


def _permitting(node: ast.AST) -> ast.AST:
    """``return hold(guard, text, until)`` as ``return permit(guard, text)``."""
    assert isinstance(node, ast.Return)
    assert isinstance(node.value, ast.Call)
    return ast.Return(ast.Call(ast.Name("permit", ast.Load()), node.value.args[:2], []))
