"""Child processes: none outlives its parent, and errors are reported."""

import os
import signal
import subprocess
import sys

import pytest

from sandbox.azurite import ROOT, Azurite, AzuriteMissingError
from sandbox.child import Child, ChildError
from tests.sandbox.host.messages import until
from tests.sandbox.host.running import RunningHost, copied_app

STARTS_AZURITE = """
import time
from sandbox.azurite import Azurite
azurite = Azurite().start()
print(azurite._child.pid, flush=True)
time.sleep(600)
"""


LEAVES_A_CLIENT_OPEN = """

@app.route(route="leave", auth_level=func.AuthLevel.ANONYMOUS)
async def leave(req: func.HttpRequest) -> str:
    import aiohttp

    global client
    client = aiohttp.ClientSession()
    return "open"
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_azurite_ends_when_the_process_that_started_it_is_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_AZURITE], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent:
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(signal.SIGKILL)
    until(lambda: not alive(pid), "an orphan is left")


def test_azurite_without_node_is_an_error_with_a_remedy(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AzuriteMissingError, match="make setup"):
        Azurite().start()


def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_last_words(tmp_path):
    child = Child("it", ["sh", "-c", "echo a last word; exit 3"], tmp_path / "log", os.environ, tmp_path)
    with pytest.raises(ChildError, match="it ended with code 3:\na last word"):
        child.wait_for("never", timeout=30)
    assert child.stop() == 3


def test_a_child_that_is_never_ready_is_an_error(tmp_path):
    child = Child("it", ["sleep", "600"], tmp_path / "log", os.environ, tmp_path)
    with pytest.raises(ChildError, match=r"it was not ready after 0\.1 s"):
        child.wait_for("never", timeout=0.1)
    assert child.stop() == -signal.SIGTERM


def test_a_child_that_does_not_end_when_asked_is_killed(tmp_path):
    command = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]
    child = Child("it", command, tmp_path / "log", os.environ, tmp_path)
    child.wait_for("(ready)", timeout=30)
    assert child.stop(grace=0.1) == -signal.SIGKILL


def test_an_earlier_run_in_the_same_log_does_not_count_as_this_one(tmp_path):
    log = tmp_path / "log"
    log.write_text("ready\n")
    child = Child("it", ["sh", "-c", "echo started; sleep 600"], log, os.environ, tmp_path)
    child.wait_for("(started)", timeout=30)
    with pytest.raises(ChildError):
        child.wait_for("ready", timeout=0.1)
    child.kill()


def test_a_host_that_is_stopped_logs_no_error_about_what_the_app_has_open(azurite, tmp_path):
    app = copied_app(tmp_path)
    with (app / "function_app.py").open("a") as code:
        code.write(LEAVES_A_CLIENT_OPEN)
    with RunningHost(azurite, app) as host:
        assert host.call("GET", "/api/leave").text == "open"
    assert host.exit_code == 0
    assert [one for one in host.log_lines() if one["level"] != "INFO"] == []
