"""Drive Azure's own clients against a sandbox, and print what they were answered.

`make test-clients` installs the clients into `.clients` and runs this. Exit code 0: every operation was
answered, or refused, as Azure does. `--record` writes the table into docs/sandbox.md, `--only` chooses.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from string import Template

import yaml

from tests.clients.steps import Outcome, Result, Step, judge

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLIENTS = ROOT / ".clients"
DEFAULT = ROOT / "sandbox" / "scenarios" / "default.yaml"
DOCUMENT = ROOT / "docs" / "sandbox.md"
BEGIN, END = "<!-- clients: written by make test-clients -->\n", "<!-- end of clients -->\n"
HEAD = "| Client | Operations | Answered | Refused as Azure does | Not yet |\n|---|---|---|---|---|\n"
SIGN_IN = re.compile(r"```sh\n(eval [^`]*?az login[^`]*?)```")
PATIENCE = 1800  # real seconds for one command (Ansible's playbook is one), and for the start of the sandbox

type Environment = dict[str, str]


def arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("--only", default=",".join(CLIENT_RUNS), help="clients, with commas between them")
    parser.add_argument("--record", action="store_true", help="write the table into docs/sandbox.md")
    parser.add_argument("--speed", type=float, default=60.0, help="simulated seconds per real second")
    asked = parser.parse_args(argv)
    unknown = set(asked.only.split(",")) - set(CLIENT_RUNS)
    if unknown:
        parser.error(f"unknown clients: {', '.join(sorted(unknown))}")
    return asked


@contextmanager
def sandbox(speed: float) -> Iterator[Path]:
    """A sandbox of its own on free ports, until the block ends; the folder that it uses."""
    folder, world = CLIENTS / "sandbox", CLIENTS / "world.json"
    resources = yaml.safe_load(DEFAULT.read_text())
    resources["resources"] += yaml.safe_load((HERE / "world.yaml").read_text())
    world.write_text(json.dumps(resources))
    started = folder / "endpoints.json"
    started.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sandbox", "up", "--dir", str(folder), "--speed", str(speed)]
    command += ["--scenario", str(world)]
    with (CLIENTS / "sandbox.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + PATIENCE
        while not started.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((CLIENTS / "sandbox.log").read_text())
            time.sleep(0.2)
        yield folder
    finally:
        process.terminate()
        process.wait(60)


def signed_in(folder: Path) -> Environment:
    """The environment of a shell that has followed the lines of docs/sandbox.md literally."""
    lines = SIGN_IN.findall(DOCUMENT.read_text())[0].replace("sandbox env", f"sandbox env --dir {folder}")
    show = f"{shlex.quote(sys.executable)} -c 'import os, json; print(json.dumps(dict(os.environ)))'"
    path = f"{CLIENTS}/az/bin:{os.environ['PATH']}"
    plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    shell = ["bash", "-ec", f"exec 3>&1 >&2\n{lines}\n{show} >&3"]
    done = subprocess.run(
        shell, cwd=ROOT, env=plain | {"PATH": path}, stdout=subprocess.PIPE, timeout=PATIENCE, check=True
    )
    found: Environment = json.loads(done.stdout)
    group = f"{found['SUB']}/resourceGroups/day"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/clientsday"
    ids = {"GROUP": group, "ACCOUNT": account, "HERE": str(HERE)}
    # One session writes files of its own, and keeps no cached answer of another one.
    return (
        found
        | ids
        | {"ANSIBLE_LOCAL_TEMP": str(CLIENTS / "tmp"), "ANSIBLE_HOME": str(CLIENTS / "ansible-home")}
    )


def run(command: list[str], environment: Environment) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; one that does not end in time has exit code 124."""
    try:
        return subprocess.run(
            command,
            cwd=CLIENTS,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"it did not end within {PATIENCE} s")


def az(environment: Environment) -> Iterator[Outcome]:
    """The commands of az.yaml."""
    for given in yaml.safe_load((HERE / "az.yaml").read_text()):
        step = Step(**given)
        words = [Template(word).safe_substitute(environment) for word in shlex.split(step.run)]
        done = run([*words, "-o", "json"], environment)
        yield judge(step, done.returncode, done.stdout, done.stderr)


def sdk(environment: Environment) -> Iterator[Outcome]:
    """The operations of sdk_operations.py, which prints a line of JSON for each."""
    done = run([f"{CLIENTS}/sdk/bin/python", str(HERE / "sdk_operations.py")], environment)
    yield from _lines(done)


def ansible(environment: Environment) -> Iterator[Outcome]:
    """The tasks of playbook.yaml."""
    settings = {
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_PYTHON_INTERPRETER": f"{CLIENTS}/ansible/bin/python",
        "ARM_CLOUD_METADATA_URL": f"{environment['ARM_TLS']}/metadata/endpoints?api-version=2019-05-01",
    }
    command = [f"{CLIENTS}/ansible/bin/ansible-playbook", "-i", "localhost,", str(HERE / "playbook.yaml")]
    done = run(command, environment | settings)
    if not done.stdout.lstrip().startswith("{"):
        yield Outcome("ansible-playbook", (done.stdout + done.stderr)[-600:])
        return
    for play in json.loads(done.stdout)["plays"]:
        for task in play["tasks"]:
            result = task["hosts"]["localhost"]
            wrong = str(result.get("msg") or result) if result.get("failed") else ""
            yield Outcome(task["task"]["name"], wrong[:600], "refused" in task["task"]["name"])
    if done.returncode:
        yield Outcome("the whole playbook", f"exit code {done.returncode}: {done.stderr[-300:]}")


def custodian(environment: Environment) -> Iterator[Outcome]:
    """The policies of custodian.yaml, each with the number of resources that it has to find."""
    settings = {
        "AZURE_USE_MSI": "1",
        "AZURE_TENANT_ID": environment["TENANT"],
        "AZURE_SUBSCRIPTION_ID": environment["SUB"].rsplit("/", 1)[1],
    }
    launch = [f"{CLIENTS}/custodian/bin/python", str(HERE / "custodian.py"), environment["ARM_TLS"], "run"]
    for policy in yaml.safe_load((HERE / "custodian.yaml").read_text())["policies"]:
        command = [*launch, "-s", "out", "-p", policy["name"], str(HERE / "custodian.yaml")]
        done = run(command, environment | settings)
        found = re.search(r"count:(\d+)", done.stderr)
        least = policy["metadata"]["least"]
        wrong = "" if done.returncode == 0 and found and int(found[1]) >= least else done.stderr[-600:]
        yield Outcome(f"{policy['name']} ({policy['resource']})", wrong)


def _lines(done: subprocess.CompletedProcess[str]) -> Iterator[Outcome]:
    for line in done.stdout.splitlines():
        yield Outcome(**json.loads(line))
    if done.returncode:
        yield Outcome("the whole script", f"exit code {done.returncode}: {done.stderr[-600:]}")


CLIENT_RUNS: dict[str, Callable[[Environment], Iterator[Outcome]]] = {
    "az": az,
    "sdk": sdk,
    "ansible": ansible,
    "custodian": custodian,
}
NAMES = {
    "az": ("az", ["azure-cli"]),
    "sdk": ("SDKs", ["azure-mgmt-network", "azure-mgmt-storage", "azure-mgmt-resource"]),
    "ansible": ("Ansible", ["ansible-core", "ansible"]),
    "custodian": ("Cloud Custodian", ["c7n", "c7n_azure"]),
}


def title(client: str) -> str:
    """The name of a client with the versions that are installed."""
    name, packages = NAMES[client]
    script = (
        "import sys, importlib.metadata as m; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"
    )
    done = subprocess.run(
        [f"{CLIENTS}/{client}/bin/python", "-c", script, *packages],
        capture_output=True,
        text=True,
        check=True,
    )
    return f"{name} ({done.stdout.strip()})"


def drive(client: str, environment: Environment) -> Result:
    """Run one client and print each operation as it ends."""
    name, began, found = title(client), time.monotonic(), []
    print(f"\n{name}", flush=True)
    for outcome in CLIENT_RUNS[client](environment):
        found.append(outcome)
        word = "FAILED " if outcome.problem else ("refused" if outcome.refusal else "ok     ")
        print(f"  {word} {outcome.operation}", flush=True)
        if outcome.problem:
            print(f"          {outcome.problem}", flush=True)
    return Result(name, found, time.monotonic() - began)


def table(results: list[Result]) -> str:
    """The results as a table with the day."""
    seconds = ", ".join(f"{one.client.split(' (')[0]} {one.seconds:.0f} s" for one in results)
    rows = "".join(f"{one.row}\n" for one in results)
    return f"{HEAD}{rows}\nOn {date.today().isoformat()}, in real time: {seconds}.\n"


def record(text: str) -> None:
    """Put the table between its marks in docs/sandbox.md."""
    before, rest = DOCUMENT.read_text().split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}{text}{END}{after}")


def main(argv: list[str]) -> int:
    """Start a sandbox, drive the clients, print the table."""
    asked = arguments(argv)
    with sandbox(asked.speed) as folder:
        environment = signed_in(folder)
        results = [drive(client, environment) for client in asked.only.split(",")]
    print(f"\n{table(results)}")
    if asked.record:
        record(table(results))
    return 1 if any(one.failed for one in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
