"""Runs the app in Microsoft's Python worker library (azure-functions-runtime) on an event loop of its own.

The loop has a thread of its own, so a function that blocks it stops the other async functions, as in Azure,
but not the host. One app per process: the library keeps the loaded app in module globals.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime

from sandbox.app_folder import PACKAGES
from sandbox.host import protos
from sandbox.host.cookies import cookie_text
from sandbox.host.functions import AppLoadError, Function, HttpAnswer, HttpRequest, Result, Value

HOST_VERSION = "4.1037"
REPOSITORY = Path(__file__).parents[2]


class Worker:
    """One loaded app. `start` before anything else; `stop` at the end."""

    def __init__(self, app: Path) -> None:
        self._app = app.resolve()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="functions-worker", daemon=True)
        self.version = ""
        self.functions: dict[str, Function] = {}

    def start(self) -> None:
        """Import the app and list its functions. Raises AppLoadError with the app's own traceback."""
        self._enter()
        self._thread.start()
        runtime.start_threadpool_executor()  # runs the functions that are not async
        asked = {"capabilities": {}, "function_app_directory": str(self._app), "host_version": HOST_VERSION}
        answer = self._ask(
            runtime.worker_init_request(
                _message("worker_init_request", asked, host="127.0.0.1", protos=protos)
            )
        )
        self.version = answer.worker_metadata.worker_version
        listed = self._ask(runtime.functions_metadata_request(_message("functions_metadata_request", {})))
        for metadata in listed.function_metadata_results or []:
            self._ask(
                runtime.function_load_request(
                    _message("function_load_request", {"function_id": metadata.function_id})
                )
            )
            self.functions[metadata.name] = _function(metadata)
        if not self.functions:
            raise AppLoadError(f"no functions in {self._app}: function_app.py is missing or defines none")

    def stop(self) -> None:
        """Let running synchronous functions end, then stop the loop."""
        runtime.stop_threadpool_executor()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def invoke(
        self,
        function: Function,
        inputs: Mapping[str, Value],
        metadata: Mapping[str, Value],
        invocation_id: str,
        trace_parent: str = "",
    ) -> Result:
        """Run a function once and wait for its end. May be awaited on any event loop.

        inputs: by parameter name; metadata: the trigger's. What the function raises is in the result. When
        the caller is cancelled, an async function is cancelled too; a synchronous one cannot be.
        """
        asked = {
            "invocation_id": invocation_id,
            "function_id": function.id,
            "input_data": [
                protos.ParameterBinding(name=name, data=_typed(one)) for name, one in inputs.items()
            ],
            "trigger_metadata": {name: _typed(one) for name, one in metadata.items()},
            "trace_context": SimpleNamespace(trace_parent=trace_parent, trace_state="", attributes={}),
            "retry_context": SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        }

        async def run() -> Any:
            # The library sets this for synchronous functions only; log lines of async ones need it as well.
            runtime.invocation_id_cv.set(invocation_id)
            return await runtime.invocation_request(_message("invocation_request", asked))

        answer = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(run(), self._loop))
        return _result(answer)

    def _enter(self) -> None:
        """Import from the app's folder, as the platform does; the library does not set this.

        This repository's own folder is removed: an incomplete app must not import from it.
        """
        elsewhere = [one for one in sys.path if Path(one or ".").resolve() != REPOSITORY]
        packages = self._app / PACKAGES
        sys.path[:] = [str(self._app), *([str(packages)] if packages.is_dir() else []), *elsewhere]
        os.chdir(self._app)

    def _ask(self, request: Coroutine[Any, Any, Any]) -> Any:
        answer = asyncio.run_coroutine_threadsafe(request, self._loop).result()
        if answer.result.status != protos.StatusResult.Success:
            error = answer.result.exception
            raise AppLoadError(f"{self._app}: {error.message}\n{error.stack_trace}".rstrip())
        return answer


def _message(kind: str, asked: Mapping[str, Any], **properties: Any) -> SimpleNamespace:
    """A request as the library expects it: an object with attributes, named as in the protocol."""
    return SimpleNamespace(
        name=kind, request=SimpleNamespace(**{kind: SimpleNamespace(**asked)}), properties=properties
    )


def _function(metadata: protos.RpcFunctionMetadata) -> Function:
    bindings = tuple(json.loads(one) for one in metadata.raw_bindings)
    return Function(metadata.name, metadata.function_id, bindings, metadata.retry_options is not None)


def _typed(value: Value) -> protos.TypedData:
    kind, content = value
    if isinstance(content, HttpRequest):
        content = protos.RpcHttp(
            method=content.method,
            url=content.url,
            headers=dict(content.headers),
            query=dict(content.query),
            params=dict(content.params),
            body=protos.TypedData(bytes=content.body) if content.body else protos.TypedData(),
        )
    return protos.TypedData(**{kind: content})


def _value(data: protos.TypedData | None) -> Value | None:
    kind = data.WhichOneof("data") if data is not None else None
    if kind is None:
        return None
    content = getattr(data, kind)
    return (kind, _http_answer(content)) if kind == "http" else (kind, content)


def _http_answer(http: protos.RpcHttp) -> HttpAnswer:
    _, body = _value(http.body) or ("bytes", b"")
    cookies = tuple(cookie_text(one) for one in http.cookies or ())
    content = body if isinstance(body, bytes) else str(body).encode()
    return HttpAnswer(int(http.status_code), http.headers, content, cookies)


def _result(answer: protos.InvocationResponse) -> Result:
    if answer.result.status != protos.StatusResult.Success:
        error = answer.result.exception or protos.RpcException(message="no reason given")
        return Result(error.message, error.stack_trace)
    outputs = {one.name: _value(one.data) for one in answer.output_data}
    return Result(
        returned=_value(answer.return_value),
        outputs={name: value for name, value in outputs.items() if value is not None},
    )
