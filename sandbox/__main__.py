"""`python -m sandbox up`: a local Azure with the app in it, until interrupted. `demo`: see it at work.
`scenario`: write a scenario of any size. `env`: print the addresses of a running one for a shell.

Exit codes: 0 after an interruption of `up`, or a demo that went well; 1 when something could not start, ended
by itself or failed, and for an interrupted demo; 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import yaml

from sandbox import demo
from sandbox.app_folder import AppError
from sandbox.azure import scenario
from sandbox.azure.kernel.directory import TENANT
from sandbox.azurite import ROOT, AzuriteMissingError
from sandbox.child import ChildError
from sandbox.options import HelpWithDefaults, Setting
from sandbox.places import HIGHEST_PORT, PlaceError
from sandbox.sized import scenario as sized
from sandbox.up import AZURE_CONFIG, ENDPOINTS_FILE, EVENTS, HOST_PORTS, Sandbox, policy_of
from sandbox.user import Refused, User

EXPECTED = (
    AppError,
    AzuriteMissingError,
    ChildError,
    PlaceError,
    OSError,
    ValueError,
    scenario.ScenarioError,
    yaml.YAMLError,
)


def arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A local Azure with the app in it."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="start one, act on it as a user would, and say what happens")
    _add_scenario(commands.add_parser("scenario", help="write a scenario", formatter_class=HelpWithDefaults))
    env = commands.add_parser(
        "env", help="print a running one's addresses for a shell", formatter_class=HelpWithDefaults
    )
    env.add_argument("--dir", type=Path, default=Path(".sandbox"), help="the folder that it uses")
    env.add_argument(
        "--user", action="store_true", help="managed identity is a user with all rights, not the app"
    )
    up = commands.add_parser(
        "up", help="start one and keep it until interrupted", formatter_class=HelpWithDefaults
    )
    _add_up(up)
    asked = parser.parse_args(argv)
    if asked.command == "up":
        _check_up(up, asked)
    if asked.command == "scenario" and asked.resources < 0:
        parser.error("--resources must not be below 0")
    return asked


def _add_scenario(command: argparse.ArgumentParser) -> None:
    command.add_argument("--resources", type=int, default=1000, help="how many resources to create")
    command.add_argument("--out", type=Path, default=Path("scenario.json"), help="file to write, as JSON")


def _add_up(up: argparse.ArgumentParser) -> None:
    up.add_argument(
        "--scenario",
        type=scenario.named,
        default=scenario.DEFAULT,
        help="resources to begin with: default or enterprise, or a file, YAML or .json",
    )
    up.add_argument(
        "--policy",
        type=Path,
        help="the app's policy (default: the scenario's, else connectivity.yaml)",
    )
    up.add_argument("--app", type=Path, default=ROOT, help="folder of the app, or a built zip")
    up.add_argument("--workers", type=int, default=1, help="host processes that share queues and tables")
    up.add_argument("--speed", type=float, default=60.0, help="simulated seconds per real second")
    up.add_argument(
        "--port-base",
        type=int,
        help=f"first of the ports to use: 5 from it, and the hosts' from it + "
        f"{HOST_PORTS} (default: any free ones)",
    )
    up.add_argument(
        "--setting",
        type=Setting.parse,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an app setting, in addition to the usual ones or instead of one; may be repeated",
    )
    up.add_argument(
        "--events",
        choices=EVENTS,
        default="webhook",
        help="where Event Grid delivers: to the app's webhook, or into its queue as infra/ deploys it",
    )
    up.add_argument("--faults", type=Path, help="YAML list of fault rules")
    up.add_argument("--seed", type=int, default=0, help="decides every duration and race")
    up.add_argument(
        "--dir",
        type=Path,
        default=Path(".sandbox"),
        help="for endpoints.json, ca.pem and logs; a subfolder while another sandbox uses it",
    )


def _check_up(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> None:
    if asked.workers < 1 or asked.speed <= 0:
        parser.error("--workers and --speed must be above 0")
    highest = HIGHEST_PORT - HOST_PORTS - asked.workers + 1
    if asked.port_base is not None and not 0 < asked.port_base <= highest:
        parser.error(f"--port-base must be from 1 to {highest}")


async def up(asked: argparse.Namespace) -> int:
    """Start a sandbox, print its addresses, and wait."""
    box = Sandbox(
        scenario=asked.scenario,
        policy=asked.policy or policy_of(asked.scenario),
        app=asked.app,
        workers=asked.workers,
        speed=asked.speed,
        port_base=asked.port_base,
        faults=asked.faults,
        seed=asked.seed,
        folder=asked.dir,
        settings=dict(asked.setting),
        events=asked.events,
        say=_with_seconds(),
    )
    async with box:
        print(described(box), flush=True)
        for fault in await app_faults(box):
            print(f"The app cannot run: {fault}", file=sys.stderr, flush=True)
        await box.run()
    return 0


def _with_seconds() -> Callable[[str], None]:
    """Prints lines with the real seconds since now."""
    began = time.monotonic()
    return lambda line: print(f"{time.monotonic() - began:5.1f} s  {line}", flush=True)


def write_scenario(asked: argparse.Namespace) -> int:
    """Write a generated scenario as JSON."""
    asked.out.write_text(json.dumps(sized(asked.resources), indent=1) + "\n")
    print(f"{asked.resources} resources are in {asked.out}; begin with them: up --scenario {asked.out}")
    return 0


def print_environment(folder: Path, *, user: bool) -> int:
    """Print `export` lines: `eval "$(python -m sandbox env)"` points a shell at a running sandbox.

    user: the shell's managed identity is a user with all rights, and not the app. az gets a configuration of
    its own, so that it keeps what it knows of a real Azure.
    """
    file = folder / ENDPOINTS_FILE
    if not file.exists():
        print(
            f"No sandbox runs in {folder}: start one with `up`, or give its --dir",
            file=sys.stderr,
        )
        return 1
    at = json.loads(file.read_text())
    values = {
        "ARM": at["arm_http"],
        "ARM_TLS": at["arm"],
        "APP": f"{at['host']}/api",
        "SUB": f"/subscriptions/{at['subscription_ids'][0]}",
        "IDENTITY_ENDPOINT": at["identity"],
        "IDENTITY_HEADER": at["user_identity_header" if user else "identity_header"],
        "SSL_CERT_FILE": at["ca_file"],
        "REQUESTS_CA_BUNDLE": at["ca_file"],
        "TENANT": TENANT,
        "AZURE_CONFIG_DIR": str(folder.resolve() / AZURE_CONFIG),
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
    }
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


async def app_faults(box: Sandbox) -> list[str]:
    """Faults that the app reports in its settings and its policy; none from an app without such a route."""
    async with User(box.endpoints) as user:
        try:
            await user.connections()
        except Refused as refused:
            return _faults_in(refused.body)
        except (TypeError, ValueError):
            return []  # an app of another kind: no such route, or an answer of its own
    return []


def _faults_in(body: str) -> list[str]:
    try:
        faults = json.loads(body)["faults"]
    except (ValueError, KeyError, TypeError):
        return [body] if body else []
    return [f"{f['path']} '{f['value']}': {f['problem']}; {f['remedy']}" for f in faults]


def described(box: Sandbox) -> str:
    """The addresses and files of a running sandbox, as text."""
    at, folder = box.endpoints, box.used_folder
    return "\n".join(
        [
            f"A local Azure is up: speed {box.speed:g}, seed {box.seed}.",
            f"  Azure Resource Manager  {at.arm_http}  (any bearer token is a user with all rights)",
            f"  the same over TLS       {at.arm}  (CA: {at.ca_file})",
            f"  control                 {at.arm_http}/_sandbox",
            f"  functions app           {at.host}/api",
            f"  queues and tables       {at.queues}  {at.tables}",
            f"  all of these            {folder / 'endpoints.json'}",
            f"  logs                    {folder}/*.log",
            "Ctrl-C ends it.",
        ]
    )


async def until_interrupted(work: Coroutine[object, object, int], interrupted: int) -> int:
    """Run to the end. SIGINT or SIGTERM ends it in order with the code `interrupted`."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return interrupted


def main(argv: list[str]) -> int:
    """Run a command; expected errors are printed without a traceback."""
    asked = arguments(argv)
    try:
        if asked.command == "scenario":
            return write_scenario(asked)
        if asked.command == "env":
            return print_environment(asked.dir, user=asked.user)
        if asked.command == "up":
            return asyncio.run(until_interrupted(up(asked), interrupted=0))
        return asyncio.run(until_interrupted(demo.main(), interrupted=1))  # not all of it came true
    except EXPECTED as error:
        print(f"The sandbox could not run: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
