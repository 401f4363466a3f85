"""``aiops unlock``: a person says that the daemon may try again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.explain import TargetName
from aiops.cli.show import console, print_json
from aiops.cli.times import DURATION
from aiops.model import Target

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


@click.command()
@click.argument("target", required=False, type=TargetName())
@click.option("--playbook", metavar="NAME", help="Reset the breaker of this playbook.")
@click.option("--all-playbooks", is_flag=True, help="Reset the breaker of everything.")
@options.reason
@options.place
@click.option(
    "--wait", type=DURATION, default="60s", help="How long to wait for the daemon.", show_default=True
)
@click.option("--list", "only_list", is_flag=True, help="Only say what is locked, or soon would be.")
@options.as_json
def command(
    *,
    target: Target | None,
    playbook: str | None,
    all_playbooks: bool,
    reason: str,
    config: Path | None,
    state: "Place | None",
    wait: int,
    only_list: bool,
    as_json: bool,
) -> None:
    """Lift the lock-out of TARGET (Kind/namespace/name), or reset a breaker, once the cause is mended.

    A target is locked after three fixes in a row that did not help, or after somebody wrote over our changes
    twice; a breaker opens when most of a playbook's last fixes did not help. A person says when to go on.

    \b
    Examples: aiops unlock --list --state ./state
              aiops unlock Deployment/shop/cart --reason "the leak is fixed in 1.4.2"
              aiops unlock --playbook crash-loop --server https://aiops.example.com
    """
    from aiops.bootstrap import requests
    from aiops.cli.undo import outcome

    asked = [target is not None, playbook is not None, all_playbooks]
    if sum(asked) != (0 if only_list else 1):
        raise click.UsageError("expected one of TARGET, --playbook and --all-playbooks, or --list alone")
    with requests.journal(config, state) as (folder, store):
        locks = requests.locks(store)
    if only_list:
        show(locks, as_json)
        return
    name = "" if all_playbooks else playbook
    if target is not None:
        requests.known("TARGET", str(target), locks.targets)
    elif name is not None:
        requests.known("--playbook", name, locks.playbooks)
    if not requests.there(folder):
        console(err=True).print(f"no daemon runs on {folder}: start it, then unlock (the journal is its own)")
        click.get_current_context().exit(1)
    told = console(err=True).print
    ended = requests.unlock(folder, target, name, reason, wait, told)
    outcome(ended, {"target": str(target) if target else None, "playbook": name}, as_json)


def show(locks: object, as_json: bool) -> None:
    """What an unlock would change."""
    from aiops.bootstrap.requests import Locks
    from aiops.cli.timeline import line

    assert isinstance(locks, Locks)  # noqa: S101 - what the caller read
    if as_json:
        print_json({"targets": dict(locks.targets), "breakers": dict(locks.playbooks)})
        return
    out = console()
    for name, why in locks.targets.items():
        out.print(line((name, "bold"), f"  {why}"))
    for name, why in locks.playbooks.items():
        out.print(line((f"playbook {name}" if name else "all playbooks", "bold"), f"  {why}"))
    if not locks.targets and not locks.playbooks:
        console(err=True).print("nothing to unlock")
