"""The host's standard output: one JSON object a line, the app's own log records among them.

Members: time, level, logger, message; invocation while one was running; stack when there was an exception;
and what a record carries in `details`.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from azure_functions_runtime import invocation_id_cv

# At level INFO these log each HTTP request of an SDK, or repeat the line of each invocation.
QUIET = ("azure.functions", "azure.core", "azure.identity", "aiohttp.access")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if invocation := invocation_id_cv.get():
            line["invocation"] = invocation
        line |= getattr(record, "details", {})
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure(level: str) -> None:
    """Send every log record of this process to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
