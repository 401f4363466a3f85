"""``aiops run``: the loop, live."""

import signal
import threading
from pathlib import Path
from types import FrameType

import click


@click.command()
@click.option("--config", "config_dir", type=click.Path(path_type=Path), help="Configuration folder.")
@click.option("--prometheus", metavar="URL", help="Where Prometheus is; over the configuration.")
@click.option("--state", type=click.Path(path_type=Path), help="Folder of journal and baselines.")
@click.option(
    "--listen", metavar="[HOST:]PORT", help="Where /metrics, /healthz and /readyz are served; 0: a free port."
)
@click.option(
    "--facts",
    type=click.Path(exists=True, path_type=Path),
    help="A recording whose cluster facts (owners, calls, revisions) are used.",
)
@click.option(
    "--log-format", type=click.Choice(["auto", "json", "console"]), help="auto: console on a terminal."
)
def command(
    config_dir: Path | None,
    prometheus: str | None,
    state: Path | None,
    listen: str | None,
    facts: Path | None,
    log_format: str | None,
) -> None:
    """Run the loop against a live Prometheus until SIGTERM or Ctrl-C.

    What it notices, blames, decides and does goes into the journal (see `aiops incidents`, `aiops explain`,
    `aiops journal`) and the log. After install it observes: what it may change, and where, is opened in the
    configuration (policy.mode, policy.scopes, kubernetes.access) and by a label on the namespace. `aiops
    stop` stops it from changing anything, at once.

    \b
    Example: aiops run --prometheus http://127.0.0.1:9090 --state ./state
    """
    from aiops.bootstrap.run import Options, run

    host, port = _listen(listen)
    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    run(Options(config_dir, state, prometheus, host, port, facts, log_format), stop)


def _listen(text: str | None) -> tuple[str | None, int | None]:
    if text is None:
        return None, None
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise click.BadParameter(f"expected HOST:PORT or PORT, got {text!r}", param_hint="--listen")
    return host.strip("[]") or None, int(port)
