"""Apply: make the code that tests have already imported lie, in this process.

Functions keep their identity and get the mutant's code, so that a table of guards, or a test's parameters,
hold the lie as well. Constants are set wherever they were imported to.
"""

import ast
import sys
from types import FunctionType, ModuleType


def apply(tree: ast.Module, module: ModuleType) -> None:
    """Let ``module`` behave as the mutant ``tree`` of its source does."""
    fresh: dict[str, object] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(compile(tree, str(module.__file__), "exec"), fresh)  # noqa: S102 - our own source, changed on purpose
    for name, new in fresh.items():
        old = vars(module).get(name)
        if (
            name.startswith("__")
            or old is None
            or getattr(old, "__module__", module.__name__) != module.__name__
        ):
            continue
        if isinstance(old, FunctionType) and isinstance(new, FunctionType):
            _become(old, new)
        elif isinstance(old, type) and isinstance(new, type):
            for inner in vars(new):
                _become(_function(vars(old).get(inner)), _function(vars(new)[inner]))
        elif not isinstance(old, ModuleType | FunctionType | type) and type(old) is type(new) and old != new:
            _spread(name, old, new)


def _function(member: object) -> object:
    """The function behind a method, property, class or static method."""
    return getattr(member, "fget", None) or getattr(member, "__func__", member)


def _become(old: object, new: object) -> None:
    if isinstance(old, FunctionType) and isinstance(new, FunctionType):
        old.__code__, old.__defaults__ = new.__code__, new.__defaults__


def _spread(name: str, old: object, new: object) -> None:
    for other in list(sys.modules.values()):
        if isinstance(other, ModuleType) and vars(other).get(name) is old:
            setattr(other, name, new)
