"""The HTTP API of a running app: all pages are read, and the key goes to one host alone."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from tests.causeway.command import run
from tests.causeway.policies import ORDERS, policy, rule

ROWS = [
    {"resource_id": f"{ORDERS}{number}", "profile": "default", "result": "Connected"} for number in (1, 2)
]


class App(BaseHTTPRequestHandler):
    """Answers as the app does: by path, a status, a body, and where it redirects to."""

    answers: ClassVar[dict[str, tuple[int, object, str]]] = {}
    keys: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.keys.append(self.headers.get("x-functions-key"))
        status, body, location = self.answers.get(self.path, (404, {}, ""))
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what it saw."""


@pytest.fixture
def url() -> Iterator[str]:
    App.answers, App.keys = {}, []
    with ThreadingHTTPServer(("127.0.0.1", 0), App) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_every_page_is_read_with_the_key(url):
    following = "/api/connections?continuation=x"
    App.answers = {
        "/api/connections?top=1000": (200, {"value": ROWS[:1], "nextLink": following}, ""),
        following: (200, {"value": ROWS[1:]}, ""),
    }
    found = run("connections", url, CAUSEWAY_KEY="secret")
    assert found.code == 0
    assert json.loads(found.out) == {"value": ROWS}
    assert App.keys == ["secret", "secret"]


def test_a_running_app_is_a_ledger_for_a_comparison(url, tmp_path):
    App.answers = {"/api/connections?top=1000": (200, {"value": ROWS}, "")}
    file = tmp_path / "connectivity.yaml"
    file.write_text(policy(rules=[rule("rest")]))
    found = run("policy", "diff", str(file), str(file), "--ledger", url, "-o", "json")
    assert (found.code, json.loads(found.out)["compared"]) == (0, 2)


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"value": ROWS, "nextLink": "https://elsewhere.example/api/connections"}, ""),
        (302, {}, "http://elsewhere.example/api/connections"),
    ],
)
def test_the_key_is_sent_to_no_other_host(url, answer):
    App.answers = {"/api/connections?top=1000": answer}
    found = run("connections", url, CAUSEWAY_KEY="secret")
    assert (found.code, found.out) == (1, "")
    assert len(App.keys) == 1


def test_a_refused_key_has_a_remedy_and_is_not_repeated(url):
    App.answers = {"/api/connections?top=1000": (401, {}, "")}
    found = run("connections", f"{url}/?code=secret", CAUSEWAY_KEY="secret")
    assert found.code == 1
    assert "set CAUSEWAY_KEY to a function key" in found.err
    assert "secret" not in found.err


@pytest.mark.parametrize("address", ["http://app.example", "http://127.0.0.1.example", "http://127.0.0.1:9"])
def test_clear_text_and_silence_end_with_exit_code_1(address):
    assert run("connections", address, CAUSEWAY_KEY="secret").code == 1
