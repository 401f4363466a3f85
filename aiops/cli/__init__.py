"""The command line. Each command is a module of its own, imported only when it is called.

Exit codes: 0 done; 1 the answer is no (a check failed, nothing can be seen); 2 the command line or an
input file is wrong; 3 something outside (Prometheus, the journal) did not answer; 130 stopped by Ctrl-C.
Errors are one line on standard error, never a traceback. Results go to standard output, progress and notes
to standard error.
"""

import importlib
import os
import sys
from typing import Any

import click

from aiops.errors import AiopsError, ConfigError, InputError, PortError

# command: (module under aiops.cli, one line for `aiops --help`); the order is that of a first day
COMMANDS: dict[str, tuple[str, str]] = {
    "dry-run": ("dry_run", "Replay a recording and show what would have been noticed, blamed and done."),
    "onboard": ("onboard", "Look at a Prometheus and write the signals and mapping that fit it."),
    "signals": ("signals", "List the signals; check which of them return data."),
    "record": ("record", "Make a recording from a Prometheus; import CSV, JSON or OpenMetrics."),
    "run": ("run", "Run the loop live."),
    "incidents": ("incidents", "List incidents of the journal."),
    "explain": ("explain", "Explain an incident, or why nothing was said of a target."),
    "plan": ("plan", "Show what exactly would be done about an incident, and every guard's say."),
    "approvals": ("approvals", "List what waits for a person's answer."),
    "approve": ("approve", "Approve exactly one plan that waits."),
    "deny": ("deny", "Deny it."),
    "snooze": ("snooze", "Put the question off."),
    "journal": ("journal", "Show the append-only record of what was seen, decided and done; verify it."),
    "audit": ("audit", "Check that the journal is what it was; export it; its signed heads."),
    "handover": ("handover", "Say what the next person on call must know."),
    "undo": ("undo", "Have the daemon take back a step that it carried out."),
    "unlock": ("unlock", "Let it try again where fixes did not help, once the cause is mended."),
    "autonomy": ("autonomy", "Show what each playbook may do alone, where and why; accept a rise."),
    "feedback": ("feedback", "List what false alarms adjusted; undo or renew it."),
    "stop": ("stop", "Stop the daemon from changing anything, at once (kill switch)."),
    "resume": ("resume", "Let it act again after a stop."),
    "console": ("console", "Look at a journal or a recording in a browser; a daemon has its own."),
    "trends": ("trends", "Show change points, steady growth and the bottleneck of each service."),
    "rbac": ("rbac", "Print the least rights that the configuration needs, as manifests."),
    "check-config": ("check_config", "Check the whole configuration and report every problem at once."),
    "backtest": ("backtest", "Score a tree of CSV series with one detector, causally."),
    "rootcause": ("rootcause", "Rank the services of a recorded fault case."),
}


INTERRUPTED = 130  # as shells say it: 128 and the number of SIGINT


class LazyGroup(click.Group):
    """Knows its commands by name and loads one only when it is called, so that ``--help`` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module; None for an unknown name, which click reports."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"aiops.cli.{COMMANDS[cmd_name][0]}").command
        assert isinstance(command, click.Command)  # noqa: S101 - our own table
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C and a reader that has seen enough (head, less) end it without noise."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()  # here, so that a closed pipe is noticed while it can still be told
            return answer
        except KeyboardInterrupt:
            click.echo("aiops: stopped", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is buffered goes nowhere
            ctx.exit(0)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table itself, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="aiopsd", prog_name="aiops")
def app() -> None:
    """A self-healing daemon for Kubernetes that shows its work.

    \b
    Start with a recording:  aiops dry-run RECORDING
    or with your Prometheus: aiops onboard --prometheus URL -o my-config
                             aiops run --config my-config --state ./state

    Completion: eval "$(_AIOPS_COMPLETE=bash_source aiops)"   (or zsh_source, fish_source)
    """


def exit_code(error: AiopsError) -> int:
    """2 for what a person can mend in a file or argument, 3 for something outside, else 1."""
    if isinstance(error, ConfigError | InputError):
        return 2
    return 3 if isinstance(error, PortError) else 1


def main() -> None:
    """Entry point of the ``aiops`` command."""
    try:
        app(standalone_mode=True)
    except AiopsError as error:
        click.echo(f"aiops: {error}", err=True)
        sys.exit(exit_code(error))
