"""A simulated Azure for tests: requests in few words, and waiting for operations. No assertion lives here."""

from sandbox.azure.front import identity
from sandbox.azure.kernel.clock import VirtualClock
from sandbox.azure.kernel.model import Request, Response
from sandbox.azure.simulator import Simulator

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"
GROUP = f"{SUB}/resourceGroups/rg"
VERSION = "2025-03-01"
USER = "Bearer a-user"
APP = "Bearer " + identity.issue("https://management.azure.com/", 0)


def vnet(name: str = "hub", group: str = GROUP) -> str:
    return f"{group}/providers/Microsoft.Network/virtualNetworks/{name}"


def subnet(name: str = "one", network: str = "hub") -> str:
    return f"{vnet(network)}/subnets/{name}"


def network_body(prefix: str = "10.0.0.0/16", subnets: dict[str, str] | None = None, **more) -> dict:
    inner = {"addressSpace": {"addressPrefixes": [prefix]}}
    if subnets is not None:
        inner["subnets"] = [
            {"name": name, "properties": {"addressPrefix": one}} for name, one in subnets.items()
        ]
    return {"location": "westeurope", "properties": inner} | more


def subnet_body(prefix: str = "10.0.1.0/24", **properties) -> dict:
    return {"properties": {"addressPrefix": prefix} | properties}


class Cloud:
    """A simulator on a virtual clock and a client of it."""

    def __init__(self, seed: int = 0, speed: float = 1.0, role=None) -> None:
        clock = VirtualClock()
        clock.speed = speed
        self.simulator = Simulator(seed=seed, clock=clock, role=role)

    @property
    def world(self):
        return self.simulator.world

    @property
    def now(self) -> float:
        return self.world.clock.now()

    async def begin(self) -> None:
        await self.put(GROUP, {"location": "westeurope"})
        self.simulator.requests.entries.clear()

    async def send(
        self, method: str, path: str, body=None, *, query=None, headers=None, as_=USER, version=VERSION
    ) -> Response:
        path, _, text = path.partition("?")
        asked = {"api-version": version} if version else {}
        asked |= dict(pair.split("=", 1) for pair in text.split("&") if pair)
        asked = {name.lower(): value for name, value in (asked | (query or {})).items()}
        sent = {"authorization": as_} if as_ else {}
        request = Request(method, path, asked, sent | (headers or {}), body, "https://arm.test")
        return await self.simulator.handle(request)

    async def get(self, path: str, **more) -> Response:
        return await self.send("GET", path, **more)

    async def put(self, path: str, body, **more) -> Response:
        return await self.send("PUT", path, body, **more)

    async def patch(self, path: str, body, **more) -> Response:
        return await self.send("PATCH", path, body, **more)

    async def delete(self, path: str, **more) -> Response:
        return await self.send("DELETE", path, **more)

    async def post(self, path: str, body=None, **more) -> Response:
        return await self.send("POST", path, body, **more)

    async def poll(self, response: Response, header: str = "Azure-AsyncOperation", **more) -> Response:
        """One poll of the operation that a response began."""
        url = response.headers[header].removeprefix("https://arm.test")
        path, _, text = url.partition("?")
        query = dict(pair.split("=", 1) for pair in text.split("&"))
        return await self.send("GET", path, query=query, **more)

    async def wait(self, seconds: float) -> None:
        await self.world.clock.sleep(seconds)

    async def settle(self, response: Response) -> Response:
        """Poll until the operation is over; the last poll's answer."""
        header = "Azure-AsyncOperation" if "Azure-AsyncOperation" in response.headers else "Location"
        for _ in range(10_000):
            last = await self.poll(response, header)
            running = last.status == 202 or (last.body or {}).get("status") == "InProgress"
            if not running:
                return last
            await self.wait(1)
        raise TimeoutError(response.headers[header])

    async def make(self, path: str, body) -> dict:
        """Create and wait; the final body."""
        response = await self.put(path, body)
        if response.status >= 400:
            raise RuntimeError(response.body)
        if "Azure-AsyncOperation" in response.headers or "Location" in response.headers:
            await self.settle(response)
        return (await self.get(path)).body

    async def remove(self, path: str) -> None:
        response = await self.delete(path)
        if "Azure-AsyncOperation" in response.headers or "Location" in response.headers:
            await self.settle(response)


def code(response: Response) -> str:
    """The error code of a response in the usual envelope."""
    return response.body["error"]["code"]
