"""A progress bar on standard error, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiops.cli.show import console


@contextmanager
def bar() -> Iterator[Callable[[float, str], None]]:
    """Give a function of (share done, what is being done) that moves the bar."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    out = console(err=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda share, what: progress.update(task, completed=share, description=what)
