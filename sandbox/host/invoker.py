"""One invocation from its trigger to its end: run, write the outputs, record, log.

Every trigger uses it. The result decides what the trigger does next (delete the message, answer 500, ...).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import AzureError

from sandbox.host.app_settings import resolve
from sandbox.host.functions import Binding, Function, Result, Value
from sandbox.host.record import Record
from sandbox.host.storage_queue import Queues
from sandbox.host.worker import Worker

log = logging.getLogger("host.invocations")


class Invoker:
    """Runs functions for triggers. timeout: host.json's functionTimeout in seconds, None for none.

    A function that exceeds it has failed, as in Azure. Azure then restarts the whole worker process; here
    only this invocation is cancelled (a synchronous function continues, and its result is ignored).
    """

    def __init__(
        self,
        worker: Worker,
        queues: Queues,
        record: Record,
        timeout: float | None,
        environment: Mapping[str, str],
    ) -> None:
        self._worker = worker
        self._queues = queues
        self._record = record
        self._timeout = timeout
        self._environment = environment

    async def run(
        self,
        function: Function,
        inputs: Mapping[str, Value],
        cause: str,
        metadata: Mapping[str, Value] | None = None,
        trace_parent: str = "",
    ) -> Result:
        """Run the function, write its outputs, record and log. Never raises for the function's errors."""
        with self._record.one_running():
            return await self._recorded(function, inputs, cause, metadata or {}, trace_parent)

    async def _recorded(
        self,
        function: Function,
        inputs: Mapping[str, Value],
        cause: str,
        metadata: Mapping[str, Value],
        trace_parent: str,
    ) -> Result:
        invocation, started, begin = str(uuid.uuid4()), datetime.now(UTC), time.perf_counter()
        result = await self._within_timeout(function, inputs, metadata, invocation, trace_parent)
        if result.ok:
            result = await self._write_outputs(function, result)
        ended = {
            "function": function.name,
            "invocation": invocation,
            "cause": cause,
            "ok": result.ok,
            "error": result.error,
            "milliseconds": round((time.perf_counter() - begin) * 1000, 2),
            "started": started.isoformat(),
        }
        _log(ended, result)
        await self._record.add(**ended)
        return result

    async def _within_timeout(
        self,
        function: Function,
        inputs: Mapping[str, Value],
        metadata: Mapping[str, Value],
        invocation: str,
        trace_parent: str,
    ) -> Result:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._worker.invoke(function, inputs, metadata, invocation, trace_parent)
        except TimeoutError:
            return Result(f"FunctionTimeoutException: {function.name} ran longer than {self._timeout:g} s")

    async def _write_outputs(self, function: Function, result: Result) -> Result:
        """Write the values of output bindings. An error here fails the invocation."""
        outputs = function.outputs
        values = dict(result.outputs)
        if result.returned is not None and outputs.get("$return", {}).get("type") == "queue":
            values["$return"] = result.returned
        try:
            for name, value in values.items():
                await self._send(outputs[name], value)
        except (AzureError, ValueError) as error:
            return replace(result, error=f"{type(error).__name__}: output {name}: {error}")
        return result

    async def _send(self, binding: Binding, value: Value) -> None:
        queue = self._queues.get(binding.get("connection"), resolve(binding["queueName"], self._environment))
        for text in _messages(value):
            await queue.send(text)


def _messages(value: Value) -> list[str]:
    """The messages in a queue output's value: a JSON list is one message for each element."""
    kind, content = value
    if isinstance(content, bytes):
        return [content.decode()]
    parsed: Any = json.loads(content) if kind == "json" else None
    if isinstance(parsed, list):
        return [one if isinstance(one, str) else json.dumps(one) for one in parsed]
    return [str(content)]


def _log(ended: dict[str, Any], result: Result) -> None:
    level = logging.INFO if result.ok else logging.ERROR
    details = ended | ({"stack": result.stack} if result.stack else {})
    log.log(
        level, "%s %s", ended["function"], "succeeded" if result.ok else "failed", extra={"details": details}
    )
