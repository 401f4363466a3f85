"""``aiops rbac``: the least rights that a configuration needs, as manifests."""

import io
from dataclasses import replace
from pathlib import Path

import click

from aiops.cli import options
from aiops.cli.show import console, print_json


@click.command()
@options.config
@click.option("--name", metavar="NAME", help="Of the ServiceAccount and of the roles; default: aiops.")
@click.option("--namespace", metavar="NAMESPACE", help="Where the daemon runs; default: as configured.")
@click.option(
    "--opt-in",
    "opted_in",
    metavar="NAMESPACE",
    multiple=True,
    help="Where it may write (again for more); default: namespaces of the policy's scopes in ask or auto.",
)
@click.option("--people", is_flag=True, help="Also the roles by which people answer, to bind to them.")
@options.as_json
def command(
    *,
    config: Path | None,
    name: str | None,
    namespace: str | None,
    opted_in: tuple[str, ...],
    people: bool,
    as_json: bool,
) -> None:
    """Print the least rights that the configuration needs, as manifests for kubectl apply.

    What may be written follows from the enabled playbooks: the verbs that their remediations declare, bound
    in each opted-in namespace; with none in mode ask or auto there is no right to write at all. Reading and
    writing are separate roles. Nothing grants Secrets. Run it again after a change of playbooks.

    \b
    Examples: aiops rbac --config ./config --opt-in shop | kubectl apply -f -
              aiops rbac --json | jq '.remediations'
    """
    from aiops.bootstrap import rbac
    from aiops.bootstrap.config import load_settings

    settings = load_settings(config)
    found, names = rbac.needed(settings)
    names = replace(
        names,
        name=name or names.name,
        namespace=namespace or names.namespace,
        opted_in=tuple(sorted(set(opted_in))) or names.opted_in,
    )
    objects = list(rbac.manifests(found, names))
    if people:
        objects += rbac.for_people(names.name, sorted(settings.approvals.roles))
    if as_json:
        print_json({"remediations": found.remediations, "opted_in": names.opted_in, "manifests": objects})
        return
    _note(found.remediations, bool(found.write), names.opted_in)
    click.echo(_yaml(objects), nl=False)


def _note(remediations: tuple[str, ...], writes: bool, opted_in: tuple[str, ...]) -> None:
    out = console(err=True)
    if not remediations:
        out.print("no playbook may act (mode ask or auto): nothing may be written")
    elif writes and not opted_in:
        out.print("no namespace is opted in: the role to write is bound nowhere (--opt-in NAMESPACE)")
    else:
        out.print(f"for {len(remediations)} remediations: {', '.join(remediations)}")


def _yaml(objects: list[dict[str, object]]) -> str:
    from ruamel.yaml import YAML

    out = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.explicit_start, writer.default_flow_style = True, False
    writer.dump_all(objects, out)
    return out.getvalue()
