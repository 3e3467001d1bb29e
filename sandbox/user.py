"""A user of the sandbox: Azure's REST API, the app's HTTP API and the control API, by plain HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp

from sandbox.up import Endpoints

TENANT = "11111111-1111-1111-1111-111111111111"
BUSY = ("Updating", "Creating", "Deleting")
BY_HAND = ("sweep", "admin")  # a run of the drift timer that a user started: its function and its cause
LONGEST_WAIT = 30.0  # real seconds for which a host holds back an answer, if there is nothing to say
NO_INVOCATION = 2**63  # no invocation has such a number
VERSIONS = {
    "microsoft.storage": "2023-05-01",
    "microsoft.sql": "2023-08-01",
    "microsoft.keyvault": "2023-07-01",
    "microsoft.network": "2024-05-01",
    "microsoft.resources": "2021-04-01",
}


class Refused(Exception):  # noqa: N818
    """Azure or the app answered with an error: the request, the status, and the answer's `body`."""

    def __init__(self, asked: str, status: int, body: str) -> None:
        super().__init__(f"{asked}: {status} {body[:1000]}")
        self.body = body


class User:
    """Acts as a user whose token has every right in the simulated Azure."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._arm = endpoints.arm_http
        self._host = endpoints.host
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers={"Authorization": "Bearer me"})
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def put(self, at: str, body: Any) -> Any:
        """Create or replace a resource."""
        return await self._azure("PUT", at, body)

    async def get(self, at: str) -> Any:
        """A resource's body; None where there is none."""
        return await self._azure("GET", at)

    async def delete(self, at: str) -> None:
        """Ask Azure to delete a resource."""
        await self._azure("DELETE", at)

    async def deleted(self, at: str) -> None:
        """Wait until a resource that is being deleted does not exist any more."""
        while await self.get(at) is not None:
            await asyncio.sleep(0.05)

    async def settled(self, at: str) -> None:
        """Wait until no operation runs on a resource."""
        while (await self.get(at))["properties"].get("provisioningState") in BUSY:
            await asyncio.sleep(0.05)

    async def reach(self, subnet: str, name: str, port: int) -> Any:
        """Whether a client in this subnet reaches a name privately, or the hop that fails."""
        query = {"subnet": subnet, "name": name, "port": str(port)}
        return await self._json("GET", f"{self._arm}/_sandbox/reach", query=query)

    async def tag(self, at: str, tags: Mapping[str, str]) -> None:
        """Merge tags into a resource's, as the portal does."""
        body = {"operation": "Merge", "properties": {"tags": dict(tags)}}
        await self._azure("PATCH", f"{at}/providers/Microsoft.Resources/tags/default", body)

    async def now(self) -> float:
        """Simulated seconds since the sandbox began."""
        return float((await self._json("GET", f"{self._arm}/_sandbox/clock"))["now"])

    async def control(self, name: str, body: Any = None) -> Any:
        """Read or change the simulated Azure by its control API."""
        method = "GET" if body is None else "POST"
        return await self._json(method, f"{self._arm}/_sandbox/{name}", body)

    async def resolve(self, network: str, name: str) -> str | None:
        """The private address to which a machine in this network resolves a name; None if there is none."""
        query = {"network": network, "name": name}
        found = await self._json("GET", f"{self._arm}/_sandbox/resolve", query=query)
        addresses = found.get("addresses") or []
        return str(addresses[0]) if addresses else None

    async def connections(self, top: int = 100) -> list[Any]:
        """The app's view of every target, read `top` to a page."""
        found: list[Any] = []
        url: str | None = f"{self._host}/api/connections?top={top}"
        while url:
            page = await self._json("GET", url)
            found += page["value"]
            url = urljoin(url, page["nextLink"]) if "nextLink" in page else None
        return found

    async def connection(self, at: str) -> Any:
        """The app's view of one target; None if the app does not know it."""
        key = hashlib.sha256(at.lower().encode()).hexdigest()[:32]
        return await self._json("GET", f"{self._host}/api/connections/{key}")

    async def health(self) -> Any:
        """What the app says of itself: its last sweep, its problems, what is left of Azure's limits."""
        return await self._json("GET", f"{self._host}/api/health")

    async def rerun(self, at: str, *, dry_run: bool = False) -> Any:
        """Ask the app to reconcile a resource again, or to show what it would do."""
        body = {"resource_id": at, "dry_run": dry_run}
        return await self._json("POST", f"{self._host}/api/reconcile", body)

    async def sweep(self) -> None:
        """Run the drift timer now, as an operator does from the portal, and wait until its run has ended.

        Its work is in the queue then. Raises Refused if the run fails.
        """
        seen = (await self.invocations(self._host))["last"]
        await self._json("POST", f"{self._host}/admin/functions/sweep", {"input": ""})
        while True:
            ran = await self.invocations(self._host, since=seen, wait=LONGEST_WAIT)
            by_hand = [one for one in ran["invocations"] if (one["function"], one["cause"]) == BY_HAND]
            if by_hand:
                break
            seen = ran["last"]
        if not by_hand[0]["ok"]:
            raise Refused("run sweep", 500, str(by_hand[0]["error"]))

    async def invocations(self, host: str, since: int | None = None, wait: float = 0.0) -> Any:
        """How many functions run in a host (`running`), how many have ended (`last`), and which of them.

        `invocations` are those that ended after number `since`, none if that is left out; if there are
        none, the answer comes after `wait` seconds or with the first one.
        """
        number = NO_INVOCATION if since is None else since
        query = {"since": str(number), "wait": str(wait)}
        return await self._json("GET", f"{host}/admin/invocations", query=query)

    async def _azure(self, method: str, at: str, body: Any = None) -> Any:
        namespace = at.rsplit("/providers/", 1)[-1].split("/")[0].lower()
        version = VERSIONS.get(namespace, VERSIONS["microsoft.resources"])
        return await self._json(method, f"{self._arm}{at}", body, {"api-version": version})

    async def _json(
        self, method: str, url: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Any:
        assert self._session is not None  # noqa: S101
        async with self._session.request(method, url, json=body, params=query) as answer:
            if answer.status == 404:
                return None
            text = await answer.text()
            if answer.status >= 400:
                raise Refused(f"{method} {url}", answer.status, text)
            return await answer.json(content_type=None) if text else None
