"""Apps that cannot run are refused at the start, and the deployed app is complete in itself."""

import os
import shutil
import subprocess
import sys

import pytest

from sandbox.azurite import ROOT
from tests.builders.deployed import deployed_files
from tests.sandbox.host.running import NEVER, RunningHost

HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
HOST_JSON = '{"version": "2.0"}'
QUEUE = '@app.queue_trigger(arg_name="m", queue_name="q", connection="{0}")\n'


def start(app, **settings):
    """Start a host for an app that cannot run; its exit code and its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AzureWebJobs")}
    command = [sys.executable, "-m", "sandbox.host", "--app", str(app), "--port", "0", "--lifeline"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment | settings, capture_output=True, text=True, timeout=60, input=""
    )
    return ended.returncode, ended.stdout + ended.stderr


def app_of(folder, code, host_json=HOST_JSON):
    (folder / "function_app.py").write_text(code)
    (folder / "host.json").write_text(host_json)
    return folder


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("import shared.core.base.ids\n" + HEAD, "No module named 'shared'"),
        (HEAD, "no functions in"),
        (HEAD + QUEUE.format("S") + "def f(n: func.QueueMessage): pass", "f function"),
        (HEAD + QUEUE.format("S") + "def f(m: func.QueueMessage): pass", "app setting S"),
        (
            HEAD
            + '@app.queue_trigger(arg_name="m", queue_name="%Q%", connection="S")\n'
            + "def f(m: func.QueueMessage): pass",
            "app setting Q",
        ),
        (
            HEAD
            + '@app.blob_trigger(arg_name="b", path="p", connection="S")\ndef f(b: func.InputStream): pass',
            "blobTrigger",
        ),
        (
            HEAD + '@app.timer_trigger(arg_name="t", schedule="daily")\ndef f(t: func.TimerRequest): pass',
            "six fields",
        ),
    ],
    ids=[
        "missing module",
        "parts of this repository",
        "no function",
        "wrong parameter",
        "no connection",
        "no queue name",
        "unknown trigger",
        "bad schedule",
    ],
)
def test_an_app_that_cannot_run_is_refused_with_the_reason(tmp_path, code, said):
    status, text = start(app_of(tmp_path, code))
    assert status == 1
    assert said in text


def test_a_bad_host_json_is_refused(tmp_path):
    status, text = start(app_of(tmp_path, HEAD, "{"))
    assert (status, "host.json" in text) == (1, True)


def deployed(folder):
    """The files that a deployment of this repository would upload, by .funcignore."""
    for path in deployed_files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target)
    return folder


def test_what_is_deployed_is_the_app_and_nothing_else(tmp_path):
    top = {one.name for one in deployed(tmp_path).iterdir()}
    assert top == {
        "function_app.py",
        "host.json",
        "connectivity.yaml",
        "requirements.txt",
        "handlers",
        "shared",
    }


def test_what_is_deployed_lists_its_functions_by_itself(tmp_path, azurite):
    app = deployed(tmp_path / "app")
    with RunningHost(azurite, app, CAUSEWAY_SWEEP_SCHEDULE=NEVER) as host:
        names = {one["name"] for one in host.call("GET", "/admin/functions").json()}
    assert {"on_event", "reconcile", "work_poison", "sweep"} <= names
