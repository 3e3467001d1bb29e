"""The commands and their options. What they do is imported when they run, so that help is there at once.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage or a bad policy, 3 the answer is no, 4 it cannot be
said, 10 something would change.
"""

from __future__ import annotations

import sys

import click

OUTPUT = click.Choice(["text", "json"])
CHECK_OUTPUT = click.Choice(["text", "json", "sarif"])


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a console without our signs
    cli(prog_name="causeway")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Causeway: private connectivity for Azure resources, by itself."""


@cli.group()
def policy() -> None:
    """Check, explain and compare policies. Nothing is written."""


@policy.command()
@click.argument("file")
@click.option("-o", "--output", type=CHECK_OUTPUT, default="text", show_default=True)
def check(file: str, output: str) -> None:
    """Report all faults and warnings of a policy FILE (- reads standard input).

    Exit code: 0 good (warnings alone too), 2 it has faults, 1 it could not be read.
    """
    from causeway.check import run

    sys.exit(run(file, output))


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policies, for editors."""
    from causeway.check import schema_text

    click.echo(schema_text())
