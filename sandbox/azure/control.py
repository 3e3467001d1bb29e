"""The control API at `/_sandbox/...`: tests and people read the simulator's state and change its behaviour.

JSON in, JSON out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.azure.events.event_grid import EventGrid
from sandbox.azure.events.topics import Topics
from sandbox.azure.front import deny_assignments, policies, usages
from sandbox.azure.front.access import Access
from sandbox.azure.front.faults import Faults
from sandbox.azure.front.management_groups import moves
from sandbox.azure.front.request_log import RequestLog
from sandbox.azure.kernel import tenants
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Request, Response
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import connections
from sandbox.azure.reachability import dns_servers, names, reach

type Handler = Callable[[Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the simulator that the control API reads and changes.

    reset: starts the simulator again with a seed.
    """

    world: World
    access: Access
    faults: Faults
    requests: RequestLog
    events: EventGrid
    topics: Topics
    reset: Callable[[int], None]


class Control:
    """The control API. One method per path and HTTP method; ValueError becomes a 400 with its text."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "requests"): self.requests,
            ("GET", "operations"): self.operations,
            ("GET", "state"): self.state,
            ("POST", "reset"): self.reset,
            ("GET", "faults"): self.faults,
            ("POST", "faults"): self.add_faults,
            ("DELETE", "faults"): self.clear_faults,
            ("GET", "events"): self.events,
            ("POST", "events"): self.send_events,
            ("GET", "published"): self.published,
            ("GET", "clock"): self.clock,
            ("POST", "clock"): self.advance,
            ("GET", "role"): self.role,
            ("POST", "role"): self.change_role,
            ("GET", "resolve"): self.resolve,
            ("GET", "reach"): self.reach,
            ("POST", "policies"): self.policies,
            ("POST", "denials"): self.denials,
            ("POST", "registrations"): self.registrations,
            ("POST", "usages"): self.usages,
            ("GET", "durations"): self.durations,
            ("POST", "durations"): self.fix_durations,
            ("POST", "tenants"): self.tenants,
            ("POST", "placements"): self.placements,
            ("POST", "dns"): self.dns,
            ("POST", "connections"): self.connections,
        }

    async def handle(self, request: Request) -> Response:
        """Answer `/_sandbox/{name}`; without a name, say what there is."""
        name = request.path.removeprefix("/_sandbox").strip("/").lower()
        if not name:
            return Response(
                200, {"paths": sorted(f"{method} /_sandbox/{one}" for method, one in self._routes)}
            )
        handler = self._routes.get((request.method, name))
        if handler is None:
            return Response(404, {"error": f"no {request.method} /_sandbox/{name}; see GET /_sandbox"})
        try:
            return Response(200, await handler(request))
        except (ValueError, TypeError, LookupError) as error:
            return Response(400, {"error": str(error)})

    async def requests(self, request: Request) -> Json:
        """The request log; `?principal=app&kind=poll&since=12` filter it."""
        query = request.query
        found = self._parts.requests.records(
            principal=query.get("principal", ""),
            kind=query.get("kind", ""),
            since=int(query.get("since", "0")),
        )
        return {"total": len(self._parts.requests.entries), "requests": found}

    async def operations(self, request: Request) -> Json:
        """The operation log: what critical paths are computed from."""
        return {"operations": [one.record for one in self._parts.world.operations]}

    async def state(self, request: Request) -> Json:
        """Every resource as GET shows it, and the state of the simulator."""
        world = self._parts.world
        return {
            "now": world.now,
            "seed": world.seed,
            "speed": world.clock.speed,
            "subscriptions": list(world.subscriptions),
            "running": sum(1 for one in world.operations if one.running),
            "pending_events": self._parts.events.pending,
            "used_actions": sorted(self._parts.access.used),
            "resources": [world.show(resource) for resource in world.store],
        }

    async def reset(self, request: Request) -> Json:
        """Empty world, empty logs, no faults. `{"seed": n}` changes the seed."""
        body = request.body if isinstance(request.body, dict) else {}
        seed = int(body.get("seed", self._parts.world.seed))
        self._parts.reset(seed)
        return {"seed": seed}

    async def faults(self, request: Request) -> Json:
        """How often each rule has hit."""
        rules = self._parts.faults.rules
        return {"rules": [{"seen": rule.seen, "taken": rule.taken, "times": rule.times} for rule in rules]}

    async def add_faults(self, request: Request) -> Json:
        """Add one rule or a list of rules (see faults.Rule)."""
        self._parts.faults.add(request.body)
        return {"rules": len(self._parts.faults.rules)}

    async def clear_faults(self, request: Request) -> Json:
        """Remove all rules."""
        self._parts.faults.clear()
        return {"rules": 0}

    async def events(self, request: Request) -> Json:
        """Deliveries and dead letters."""
        grid = self._parts.events
        return {
            "subscriptions": [one.name for one in grid.subscriptions],
            "pending": grid.pending,
            "deliveries": [one.record for one in grid.deliveries],
            "dead_letters": grid.dead_letters,
        }

    async def published(self, request: Request) -> Json:
        """What custom topics were sent, in the order of arrival; `?topic=outcomes` filters it."""
        topic = request.query.get("topic", "")
        found = [one for one in self._parts.topics.published if topic in ("", one["topic"])]
        return {"published": found}

    async def send_events(self, request: Request) -> Json:
        """`{"replay": id or "all", "times": n}`, `{"send": {event}}` as it is, or
        `{"settings": {"latency": [a, b], "duplicates": p, "lost": p}}`."""
        grid, body = self._parts.events, _object(request)
        if "send" in body:
            return {"statuses": await grid.send_raw(body["send"])}
        if "settings" in body:
            for name, value in body["settings"].items():
                if name not in ("latency", "duplicates", "lost"):
                    raise ValueError(f"unknown setting: {name}")
                setattr(grid.settings, name, tuple(value) if name == "latency" else float(value))
            return {"settings": list(body["settings"])}
        if "replay" in body:
            wanted = None if body["replay"] == "all" else str(body["replay"])
            return {"replayed": grid.replay(wanted, int(body.get("times", 1)))}
        raise ValueError("replay, send or settings is needed")

    async def clock(self, request: Request) -> Json:
        """Simulated seconds and calendar, speed."""
        world = self._parts.world
        return {"now": world.now, "time": world.timestamp(), "speed": world.clock.speed}

    async def advance(self, request: Request) -> Json:
        """`{"advance": seconds}`: jump ahead and run what becomes due, in order."""
        world = self._parts.world
        world.clock.advance(float(_object(request)["advance"]))
        world.settle()
        return await self.clock(request)

    async def role(self, request: Request) -> Json:
        """What the app may do, what was removed, and which actions it has used."""
        access = self._parts.access
        role = access.roles["app"]
        shown: Json = {"actions": role.actions, "removed": role.removed, "delay": access.delay}
        shown["scopes"] = access.own
        return shown | {"used": sorted(access.used)}

    async def change_role(self, request: Request) -> Json:
        """`{"remove": [actions], "scope": id}`, `{"actions": [..]}`, `{"scopes": [ids]}` (where the role is
        assigned), `{"restore": true}`; with `delay`, these and later changes of rights are effective after so
        many seconds.
        """
        access, body = self._parts.access, _object(request)
        access.delay = float(body.get("delay", access.delay))
        change = _role_change(access, body)
        self._parts.world.at(access.delay, change) if access.delay else change()
        return await self.role(request)

    async def resolve(self, request: Request) -> Json:
        """`?network=<vnet id>&name=<fqdn>`: what a machine in that network resolves the name to."""
        query = request.query
        return names.resolve(self._parts.world, query["network"], query["name"]).as_json()

    async def reach(self, request: Request) -> Json:
        """`?subnet=<subnet id>&name=<fqdn>&port=443&groups=<ids>`: whether a client there reaches the name,
        or what stops it. groups: the client's application security groups, with commas between them.
        """
        query = request.query
        port, groups = int(query.get("port", "443")), tuple(filter(None, query.get("groups", "").split(",")))
        return reach.reach(self._parts.world, query["subnet"], query["name"], port, groups).as_json()

    async def policies(self, request: Request) -> Json:
        """`{"deny": [..], "modify": [..], "append": [..]}`: the rules of each effect that is named (see
        policy_rules.Rule).
        """
        return policies.configure(self._parts.world, _object(request))

    async def denials(self, request: Request) -> Json:
        """`{"deny": [{"name", "scope", "actions", "notActions"?, "excludePrincipals"?}]}`: replace all."""
        return deny_assignments.configure(self._parts.world, _object(request)["deny"])

    async def registrations(self, request: Request) -> Json:
        """`{"subscription": id, "unregister": [namespaces]}`."""
        body = _object(request)
        known = self._parts.world.subscriptions[ArmId(str(body["subscription"])).subscription.lower()]
        known["unregistered"] = [str(one).lower() for one in body.get("unregister", [])]
        return {"unregistered": known["unregistered"]}

    async def durations(self, request: Request) -> Json:
        """The durations that are fixed, in simulated seconds."""
        return {"fixed": self._parts.world.durations.fixed}

    async def fix_durations(self, request: Request) -> Json:
        """`{"servers/delete": 412}`: let operations of these kinds take so long; null: as recorded."""
        for kind, seconds in _object(request).items():
            self._parts.world.durations.fix(kind, seconds)
        return await self.durations(request)

    async def usages(self, request: Request) -> Json:
        """`{"subscription": id, "region": name, "endpoints": n}`: count so many more than exist."""
        body = _object(request)
        subscription, region = str(body["subscription"]), str(body["region"])
        return usages.pretend(self._parts.world, subscription, region, int(body["endpoints"]))

    async def tenants(self, request: Request) -> Json:
        """`{"subscription": id, "tenant": guid, "managedByTenants"?: [guids]}`: put it into a tenant."""
        return tenants.declare(self._parts.world.subscriptions, _object(request))

    async def placements(self, request: Request) -> Json:
        """`{"subscription": id, "managementGroup": name}`: move a subscription below a management group."""
        return moves.move(self._parts.world, _object(request))

    async def connections(self, request: Request) -> Json:
        """`{"whenTargetIsDeleted": "Disconnected" or "Approved"}`: what its endpoints show from then on."""
        status = str(_object(request)["whenTargetIsDeleted"])
        return connections.when_target_is_deleted(self._parts.world, status)

    async def dns(self, request: Request) -> Json:
        """`{"servers": [{"address", ..}]}`: replace all declared servers (see dns_servers.DnsServer)."""
        return dns_servers.configure(self._parts.world, _object(request))


def _role_change(access: Access, body: Json) -> Callable[[], None]:
    """What a body asks for, as a function that does it. Raises TypeError for a list that is none."""
    role = access.roles["app"]
    own = [str(one).lower() for one in body["scopes"]] if "scopes" in body else None
    actions = [str(one) for one in body["actions"]] if "actions" in body else None
    removed, scope = [str(one) for one in body.get("remove", [])], str(body.get("scope", ""))

    def change() -> None:
        if body.get("restore"):
            role.restore()
            access.own = None
        if own is not None:
            access.own = own
        if actions is not None:
            role.actions = actions
        role.remove(removed, scope)

    return change


def _object(request: Request) -> Json:
    if not isinstance(request.body, dict):
        raise TypeError("a JSON object is needed")
    return request.body
