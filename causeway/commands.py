"""The commands and their options. What they do is imported when they run, so that help is there at once.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage or a bad policy, 3 the answer is no, 4 it cannot be
said, 10 something would change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

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


@policy.command()
@click.argument("file")
@click.argument("resource_id", required=False)
@click.option("--type", help="Such as Microsoft.Storage/storageAccounts.")
@click.option("--subscription", help="Its id.")
@click.option("--resource-group")
@click.option("--name")
@click.option("--region")
@click.option("--sku", help="The SKU's name.")
@click.option("--tag", "--tags", "tags", multiple=True, metavar="NAME=VALUE", help="All tags of its own.")
@click.option("--no-tags", is_flag=True, help="It has no tags.")
@click.option("--group-tag", "--group-tags", "group_tags", multiple=True, metavar="NAME=VALUE")
@click.option("--no-group-tags", is_flag=True, help="Its resource group has no tags.")
@click.option("--management-group", multiple=True, help="Every group above its subscription, by name.")
@click.option("--managed-by", help="What manages its resource group (managedBy).")
@click.option("--not-managed", is_flag=True, help="Nothing manages its resource group.")
@click.option("--resources", "lists", multiple=True, metavar="FILE", help="Lists as az prints them in JSON.")
@click.option("--all", "everything", is_flag=True, help="Show every entry that did not fit.")
@click.option("-o", "--output", type=OUTPUT, default="text", show_default=True)
def explain(file: str, resource_id: str | None, output: str, everything: bool, **said: Any) -> None:
    """Say what a policy FILE does with a resource and why. Nothing is read but the file.

    Name the resource by its RESOURCE_ID, or by the options. What is neither given nor in the lists of
    --resources is not known: where it matters the answer is "undecided".

    Exit code: 0 connected, 3 left alone or refused, 4 undecided, 2 bad policy or usage, 1 not read.
    """
    from causeway.explain import described, run
    from causeway.files import UnreadableError
    from causeway.show import complain
    from shared.core.base.errors import InputError

    known = {
        "region": said["region"],
        "sku": said["sku"],
        "tags": pairs(said["tags"], none=said["no_tags"]),
        "group_tags": pairs(said["group_tags"], none=said["no_group_tags"]),
        "management_groups": said["management_group"] or None,
        "managed_by": "" if said["not_managed"] else said["managed_by"],
    }
    parts = {name: said[name] for name in ("type", "subscription", "resource_group", "name")}
    if resource_id is None and not said["type"]:
        raise click.UsageError("name a resource: by its RESOURCE_ID, or by --type and other options")
    try:
        given = described(resource_id, parts, known, said["lists"])
    except InputError as wrong:
        raise click.UsageError(str(wrong)) from wrong
    except UnreadableError as error:
        complain(str(error))
        sys.exit(1)
    sys.exit(run(file, given, output, everything=everything))


@policy.command()
@click.argument("old")
@click.argument("new")
@click.option("--ledger", metavar="FILE|URL", help="The app's connections: an export, or the app's URL.")
@click.option("--resources", "lists", multiple=True, metavar="FILE", help="Lists as az prints them in JSON.")
@click.option("--all", "everything", is_flag=True, help="Show every resource that changes.")
@click.option("-o", "--output", type=OUTPUT, default="text", show_default=True)
def diff(
    old: str, new: str, ledger: str | None, lists: tuple[str, ...], everything: bool, output: str
) -> None:
    """Say what policy NEW would change in place of policy OLD, for every resource that is known.

    \b
    --ledger     /api/connections of the app, as `causeway connections` writes it, or the app's
                 URL; its function key is in the environment variable CAUSEWAY_KEY
    --resources  what `az resource list`, `az group list` or `az account management-group
                 entities list` prints with -o json, or the answer of Resource Graph; several times

    Without --resources, tags, regions and SKUs are not known, and neither is what is newly connected.

    Exit code: 0 no change, 10 changes, 4 undecided alone, 2 bad policy or usage, 1 not read.
    """
    from causeway.diff import run

    if ledger is None and not lists:
        raise click.UsageError("nothing to compare for: give --ledger, --resources, or both")
    sys.exit(run(old, new, ledger, lists, output, everything=everything))


@cli.command()
@click.argument("url")
def connections(url: str) -> None:
    """Print all connections of the app at URL as JSON. CAUSEWAY_KEY has its function key.

    Exit code: 0 done, 1 not read.
    """
    from causeway.app_api import connections as read
    from causeway.files import UnreadableError
    from causeway.show import complain, say_json

    try:
        say_json({"value": list(read(url))})
    except UnreadableError as error:
        complain(str(error))
        sys.exit(1)


@cli.command()
@click.argument("code", required=False)
@click.option("--all", "everything", is_flag=True, help="All of them, as docs/runbooks.md has them.")
def runbook(code: str | None, everything: bool) -> None:
    """Say what a CODE of an outcome means, whom it concerns, and what cures it.

    Exit code: 0 done, 2 there is no such code.
    """
    from causeway.runbooks import markdown, near_code, runbook_for, text_of

    if everything:
        click.echo(markdown(), nl=False)
        return
    found = runbook_for(code) if code else None
    if found is None:
        raise click.UsageError(near_code(code or ""))
    click.echo(text_of(found))


@cli.command()
@click.option("--policy", "file", required=True, metavar="FILE", help="The policy (- reads standard input).")
@click.option("--principal", metavar="ID", help="Object id of the app's identity.")
@click.option(
    "--type", "types", multiple=True, help="Only such resources are connected. Default: all that can."
)
@click.option("--checked", multiple=True, metavar="TYPE", help="Approving it is an action: you looked it up.")
@click.option(
    "--scope", "scopes", multiple=True, metavar="ID", help="Where networks are that it only selects."
)
@click.option("--policy-container", default="", metavar="ID", help="The blob container with the policy.")
@click.option("--name", default="Causeway", show_default=True, help="How the names of the roles begin.")
@click.option("--update", is_flag=True, help="The roles exist: update their actions.")
@click.option("--keep", is_flag=True, help="Without the role that deletes what Causeway made.")
@click.option("-o", "--output", type=OUTPUT, default="text", show_default=True)
def roles(file: str, principal: str | None, output: str, keep: bool, **said: Any) -> None:
    """Print the roles that a policy needs, and the az commands that create and assign them.

    Nothing is read but the file. A shell can run what is printed.

    Exit code: 0 done, 2 bad policy or usage, 1 not read.
    """
    from causeway.roles import Naming, run
    from shared.core.base.rights import NOBODY
    from shared.core.policy.roles import Asked

    for one in said["scopes"]:
        if not one.lower().startswith(
            ("/subscriptions/", "/providers/microsoft.management/managementgroups/")
        ):
            raise click.UsageError(f"'{one}' is not the id of a subscription, a group or a management group")
    types = frozenset(known_type(one) for one in said["types"]) if said["types"] else None
    checked = frozenset(known_type(one) for one in said["checked"])
    asked = Asked(types, checked, said["scopes"], remove=not keep)
    naming = Naming(principal or NOBODY, said["name"], said["policy_container"], said["update"])
    sys.exit(run(file, asked, naming, output))


def known_type(name: str) -> str:
    """A type in the catalogue's spelling. Raises UsageError for one that has no private endpoints."""
    from shared.core.catalogue.catalogue import load

    found = next((kind for kind in load().types if kind.lower() == name.lower()), None)
    if found is None:
        raise click.UsageError(f"the catalogue has no type '{name}'")
    return found


def pairs(words: Iterable[str], *, none: bool) -> dict[str, str] | None:
    """NAME=VALUE words as a mapping; None: nothing was said. Raises UsageError."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise click.UsageError(f"{word!r} is not NAME=VALUE")
        found[name] = value
    if found and none:
        raise click.UsageError("tags are given, and that there are none")
    return found if found or none else None
