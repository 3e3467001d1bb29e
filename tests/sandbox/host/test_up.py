"""The whole sandbox with a small app in it: started, used, broken, stopped."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import zipfile
from pathlib import Path

import aiohttp
import pytest
import requests

from sandbox.__main__ import arguments, main
from sandbox.app_folder import AppError
from sandbox.azure.scenario import load
from sandbox.azurite import ROOT
from sandbox.places import PlaceError, own_folder, require_free
from sandbox.up import HOST_PORTS, Sandbox, policy_of, sweep_schedule
from tests.sandbox.host.messages import until
from tests.sandbox.host.running import APPS, NEVER
from tests.sandbox.host.test_processes import alive

PORTS = HOST_PORTS + 1
SETTINGS = {"PREFIX": "up", "SCHEDULE": NEVER}
ACCOUNT = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-app/providers"
    "/Microsoft.Storage/storageAccounts/orders"
)
LIST = "/subscriptions?api-version=2022-12-01"


def sandbox(**options):
    return Sandbox(**({"app": APPS / "triggers", "settings": SETTINGS, "speed": 600.0} | options))


async def ask(method, url, key="", **more):
    """Status and text of an answer to a user with all rights in Azure, and this key of the app."""
    headers = {"Authorization": "Bearer me", "x-functions-key": key}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url, **more) as answer,
    ):
        return answer.status, await answer.text()


async def make_account(box):
    url = f"{box.endpoints.arm_http}{ACCOUNT}?api-version=2023-05-01"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    status, _ = await ask("PUT", url, json=body)
    assert status < 300


async def invocations(box, function, key="", count=1):
    """What worker 0 ran of a function, once it has so often."""
    found, seen = [], 0
    while len(found) < count:
        url = f"{box.endpoints.host}/admin/invocations?since={seen}&wait=30"
        answer = json.loads((await ask("GET", url, key))[1])
        assert answer["last"] > seen, f"{function} did not run"
        found += [one for one in answer["invocations"] if one["function"] == function]
        seen = answer["last"]
    return found


async def test_a_write_in_azure_becomes_an_event_in_the_app_and_a_dead_worker_comes_back(tmp_path):
    settings = SETTINGS | {"SCHEDULE": "* * * * * *"}
    async with sandbox(folder=tmp_path, workers=2, settings=settings) as box:
        await make_account(box)
        assert all(one["ok"] for one in await invocations(box, "on_event"))
        written = json.loads((tmp_path / "endpoints.json").read_text())
        assert written["host"] == written["hosts"][0] == box.endpoints.host
        assert len(written["hosts"]) == 2
        await invocations(box, "on_tick", count=2)
        _, other = await ask("GET", f"{box.endpoints.hosts[1]}/admin/invocations")
        assert "on_tick" not in other, "a timer runs in two workers"
        dead = box.worker_pid(0)
        await box.crash_worker(0)
        assert box.worker_pid(0) != dead
        url = f"{box.endpoints.host}/admin/host/status"
        assert (await ask("GET", url))[0] == 200
        await make_account(box)
        await invocations(box, "on_event")
        pids = [box.worker_pid(0), box.worker_pid(1)]
    assert not any(alive(one) for one in pids)
    assert not (tmp_path / "endpoints.json").exists()
    assert {one.name for one in tmp_path.glob("*.log")} == {"azurite.log", "host-0.log", "host-1.log"}


async def test_a_zip_is_unpacked_keys_are_used_and_settings_reach_the_app(tmp_path):
    package = tmp_path / "app.zip"
    with zipfile.ZipFile(package, "w") as content:
        for name in ("function_app.py", "host.json"):
            content.write(APPS / "triggers" / name, name)
    keys = tmp_path / "keys.json"
    keys.write_text('{"masterKey": "m", "systemKeys": {"eventgrid_extension": "k&y"}}')
    async with sandbox(app=package, keys=keys) as box:
        settings = f"{box.endpoints.host}/api/settings"
        assert await ask("GET", f"{settings}/CAUSEWAY_ARM_ENDPOINT", "m") == (200, box.endpoints.arm)
        assert await ask("GET", f"{settings}/SSL_CERT_FILE", "m") == (200, box.endpoints.ca_file)
        assert (await ask("GET", f"{settings}/SSL_CERT_FILE"))[0] == 401
        await make_account(box)
        assert all(one["ok"] for one in await invocations(box, "on_event", "m"))


async def test_an_app_that_does_not_load_stops_the_start_with_its_reason(tmp_path):
    shutil.copytree(APPS / "triggers", tmp_path / "app")
    (tmp_path / "app" / "function_app.py").write_text("import nowhere_to_be_found")
    with pytest.raises(Exception, match="nowhere_to_be_found"):
        async with sandbox(app=tmp_path / "app"):
            pass


@pytest.mark.parametrize("content", ["a file", None], ids=["no zip", "empty folder"])
async def test_a_folder_without_an_app_is_refused(tmp_path, content):
    app = tmp_path / "app"
    app.mkdir() if content is None else app.write_text(content)
    with pytest.raises(AppError, match=r"neither a folder nor a zip|has no function_app\.py"):
        async with sandbox(app=app):
            pass


@pytest.fixture
def command():
    """Runs `python -m sandbox up` with the small app; whatever still runs at the end is killed."""
    running = []

    def start(folder, port, *more):
        line = [sys.executable, "-m", "sandbox", "up", "--app", str(APPS / "triggers"), "--dir", str(folder)]
        line += ["--port-base", str(port), "--speed", "600", *more]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started = subprocess.Popen(line, cwd=ROOT, env=os.environ | SETTINGS, **pipes)
        running.append(started)
        return started

    yield start
    for one in running:
        one.kill()
        one.communicate()


def wait_until_up(process):
    while "Ctrl-C" not in (line := process.stdout.readline()):
        assert line, process.stderr.read()


def children_of(parent):
    """Process ids; a child is listed under the thread that made it."""
    listed = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(one) for file in listed for one in file.read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_however_the_command_ends_its_children_end_too(command, tmp_path, free_port, number):
    port = free_port(PORTS)
    running = command(tmp_path, port)
    wait_until_up(running)
    endpoints = json.loads((tmp_path / "endpoints.json").read_text())
    assert endpoints["arm_http"] == f"http://127.0.0.1:{port + 1}"
    assert endpoints["host"] == f"http://127.0.0.1:{port + 10}"
    children = children_of(running.pid)
    assert len(children) == 2
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (-9 if number == signal.SIGKILL else 0, "")
    until(lambda: not any(alive(one) for one in children), "an orphan is left")


def test_an_interrupted_demo_fails():
    line = [sys.executable, "-m", "sandbox", "demo"]
    with subprocess.Popen(
        line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert "A local Azure" in running.stdout.readline()
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 1


def test_a_port_that_is_taken_is_named(command, tmp_path, free_port):
    port = free_port(PORTS)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        running = command(tmp_path, port)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "The sandbox could not run" in said
    assert f"port {port} " in said
    assert "--port-base" in said
    assert list(tmp_path.iterdir()) == [], "something was written before the ports were known to be free"


def test_all_taken_ports_are_named_at_once(free_port):
    port = free_port(2)
    with socket.socket() as one, socket.socket() as other:
        for number, taken in enumerate((one, other)):
            taken.bind(("127.0.0.1", port + number))
            taken.listen()
        with pytest.raises(PlaceError, match=f"ports {port}, {port + 1} of 127.0.0.1 are in use"):
            require_free([0, port, port + 1])


async def test_two_sandboxes_in_one_folder_do_not_disturb_each_other(tmp_path):
    said = []
    async with sandbox(folder=tmp_path) as first:
        certificate = (tmp_path / "ca.pem").read_text()
        async with sandbox(folder=tmp_path, say=said.append) as second:
            assert second.used_folder == tmp_path / "2"
            assert any(str(tmp_path / "2") in line for line in said)
            for box, folder in ((first, tmp_path), (second, tmp_path / "2")):
                written = json.loads((folder / "endpoints.json").read_text())
                assert written["arm"] == box.endpoints.arm
                trusted = ssl.create_default_context(cafile=written["ca_file"])
                assert (await ask("GET", f"{box.endpoints.arm}{LIST}", ssl=trusted))[0] == 200
        assert (tmp_path / "ca.pem").read_text() == certificate
        assert (tmp_path / "endpoints.json").exists()
    with own_folder(tmp_path) as free_again:
        assert free_again == tmp_path


def test_a_killed_sandbox_frees_its_folder_and_its_addresses_are_not_mistaken_for_others(
    command, tmp_path, free_port
):
    killed = command(tmp_path, free_port(PORTS))
    wait_until_up(killed)
    killed.kill()
    killed.wait()
    port = free_port(PORTS)
    again = command(tmp_path, port)
    wait_until_up(again)
    assert json.loads((tmp_path / "endpoints.json").read_text())["host"].endswith(f":{port + HOST_PORTS}")
    assert not (tmp_path / "2").exists()


async def test_a_start_says_what_it_does_before_it_does_it():
    said = []
    async with sandbox(say=said.append, workers=2):
        steps = " ".join(said)
    for word in ("scenario default.yaml", "Azure Resource Manager", "Azurite", "2 functions hosts", "events"):
        assert word in steps


def test_a_setting_of_the_command_line_reaches_the_app(command, tmp_path, free_port):
    running = command(tmp_path, free_port(PORTS), "--setting", "COLOUR=a=b", "--setting", "EMPTY=")
    wait_until_up(running)
    host = json.loads((tmp_path / "endpoints.json").read_text())["host"]
    for name, value in (("COLOUR", "a=b"), ("EMPTY", "")):
        assert requests.get(f"{host}/api/settings/{name}", timeout=30).text == value


@pytest.mark.parametrize("text", ["COLOUR", "=red"])
def test_a_setting_without_name_or_value_is_refused(capsys, text):
    with pytest.raises(SystemExit):
        arguments(["up", "--setting", text])
    assert f"{text!r} is not NAME=VALUE" in capsys.readouterr().err


def test_help_shows_the_defaults(capsys):
    with pytest.raises(SystemExit):
        arguments(["up", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for default in ("(default: 60.0)", "(default: 1)", "(default: .sandbox)", "(default: any free ones)"):
        assert default in shown
    assert "None" not in shown


def test_a_scenario_of_the_asked_size_is_written_and_can_be_loaded(tmp_path, capsys):
    file = tmp_path / "big.json"
    assert main(["scenario", "--resources", "150", "--out", str(file)]) == 0
    assert len(load(file)["resources"]) == 150
    assert str(file) in capsys.readouterr().out


def test_a_scenario_that_comes_with_the_sandbox_is_named_and_brings_its_policy(tmp_path):
    asked = arguments(["up", "--scenario", "enterprise"])
    assert asked.scenario == ROOT / "sandbox" / "scenarios" / "enterprise.yaml"
    assert policy_of(asked.scenario) == ROOT / "docs" / "examples" / "enterprise.yaml"
    own = tmp_path / "enterprise.yaml"
    assert arguments(["up", "--scenario", str(own)]).scenario == own
    usual = ROOT / "connectivity.yaml"
    assert [policy_of(own), policy_of(arguments(["up"]).scenario)] == [usual, usual]


@pytest.mark.parametrize(
    ("speed", "schedule"),
    [
        (1, "0 */15 * * * *"),
        (4, "0 */3 * * * *"),
        (30, "*/30 * * * * *"),
        (60, "*/15 * * * * *"),
        (1000, "*/5 * * * * *"),
    ],
)
def test_the_sweep_comes_every_quarter_of_a_simulated_hour(speed, schedule):
    assert sweep_schedule(speed) == schedule


def test_an_invalid_command_line_is_refused(capsys):
    with pytest.raises(SystemExit):
        arguments(["up", "--workers", "0"])
    assert "above 0" in capsys.readouterr().err


@pytest.mark.parametrize("base", ["0", "65526", "-1"])
def test_a_port_base_without_room_for_all_ports_is_refused(capsys, base):
    with pytest.raises(SystemExit):
        arguments(["up", f"--port-base={base}"])
    assert "--port-base must be from 1 to 65525" in capsys.readouterr().err
