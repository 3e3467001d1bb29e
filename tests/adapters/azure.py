"""Two test doubles of Azure: the simulator, and one that returns the responses of a test."""

import asyncio
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo

from sandbox.azure.front import identity
from sandbox.azure.kernel.clock import VirtualClock
from sandbox.azure.kernel.model import Request, Response
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.in_process import InProcessTransport
from shared.adapters.arm import SdkArm
from shared.adapters.arm_clients import ArmClients
from shared.adapters.clock import SystemClock
from shared.core.base.ids import GroupId, ResourceId

HOST = "https://arm.test"
LATE = 10_000.0  # a deadline that no test reaches
GROUP = GroupId("00000000-0000-0000-0000-000000000001", "rg")
NETWORK = GROUP.resource("Microsoft.Network/virtualNetworks", "hub")
SUBNET = NETWORK.child("subnets", "endpoints")
ENDPOINT = GROUP.resource("Microsoft.Network/privateEndpoints", "pe")
ZONE_GROUP = ENDPOINT.child("privateDnsZoneGroups", "causeway")
ZONE = GROUP.resource("Microsoft.Network/privateDnsZones", "privatelink.blob.core.windows.net")
LINK = ZONE.child("virtualNetworkLinks", "hub")
ACCOUNT = GROUP.resource("Microsoft.Storage/storageAccounts", "orders")
STORAGE_API = "2023-05-01"
OPERATION = f"{HOST}/subscriptions/s/providers/Microsoft.Network/locations/x/operations/1?api-version=1&s=sig"


class Token:
    """A credential without an identity endpoint. `asked`: the scopes it gave tokens for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.asked += scopes
        return AccessToken(identity.issue(scopes[0].removesuffix("/.default"), 0), 2**31)

    async def get_token_info(self, *scopes: str, **_: Any) -> AccessTokenInfo:
        return AccessTokenInfo((await self.get_token(*scopes)).token, 2**31)

    async def close(self) -> None:
        """Nothing to close."""

    async def __aexit__(self, *_: object) -> None:
        """Nothing to close."""


class Said:
    """An Azure that returns the responses of a test one after the other, and the last one for ever.

    `asked` are the requests that arrived, with the loop's time of each in `times`.
    """

    def __init__(self, *answers: Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[Request] = []
        self.times: list[float] = []

    async def handle(self, request: Request) -> Response:
        self.asked.append(request)
        self.times.append(asyncio.get_running_loop().time())
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if answer.delay:
            await asyncio.sleep(answer.delay)
        return answer

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.asked]


def arm_over(azure: Any, endpoint: str = HOST, token: Token | None = None) -> SdkArm:
    """The real adapter and the real SDK, over either double."""
    clients = ArmClients(token or Token(), endpoint, InProcessTransport(azure))  # type: ignore[arg-type]
    return SdkArm(clients, SystemClock())


def said(status: int, body: Any = None, **headers: str) -> Response:
    """An answer; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, body, named)


def refused(status: int, code: str, message: str = "no", **headers: str) -> Response:
    """An error in ARM's own envelope."""
    return said(status, {"error": {"code": code, "message": message}}, **headers)


def body_of(at: ResourceId, state: str, **properties: Any) -> dict[str, Any]:
    """A resource as ARM shows it."""
    return {
        "id": at.text,
        "name": at.name,
        "type": at.type,
        "properties": {"provisioningState": state, **properties},
    }


class Cloud:
    """A simulator with a hub network, an account and a zone, and the adapter over it."""

    def __init__(self, seed: int = 0, speed: float = 1.0) -> None:
        clock = VirtualClock()
        clock.speed = speed
        self.simulator = Simulator(seed=seed, clock=clock)
        self.arm = arm_over(self.simulator)

    async def begin(self) -> None:
        self.simulator.world.instant = True
        await self.user("PUT", GROUP.text, {"location": "westeurope"})
        subnet = {"name": "endpoints", "properties": {"addressPrefix": "10.0.1.0/24"}}
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
        await self.user("PUT", NETWORK.text, {"location": "westeurope", "properties": space})
        account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        await self.user("PUT", ACCOUNT.text, account, STORAGE_API)
        await self.user("PUT", ZONE.text, {"location": "global"})
        self.simulator.world.instant = False
        self.simulator.requests.entries.clear()

    async def user(self, method: str, path: str, body: Any = None, version: str = "2024-06-01") -> Response:
        """A request of another client."""
        asked = Request(method, path, {"api-version": version}, {"authorization": "Bearer me"}, body, HOST)
        return await self.simulator.handle(asked)

    def allow_everything(self) -> None:
        """Give the app every right: its role has none to change targets."""
        del self.simulator.access.roles["app"]

    async def fault(self, rule: dict[str, Any]) -> None:
        """Set one fault rule of the simulator's."""
        response = await self.user("POST", "/_sandbox/faults", rule)
        assert response.status < 300, response.body

    @property
    def sent(self) -> list[tuple[str, str]]:
        """What the app asked for: method and the kind of thing."""
        entries = [entry for entry in self.simulator.requests.entries if entry.principal == "app"]
        return [(entry.method, entry.path.rsplit("/", 2)[-2]) for entry in entries]


def endpoint_body() -> dict[str, Any]:
    """A private endpoint for the account's blobs."""
    connection = {
        "name": "pe",
        "properties": {"privateLinkServiceId": ACCOUNT.text, "groupIds": ["blob"]},
    }
    return {
        "location": "westeurope",
        "tags": {},
        "properties": {"subnet": {"id": SUBNET.text}, "privateLinkServiceConnections": [connection]},
    }


def zone_group_body() -> dict[str, Any]:
    config = {"name": "blob", "properties": {"privateDnsZoneId": ZONE.text}}
    return {"properties": {"privateDnsZoneConfigs": [config]}}


def link_body() -> dict[str, Any]:
    properties = {"registrationEnabled": False, "virtualNetwork": {"id": NETWORK.text}}
    return {"location": "global", "properties": properties}
