"""``aiops console``: look at a journal or a recording in a browser, without a daemon."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


@click.command()
@options.place
@click.option(
    "--recording",
    type=click.Path(path_type=Path),
    help="Replay that recording first, and show what the loop made of it.",
)
@click.option(
    "--recordings",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="A folder of recordings that may be replayed from the page; may be given more than once.",
)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=9912, show_default=True, help="0: any free one."
)
@click.option("--open", "open_it", is_flag=True, help="Open a browser there.")
def command(
    config: Path | None,
    state: "Place | None",
    recording: Path | None,
    recordings: tuple[Path, ...],
    port: int,
    open_it: bool,
) -> None:
    """Serve the console on loopback over a journal: of a daemon (running or not, or asked over HTTP), of a
    kept dry run, or of a recording that is replayed first. It only shows; answers are given in the daemon's
    own console, at /console/ of its server.

    \b
    Examples: aiops console --state build/demo-state --open
              aiops console --recording tests/recordings/shop
    """
    import threading
    from contextlib import ExitStack

    from aiops.bootstrap.console import recording_console, served, state_console
    from aiops.cli.progress import bar
    from aiops.cli.show import console

    with ExitStack() as stack:
        if recording is not None:
            with bar() as progress:
                parts = stack.enter_context(recording_console(config, recording, progress))
        else:
            parts = stack.enter_context(state_console(config, state, recordings))
        server = stack.enter_context(served(parts, "127.0.0.1", port))
        url = f"{server.url}/console/"
        console(err=True).print(f"console: {url}  (Ctrl-C ends it)", style="bold")
        if open_it:
            click.launch(url)
        threading.Event().wait()
