"""Table Storage as the ledger and the leases use it: rows with an ETag, and conditional writes.

Limits that the emulator does not enforce are enforced here (Microsoft Learn: "Understanding the Table service
data model"): 64 KiB a property, 1 MiB and 252 properties an entity, no `/ \\ # ?` or control characters in
keys.
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from azure.core import MatchConditions
from azure.core.async_paging import AsyncItemPaged
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.adapters.service_time import ServiceTime
from shared.adapters.storage_errors import storage_errors
from shared.core.base.errors import InputError

MAX_PROPERTY = 32_768  # UTF-16 units in a 64 KiB string property
MAX_PROPERTIES = 252
MAX_ENTITY = 480_000  # UTF-16 units: below 1 MiB with room for names and numbers
UNKNOWN_CONTINUATION = "send what the page before named as its continuation"
_NEXT = ("PartitionKey", "RowKey")  # where the next page begins, as the SDK names it
_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")

type Value = str | int | float | bool
type Values = Mapping[str, Value]


class Exists(Exception):  # noqa: N818
    """Another worker inserted the row first."""


class Changed(Exception):  # noqa: N818
    """The row was changed or deleted since it was read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entity as it was read. A conditional write compares `etag`."""

    partition: str
    key: str
    values: Values
    etag: str


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of a query. `continuation` asks for the next one; None: this is the last."""

    rows: tuple[Row, ...]
    continuation: str | None


class Table(Protocol):
    """One table."""

    async def get(self, partition: str, key: str) -> Row | None:
        """The row; None if there is none."""

    async def insert(self, partition: str, key: str, values: Values) -> Row:
        """Add a row. Raises Exists."""

    async def replace(self, row: Row, values: Values) -> Row:
        """Replace the whole row, unless another worker changed it. Raises Changed."""

    async def delete(self, row: Row) -> None:
        """Delete the row, unless another worker changed it. Raises Changed; a missing row is fine."""

    def query(self, where: Values) -> AsyncIterator[Row]:
        """Rows whose properties (`PartitionKey`, `RowKey`, or our own) all equal these, in key order."""

    def time(self) -> float:
        """Seconds since 1970 by the service's clock. Raises TransientError before the first response."""

    async def page(self, where: Values, size: int, continuation: str | None = None) -> Rows:
        """The same rows, at most `size` of them. Any page but the last may have fewer, or none.

        Raises InputError for a continuation that no page named.
        """


def check(partition: str, key: str, values: Values) -> None:
    """Raise ValueError for a row that the service would refuse."""
    for name, text in (("PartitionKey", partition), ("RowKey", key)):
        if _FORBIDDEN.search(text) or _units(text) > 512:
            raise ValueError(f"{name} {text[:60]!r} is not a legal table key")
    if len(values) > MAX_PROPERTIES:
        raise ValueError(f"{len(values)} properties; an entity has at most {MAX_PROPERTIES}")
    for name, value in values.items():
        if isinstance(value, str) and _units(value) > MAX_PROPERTY:
            raise ValueError(f"property {name} has {_units(value)} characters, at most {MAX_PROPERTY} fit")
    if sum(_units(value) for value in values.values() if isinstance(value, str)) > MAX_ENTITY:
        raise ValueError("the entity is larger than 1 MiB")


def split(name: str, text: str) -> dict[str, Value]:
    """A long text over as many properties as it needs: `name_0`, `name_1`, ..."""
    size = MAX_PROPERTY // 2  # characters; each is at most two UTF-16 units
    return {f"{name}_{n}": text[at : at + size] for n, at in enumerate(range(0, len(text), size))}


def joined(name: str, values: Values) -> str:
    """The text that `split` divided; empty if there is none."""
    parts: list[str] = []
    while (part := values.get(f"{name}_{len(parts)}")) is not None:
        parts.append(str(part))
    return "".join(parts)


def written(position: Sequence[str | None]) -> str:
    """A position in a table (the next partition and row, as the service names them) as one opaque text."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def position(continuation: str) -> tuple[str, str | None]:
    """What `written` wrote. Raises InputError for any other text."""
    try:
        found = json.loads(base64.b64decode(continuation, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        found = None
    match found:
        case [str(partition), str() | None as key]:
            return partition, key
    raise InputError("continuation", continuation, UNKNOWN_CONTINUATION)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class AzureTable:
    """A table in a storage account, or in Azurite. Created at first use."""

    def __init__(self, service: TableServiceClient, name: str, time: ServiceTime) -> None:
        self._service = service
        self._time = time
        self._name = name
        self._client = service.get_table_client(name)
        self._making = asyncio.Lock()
        self._made = False

    async def get(self, partition: str, key: str) -> Row | None:
        await self._ensure()
        with self._errors():
            try:
                return _row(await self._client.get_entity(partition, key))
            except ResourceNotFoundError:
                return None

    async def insert(self, partition: str, key: str, values: Values) -> Row:
        check(partition, key, values)
        await self._ensure()
        with self._errors():
            try:
                made = await self._client.create_entity(_entity(partition, key, values))
            except ResourceExistsError as error:
                raise Exists from error
        return Row(partition, key, dict(values), str(made["etag"]))

    async def replace(self, row: Row, values: Values) -> Row:
        check(row.partition, row.key, values)
        with self._errors():
            try:
                made = await self._client.update_entity(
                    _entity(row.partition, row.key, values),
                    mode=UpdateMode.REPLACE,  # MERGE would keep properties that are not named
                    etag=row.etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (ResourceModifiedError, ResourceNotFoundError) as error:
                raise Changed from error
        return Row(row.partition, row.key, dict(values), str(made["etag"]))

    async def delete(self, row: Row) -> None:
        with self._errors():
            try:
                await self._client.delete_entity(
                    row.partition, row.key, etag=row.etag, match_condition=MatchConditions.IfNotModified
                )
            except ResourceModifiedError as error:
                raise Changed from error

    async def query(self, where: Values) -> AsyncIterator[Row]:
        await self._ensure()
        with self._errors():
            async for entity in self._matching(where):
                yield _row(entity)

    async def page(self, where: Values, size: int, continuation: str | None = None) -> Rows:
        start = position(continuation) if continuation else None
        await self._ensure()
        token: Any = start and dict(zip(_NEXT, start, strict=True))
        pages: Any = self._matching(where, results_per_page=size).by_page(token)
        with self._errors():
            try:
                rows = tuple([_row(entity) async for entity in await anext(pages)])
            except HttpResponseError as error:
                if continuation and error.status_code == 400:
                    raise InputError("continuation", continuation, UNKNOWN_CONTINUATION) from error
                raise
        after = pages.continuation_token
        return Rows(rows, written([after.get(name) for name in _NEXT]) if after else None)

    def _matching(self, where: Values, **options: Any) -> AsyncItemPaged[TableEntity]:
        parameters: dict[str, Any] = {f"p{n}": value for n, value in enumerate(where.values())}
        text = " and ".join(f"{name} eq @p{n}" for n, name in enumerate(where))
        return self._client.query_entities(text, parameters=parameters, **options)

    def time(self) -> float:
        return self._time.now()

    async def _ensure(self) -> None:
        if self._made:
            return
        async with self._making:
            if not self._made:
                with self._errors():
                    await self._service.create_table_if_not_exists(self._name)
                self._made = True

    def _errors(self) -> Any:
        return storage_errors(f"table {self._name}")


def _entity(partition: str, key: str, values: Values) -> dict[str, Any]:
    return {**values, "PartitionKey": partition, "RowKey": key}


def _row(entity: Any) -> Row:
    values = {name: value for name, value in entity.items() if name not in ("PartitionKey", "RowKey")}
    return Row(entity["PartitionKey"], entity["RowKey"], values, entity.metadata["etag"])
