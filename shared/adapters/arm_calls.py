"""Single requests to Azure Resource Manager: raw JSON in and out, and only the errors of the core.

This is the layer between the SDK (`arm_clients`) and polling (`arm_waiting`, `arm`). Nothing is retried here.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.rest import HttpRequest

from shared.adapters.arm_clients import ArmClients
from shared.adapters.arm_errors import Missing, Refusal, refusal, wait_hint
from shared.adapters.arm_types import deletable, operations, writable
from shared.core.base.bodies import Json
from shared.core.base.errors import (
    BlockedError,
    CausewayError,
    PermanentError,
    Throttled,
    TransientError,
    clean,
)
from shared.core.base.ids import GroupId, ResourceId
from shared.ports import Bodies, Body

NO_HEADERS: Mapping[str, str] = {}
_IDENTITY = "turn on the function app's managed identity; for a user-assigned one set AZURE_CLIENT_ID"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `headers` have lower-case names; an empty body is an empty object."""

    status: int
    body: Body
    headers: Mapping[str, str]

    @property
    def hint(self) -> float | None:
        """Seconds until the next poll, as the server suggests; None if it does not."""
        return wait_hint(self.headers)

    @property
    def operation(self) -> str | None:
        """The URL of the operation's status (`Azure-AsyncOperation`), if there is one."""
        return self.headers.get("azure-asyncoperation")

    @property
    def location(self) -> str | None:
        """The URL that returns 202 until the operation is over (`Location`), if there is one."""
        return self.headers.get("location")


class ArmCalls:
    """One request per call. Every method raises TransientError, BlockedError or PermanentError."""

    def __init__(self, clients: ArmClients) -> None:
        self._clients = clients

    async def get(self, at: ResourceId, api_version: str | None = None) -> Body | None:
        """The resource; None if Azure says that it, or its parent or group, does not exist."""
        known = operations(at.type)
        try:
            if known is None:
                answer = await self.request("GET", at.text, api_version=_required(at, api_version))
                return _resource(answer.body)
            group = self._clients.operations(known, at.subscription)
            answer = await self._translated(group.get(at.resource_group, *at.names, cls=_answer))
            self._learned(at, answer.body)
            return _resource(answer.body)
        except Missing:
            return None

    async def group(self, at: GroupId, api_version: str) -> Body | None:
        """The resource group; None if Azure says that it does not exist."""
        try:
            return _resource((await self.request("GET", at.text, api_version=api_version)).body)
        except Missing:
            return None

    async def beside(self, at: ResourceId) -> Bodies:
        """Every resource of the same type in the resource group of this one, itself included."""
        group = self._clients.operations(writable(at.type), at.subscription)
        return await self._translated(_as_received(group.list(at.resource_group)))

    async def list(self, parent: ResourceId, collection: str) -> Bodies:
        """Every member of a child collection; empty if the parent does not exist."""
        known = operations(f"{parent.type}/{collection}")
        if known is None:
            raise PermanentError("NotListed", f"Causeway does not list {collection} of {parent.type}")
        group = self._clients.operations(known, parent.subscription)
        members = group.list(
            resource_group_name=parent.resource_group,
            raw_response_hook=_check_page,
            **{known.parent: parent.name},
        )
        try:
            return await self._translated(_as_received(members))
        except Missing:
            return []

    async def of_type(self, subscription: str, kind: str) -> Bodies:
        """Every resource of a type in a subscription, from every page.

        Raises PermanentError for a subscription that does not exist, and for a type that has no such list.
        """
        known = operations(kind)
        if known is None or not known.listed:
            raise PermanentError("NotListed", f"Causeway does not list {kind} of a subscription")
        group = self._clients.operations(known, subscription)
        return await self._translated(_as_received(group.list_all(raw_response_hook=_check_page)))

    async def put(
        self, at: ResourceId, body: Json, query: Mapping[str, str], headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        """Begin a write; returns the first response."""
        self._learned(at, body)
        group = self._clients.operations(writable(at.type), at.subscription)
        begun = group.begin_create_or_update(
            at.resource_group,
            *at.names,
            body,
            polling=False,
            cls=_answer,
            params=dict(query),
            headers=dict(headers),
        )
        try:
            return await self._translated(_first(begun))
        except Missing as missing:
            raise missing.on_write from missing

    async def delete(self, at: ResourceId, headers: Mapping[str, str] = NO_HEADERS) -> Answer | None:
        """Begin a delete; None if there is nothing to delete."""
        group = self._clients.operations(deletable(at.type), at.subscription)
        begun = group.begin_delete(
            at.resource_group, *at.names, polling=False, cls=_answer, headers=dict(headers)
        )
        try:
            return await self._translated(_first(begun))
        except Missing:
            return None

    async def request(
        self, method: str, url: str, *, api_version: str | None = None, body: Json | None = None
    ) -> Answer:
        """One plain request: a path on the endpoint, or a URL from an earlier response."""
        full = f"{self._clients.endpoint}{url}" if url.startswith("/") else url
        params = {"api-version": api_version} if api_version else None
        request = HttpRequest(method, full, params=params, json=body)
        return await self._translated(self._sent(request))

    async def _sent(self, request: HttpRequest) -> Answer:
        response = await self._clients.generic.send_request(request)
        if response.status_code >= 300:
            raise HttpResponseError(response=response)
        return _read(response)

    async def _translated[T](self, call: Awaitable[T]) -> T:
        """The call; a limit that Azure says is reached is respected by every request from now on."""
        try:
            return await _translated(call)
        except Throttled as error:
            if isinstance(error.__cause__, HttpResponseError) and error.__cause__.response is not None:
                sent: Any = error.__cause__.response.request
                self._clients.limiter.throttled(sent.method, sent.url, error.code, error.retry_after)
            raise

    def _learned(self, at: ResourceId, body: Json) -> None:
        self._clients.limiter.learn(at.text, body.get("location"))


def _required(at: ResourceId, api_version: str | None) -> str:
    if api_version is None:
        raise PermanentError("NoApiVersion", f"no API version is given for reading {at.type}")
    return api_version


def _answer(response: Any, _model: object, _headers: object) -> Answer:
    """The SDK's `cls` callback: the JSON as received, no model, so that unknown properties survive."""
    return _read(response.http_response)


def _read(response: Any) -> Answer:
    headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
    body = response.json() if response.text() else {}
    if not isinstance(body, dict):
        raise TransientError("Azure answered with JSON that is not an object", code="Unreadable")
    return Answer(int(response.status_code), body, headers)


def _resource(body: Body) -> Body:
    """The body, if it is a resource's. Raises TransientError where it has no id.

    An answer that lost its content would seem to be a resource without anything in it.
    """
    if not isinstance(body.get("id"), str):
        raise _unreadable()
    return body


def _check_page(response: Any) -> None:
    """The SDK takes a page without members for an empty one. Raises TransientError, as `members_of`."""
    if response.http_response.status_code == 200:
        members_of(_read(response.http_response).body)


def members_of(page: Json) -> Bodies:
    """The members of one page. Raises TransientError for a page that is no list of objects."""
    found = page.get("value", "nothing")
    if found is None:
        return []
    if isinstance(found, list) and all(isinstance(one, dict) for one in found):
        return found
    raise TransientError("Azure answered with a list of something else than objects", code="Unreadable")


async def _as_received(members: Any) -> Bodies:
    try:
        found = [member async for member in members]
    except (TypeError, AttributeError, KeyError) as error:  # the SDK iterates over whatever `value` is
        raise _unreadable() from error
    if not all(hasattr(member, "as_dict") for member in found):  # the SDK passes on null, text and lists
        raise _unreadable()
    return [member.as_dict() for member in found]


async def _first(begun: Awaitable[Any]) -> Answer:
    """The first response of a long operation: with `polling=False` the SDK's poller only holds it."""
    poller = await begun
    answer = await poller.result()
    if not isinstance(answer, Answer):
        raise TypeError("the SDK did not return what its callback gave")
    return answer


async def _translated[T](call: Awaitable[T]) -> T:
    """Turn the SDK's exceptions into errors of the core, chained.

    What has no readable response is transient: it is not known whether Azure carried the request out.
    """
    try:
        return await call
    except HttpResponseError as error:
        raise _error(error) from error
    except (AzureError, OSError) as error:
        raise _no_answer(error) from error
    except (ValueError, RecursionError, zlib.error) as error:
        raise _unreadable() from error


def _error(error: HttpResponseError) -> CausewayError:
    """The error for an error status. A failed token request raises one too, from another host.

    The SDK raises the same class without a response if the connection ends within a body
    (azure.core.exceptions.IncompleteReadError), and with a good status if a body cannot be decoded.
    """
    response: Any = error.response
    if isinstance(error, ClientAuthenticationError) and (response is None or not _from_arm(response)):
        return _no_token(error, response)
    if response is None:
        return _no_answer(error)
    return _unreadable() if response.status_code < 300 else _refusal(response).error()


def _no_answer(error: Exception) -> TransientError:
    return TransientError(clean(f"Azure could not be reached: {error}", 400), code="NoAnswer")


def _unreadable() -> TransientError:
    return TransientError("Azure answered with something that cannot be read", code="Unreadable")


def _from_arm(response: Any) -> bool:
    return "authorization" in {str(name).lower() for name in response.request.headers}


def _no_token(error: HttpResponseError, response: Any) -> CausewayError:
    """The error for a missing token: the identity endpoint fails, or there is no identity."""
    text = clean(f"no token: {error.message}", 400)
    if response is not None and (response.status_code == 429 or response.status_code >= 500):
        return TransientError(text, code="IdentityUnavailable")
    return BlockedError("NoIdentity", text, _IDENTITY)


def _refusal(response: Any) -> Refusal:
    headers = {str(name): str(value) for name, value in response.headers.items()}
    return refusal(int(response.status_code), headers, response.text())
