"""The messages between a functions host and Microsoft's Python worker library, as plain classes.

The library makes its answers from the module that it gets as `protos` (Microsoft's hosts pass compiled
protobuf classes): by keyword arguments, by enum constants read from the classes, and by
`WhichOneof`. A field that is not declared here raises TypeError, so that a newer library that sets one fails
loudly in a test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar


class TypedData:
    """One value of one of these kinds, or none (`WhichOneof` is then None)."""

    KINDS: ClassVar = frozenset(
        {
            "string",
            "json",
            "bytes",
            "stream",
            "http",
            "int",
            "double",
            "collection_bytes",
            "collection_string",
            "collection_double",
            "collection_sint64",
            "model_binding_data",
            "collection_model_binding_data",
        }
    )

    def __init__(self, **value: Any) -> None:
        if len(value) > 1 or not value.keys() <= self.KINDS:
            raise TypeError(f"TypedData takes one of {sorted(self.KINDS)}, not {sorted(value)}")
        self._kind = next((kind for kind, given in value.items() if given is not None), None)
        if self._kind is not None:
            setattr(self, self._kind, value[self._kind])

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - protobuf's name
        if group != "data":
            raise ValueError(group)
        return self._kind


@dataclass(kw_only=True)
class ParameterBinding:
    name: str = ""
    data: TypedData | None = None

    def WhichOneof(self, group: str) -> str:  # noqa: N802 - protobuf's name
        if group != "rpc_data":
            raise ValueError(group)
        return "data"


@dataclass(kw_only=True)
class RpcException:
    message: str = ""
    stack_trace: str = ""
    source: str = ""
    type: str = ""
    is_user_exception: bool = False


@dataclass(kw_only=True)
class StatusResult:
    Failure: ClassVar = 0
    Success: ClassVar = 1
    Cancelled: ClassVar = 2

    status: int = 0
    result: str = ""
    exception: RpcException | None = None
    logs: list[Any] = field(default_factory=list)


@dataclass(kw_only=True)
class WorkerMetadata:
    runtime_name: str = ""
    runtime_version: str = ""
    worker_version: str = ""
    worker_bitness: str = ""
    custom_properties: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class WorkerInitResponse:
    result: StatusResult
    worker_version: str = ""
    capabilities: dict[str, str] = field(default_factory=dict)
    worker_metadata: WorkerMetadata | None = None


@dataclass(kw_only=True)
class BindingInfo:
    # Two enums of the protocol in one namespace, as the library reads them: directions and data types.
    out: ClassVar = 1
    inout: ClassVar = 2
    undefined: ClassVar = 0

    type: str = ""
    data_type: int | None = None
    direction: int = 0


@dataclass(kw_only=True)
class RpcRetryOptions:
    max_retry_count: int = 0
    retry_strategy: str = ""
    delay_interval: timedelta | None = None
    minimum_interval: timedelta | None = None
    maximum_interval: timedelta | None = None


@dataclass(kw_only=True)
class RpcFunctionMetadata:
    name: str
    function_id: str
    raw_bindings: list[str]
    directory: str = ""
    script_file: str = ""
    entry_point: str = ""
    language: str = ""
    is_proxy: bool = False
    managed_dependency_enabled: bool = False
    bindings: dict[str, BindingInfo] = field(default_factory=dict)
    retry_options: RpcRetryOptions | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class FunctionMetadataResponse:
    result: StatusResult
    function_metadata_results: list[RpcFunctionMetadata] | None = None
    use_default_metadata_indexing: bool = False


@dataclass(kw_only=True)
class FunctionLoadResponse:
    result: StatusResult
    function_id: str = ""
    is_dependency_downloaded: bool = False


@dataclass(kw_only=True)
class InvocationResponse:
    invocation_id: str
    result: StatusResult
    output_data: list[ParameterBinding] = field(default_factory=list)
    return_value: TypedData | None = None


@dataclass(kw_only=True)
class NullableString:
    value: str


@dataclass(kw_only=True)
class NullableBool:
    value: bool


@dataclass(kw_only=True)
class NullableDouble:
    value: float


@dataclass(kw_only=True)
class Timestamp:
    seconds: int
    nanos: int = 0


@dataclass(kw_only=True)
class NullableTimestamp:
    value: Timestamp


class SameSite:
    """An enum of RpcHttpCookie. Its fourth name, for 0, is a Python keyword and set below."""

    Lax = 1
    Strict = 2
    ExplicitNone = 3


setattr(SameSite, "None", 0)


@dataclass(kw_only=True)
class RpcHttpCookie:
    SameSite: ClassVar = SameSite

    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: int = 0
    max_age: NullableDouble | None = None


@dataclass(kw_only=True)
class RpcHttp:
    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    # The library reads it always; protobuf gives an empty message for one that was not set.
    body: TypedData = field(default_factory=TypedData)
    status_code: str = ""
    cookies: list[RpcHttpCookie] | None = None
    enable_content_negotiation: bool = False
