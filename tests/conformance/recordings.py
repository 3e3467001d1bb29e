"""Recorded exchanges as values: first step of a replay. Files are JSON Lines, one exchange a line."""

from __future__ import annotations

import json
import os
from ast import literal_eval
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("arm", "arm-2")
TICK = 0.05


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its recorded answer. `time`: seconds since the file's first, strictly rising."""

    file: str
    seq: int
    method: str
    path: str
    query: dict[str, str]
    request_headers: dict[str, str]
    request_body: Any
    status: int
    headers: dict[str, str]
    body: Any
    time: float

    @property
    def key(self) -> str:
        """How an exception names this exchange: file and position in it."""
        return f"{self.file}#{self.seq}"


def folders() -> list[Path]:
    """Where the recordings are: folders of `data` in `CAUSEWAY_SHARED`, or in `shared` beside the repository.

    Empty when they are in neither.
    """
    given = os.environ.get("CAUSEWAY_SHARED")
    shared = Path(given) if given else REPOSITORY.parent / "shared"
    return [shared / "data" / name for name in FOLDERS if (shared / "data" / name).is_dir()]


def files(where: Path) -> list[Path]:
    """Every recording, by name."""
    return sorted(where.glob("*.jsonl"))


def load(file: Path) -> list[Exchange]:
    """The exchanges of a file in the order of time; recorders of concurrent clients wrote them otherwise.

    Within one second, a write that was refused because of another comes after it. azure-cli sends one request
    after another: its order is right, and the clocks of the services that answered it differ by a second.
    """
    rows = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    if any("azure-cli" not in row["source"] for row in rows):
        rows.sort(key=lambda row: (_moment(row["time"]), _lost_a_race(row), row["seq"]))
    found: list[Exchange] = []
    begin = _moment(rows[0]["time"]) if rows else 0.0
    now = 0.0
    for row in rows:
        now = max(now + TICK, _moment(row["time"]) - begin)
        found.append(_exchange(file.stem, row, now))
    return found


def _exchange(file: str, row: dict[str, Any], time: float) -> Exchange:
    url = urlsplit(row["uri"])
    return Exchange(
        file=file,
        seq=row["seq"],
        method=row["method"],
        path=unquote(url.path).replace("//", "/"),
        query={name.lower(): value for name, value in parse_qsl(url.query, keep_blank_values=True)},
        request_headers={name.lower(): value for name, value in (row["request_headers"] or {}).items()},
        request_body=_body(row["request_body"]),
        status=row["status"],
        headers={
            name.lower(): value[0] if isinstance(value, list) else str(value)
            for name, value in row["response_headers"].items()
        },
        body=row["response_body"],
        time=time,
    )


def _body(given: Any) -> Any:
    """The JSON of a request; some recorders kept the text of its bytes, once or twice: `b'{"tags": ..'`."""
    while isinstance(given, str) and given.startswith(("b'", 'b"')):
        try:
            given = literal_eval(given).decode()
        except (SyntaxError, ValueError):
            return given
    try:
        return json.loads(given) if isinstance(given, str) else given
    except json.JSONDecodeError:
        return given


def _lost_a_race(row: dict[str, Any]) -> bool:
    error = row["response_body"].get("error") if isinstance(row["response_body"], dict) else None
    code = error.get("code") if isinstance(error, dict) else ""
    return row["status"] in (409, 429) or code == "ReferencedResourceNotProvisioned"


def _moment(text: str | None) -> float:
    """Seconds of a recorded time; 0 for exchanges recorded without one, which then keep their order."""
    if text is None:
        return 0.0
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
