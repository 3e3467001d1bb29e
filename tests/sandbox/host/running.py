"""A functions host for a test: a copy of an app, its own process, its own queues."""

import json
import os
import shutil
import sys
import uuid
from pathlib import Path

import requests
from azure.storage.queue import QueueServiceClient

from sandbox.azurite import ROOT
from sandbox.child import Child

APPS = Path(__file__).parents[1] / "apps"
NEVER = "0 0 0 29 2 *"
PATIENCE = 30.0


def copied_app(folder, *, app="triggers", queues=None, timeout=None, local_settings=None):
    """A copy of an app with other queue options, function timeout or local settings."""
    target = folder / f"app-{uuid.uuid4().hex[:8]}"
    shutil.copytree(APPS / app, target)
    host = json.loads((target / "host.json").read_text())
    host["extensions"]["queues"] |= queues or {}
    if timeout is not None:
        host["functionTimeout"] = timeout
    (target / "host.json").write_text(json.dumps(host))
    if local_settings is not None:
        (target / "local.settings.json").write_text(json.dumps({"Values": local_settings}))
    return target


class RunningHost:
    """One host process. `queue(name)` is a queue of its own; `invocations` waits for what it ran."""

    def __init__(self, azurite, app, *options, prefix=None, schedule=NEVER, **settings):
        self.prefix = prefix or f"t{uuid.uuid4().hex[:12]}"
        self._storage = QueueServiceClient.from_connection_string(azurite.connection_string)
        environment = {
            **os.environ,
            "AzureWebJobsStorage": azurite.connection_string,
            "PREFIX": self.prefix,
            "SCHEDULE": schedule,
            **settings,
        }
        command = [sys.executable, "-m", "sandbox.host", "--app", str(app), "--port", "0", "--lifeline"]
        self.child = Child("host", [*command, *options], app.parent / "host.log", environment, ROOT)
        self._http = requests.Session()
        self._http.trust_env = False

    def __enter__(self):
        try:
            (self.address,) = self.child.wait_for(r'"address": "(\S+?)"', timeout=PATIENCE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._http.close()
        self._storage.close()
        self.exit_code = self.child.stop()

    def call(self, method, path, **more):
        """An HTTP request to the host; no redirects, no exceptions."""
        return self._http.request(method, f"{self.address}{path}", timeout=PATIENCE, **more)

    def invocations(self, function, count=1):
        """The invocations of a function once there are at least so many."""
        found, seen = [], 0
        while len(found) < count:
            answer = self.call("GET", f"/admin/invocations?since={seen}&wait={PATIENCE:.0f}").json()
            assert answer["last"] > seen, (
                f"{function} ran {len(found)} times and not {count}: {self.child.tail()}"
            )
            found += [one for one in answer["invocations"] if one["function"] == function]
            seen = answer["last"]
        return found

    def log_lines(self):
        """What the host has logged, parsed."""
        return [json.loads(line) for line in self.child.output().splitlines()]

    def queue(self, name):
        """A client of the queue PREFIX-name."""
        return self._storage.get_queue_client(f"{self.prefix}-{name}")

    def exists(self, name):
        """Whether the queue PREFIX-name exists."""
        names = [one.name for one in self._storage.list_queues(name_starts_with=self.prefix)]
        return f"{self.prefix}-{name}" in names
