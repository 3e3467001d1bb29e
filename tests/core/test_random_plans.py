"""Random states through the pure core: one action an object, nothing foreign written, and a fixed point.

`applied` takes the place of Azure: it stores the bodies of a plan. The result must need no further write,
or the plan names what blocks it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.kinds import link, peering, rule, zone_group
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Wanted
from shared.core.kinds.link import Link
from shared.core.kinds.peering import Peering
from shared.core.kinds.rule import Rule
from shared.core.kinds.security_group import SecurityGroup
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.placement.candidates import candidates
from shared.core.placement.site import Candidates
from shared.core.placement.sites import sites
from shared.core.plan.actions import Block, Create, Delete, Keep, Replace, Unknown, Update, Wait, Withdraw
from shared.core.plan.desired import Desired, desired
from shared.core.plan.group_path import Request
from shared.core.plan.plan import Plan, plan
from shared.core.policy.intent import Connect, Declined, intent
from shared.core.readings.networks import POLICIES, group_of
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present
from tests.builders import bodies
from tests.builders.pictures import picture
from tests.builders.policies import a_policy

GROUP = bodies.HUB.group.resource("Microsoft.Network/networkSecurityGroups", "nsg")
ELSEWHERE = bodies.ZONE.group.resource(bodies.ZONE.type, "privatelink.example.com")
THIRD = bodies.HUB.group.resource("Microsoft.Network/virtualNetworks", "third")
IP = "10.0.1.4"
LIMITS = a_policy().limits
STATES = ("Succeeded", "Succeeded", "Succeeded", "Failed", "Updating")


@dataclass(frozen=True)
class Existing:
    """What exists in one object's place. `own_name`: under the name that the managed object has."""

    managed: bool
    own_name: bool
    state: str
    meets: bool
    status: str


@dataclass(frozen=True)
class ForeignRule:
    """A foreign rule."""

    priority: int
    access: str
    source: str
    port: str


@dataclass(frozen=True)
class Case:
    peering: str
    nsg: str
    deny: bool
    enforce: bool
    create_group: bool
    create_zones: bool
    request: bool
    overlap: bool
    filtered: bool
    policies: str | None
    foreign_endpoint: str | None
    endpoint: Existing | None
    zone: Existing | None
    link: Existing | None
    group: Existing | None
    near: Existing | None
    far: Existing | None
    allow: Existing | None
    denial: Existing | None
    made: Existing | None
    rules: tuple[ForeignRule, ...]


EXISTING = st.one_of(
    st.none(),
    st.builds(
        Existing,
        managed=st.booleans(),
        own_name=st.booleans(),
        state=st.sampled_from(STATES),
        meets=st.sampled_from([True, True, False]),
        status=st.sampled_from(
            ["Approved", "Approved", "Pending", "Rejected", "Disconnected", "LocalNotInSync"]
        ),
    ),
)
MODES = st.sampled_from(["ensure", "ensure", "require", "ignore"])
CASES = st.builds(
    Case,
    peering=MODES,
    nsg=MODES,
    deny=st.booleans(),
    enforce=st.booleans(),
    create_group=st.booleans(),
    create_zones=st.booleans(),
    request=st.booleans(),
    overlap=st.sampled_from([False, False, False, True]),
    filtered=st.sampled_from([True, True, False]),
    policies=st.sampled_from(
        [None, "Disabled", "Enabled", "RouteTableEnabled", "NetworkSecurityGroupEnabled"]
    ),
    foreign_endpoint=st.sampled_from([None, None, "nameless", "same zone", "other zone", "accepted subnet"]),
    endpoint=EXISTING,
    zone=EXISTING,
    link=EXISTING,
    group=EXISTING,
    near=EXISTING,
    far=EXISTING,
    allow=EXISTING,
    denial=EXISTING,
    made=EXISTING,
    rules=st.lists(
        st.builds(
            ForeignRule,
            priority=st.sampled_from([100, 1000, 1001, 1002, 4000]),
            access=st.sampled_from(["Allow", "Deny"]),
            source=st.sampled_from(["*", "VirtualNetwork", "10.1.0.0/16", "10.1.128.0/17", "10.9.0.0/16"]),
            port=st.sampled_from(["*", "443", "22"]),
        ),
        max_size=3,
        unique_by=lambda one: one.priority,
    ).map(tuple),
)


class State:
    """A case's desired and observed state, and which ids are foreign."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.objects: dict[ResourceId, Seen | None] = {}
        self.members: dict[tuple[ResourceId, str], tuple[Seen, ...]] = {}
        self.foreign: set[ResourceId] = set()
        self._around()
        self.desired = self._desired()
        for want in self.desired.objects():
            self._place(want)
        self.observed = picture(self.objects, self.members)

    def _desired(self) -> Desired:
        case = self.case
        made = case.create_group and case.nsg == "ensure"
        modes = (case.peering, case.nsg, case.deny, case.enforce, made, case.create_zones, case.request)
        connect = connect_by(*modes)
        target = Target.parse(bodies.account())
        found = candidates(target, connect.profile)
        assert isinstance(found, Candidates)
        around = picture(self.objects, self.members)
        chosen = sites(target, connect, found, LIMITS, around)
        assert not isinstance(chosen, Declined | Refusal)
        for site in chosen.values():  # rules are desired once the endpoint has its address
            endpoint = bodies.endpoint(site.endpoint)
            around = around.alone(site.endpoint, Present(endpoint))
            around = around.alone(bodies.nic_id(site.endpoint), Present(bodies.nic(site.endpoint, IP)))
        recorded = frozenset(site.endpoint for site in chosen.values())
        return desired(Request(target, connect, chosen, recorded), around, load())

    def _around(self) -> None:
        case = self.case
        subnet: dict[str, Any] = {"serviceEndpoints": [{"service": "Microsoft.Sql"}]}
        if case.policies:
            subnet[POLICIES] = case.policies
        if case.filtered:
            subnet["networkSecurityGroup"] = {"id": GROUP.text}
        hub, spoke = bodies.network(subnet), Seen(bodies.SPOKE, {"id": bodies.SPOKE.text, "properties": {}})
        far = ["10.1.0.0/16", *(["10.0.128.0/17"] if case.overlap else [])]
        self.objects |= {
            bodies.HUB: with_properties(hub, addressSpace={"addressPrefixes": ["10.0.0.0/16"]}),
            bodies.SPOKE: with_properties(spoke, addressSpace={"addressPrefixes": far}),
        }
        if case.foreign_endpoint is None:
            return
        at = bodies.HUB.group.resource("Microsoft.Network/privateEndpoints", "by-hand")
        accepted = case.foreign_endpoint == "accepted subnet"
        subnet_id = bodies.SUBNET if accepted else bodies.SPOKE.child("subnets", "x")
        zones = {"same zone": bodies.ZONE, "other zone": ELSEWHERE}
        at_zone = zones.get(case.foreign_endpoint)
        held = at.child(zone_group.COLLECTION, "default")
        groups = (bodies.zone_group(held, "10.9.9.9", zone=at_zone),) if at_zone else ()
        foreign_endpoint = bodies.endpoint(at, subnet=subnet_id, managed=False)
        self.foreign |= {at, *(one.id for one in groups)}
        self.objects[at] = foreign_endpoint
        self.members[(at, zone_group.COLLECTION)] = groups

    def _place(self, want: Wanted) -> None:
        case = self.case
        match want:
            case Endpoint():
                self._endpoint(want)
            case SecurityGroup():
                self._security_group(want)
            case SubnetPolicy():
                pass  # in the body of its network
            case Link():
                self._member(want.zone, link.COLLECTION, want.id, case.link, self._link)
            case ZoneGroup():
                self._member(want.endpoint, zone_group.COLLECTION, want.id, case.group, self._group)
            case Peering():
                part = case.near if want.local == bodies.HUB else case.far
                make = self._near if want.local == bodies.HUB else self._far
                self._member(want.local, peering.COLLECTION, want.id, part, make)
            case Rule():
                self._rule(want)
            case _:
                part = case.zone
                self.objects[want.id] = tagged(bodies.zone(want.id), part.managed) if part else None

    def _endpoint(self, want: Endpoint) -> None:
        part = self.case.endpoint
        if want.adopted:
            return
        if part is None:
            self.objects[want.id] = None
            return
        subnet = bodies.SUBNET if part.meets else bodies.SPOKE.child("subnets", "y")
        status = part.status if part.status != "LocalNotInSync" else "Approved"
        self.objects[want.id] = bodies.endpoint(
            want.id, subnet=subnet, status=status, state=part.state, managed=part.managed
        )
        if not part.managed:
            self.foreign.add(want.id)

    def _member(
        self, parent: ResourceId, kind: str, at: ResourceId, part: Existing | None, make: Any
    ) -> None:
        """What exists in a collection; objects that are managed by name exist under their own name only."""
        self.members.setdefault((parent, kind), ())
        if part is None:
            return
        by_name = kind in (peering.COLLECTION, zone_group.COLLECTION)
        own = part.managed if by_name else part.managed or part.own_name
        where = at if own else parent.child(kind, "foreign")
        self.members[(parent, kind)] = (make(where, part),)
        if not part.managed:
            self.foreign.add(where)

    def _link(self, at: ResourceId, part: Existing) -> Seen:
        network = bodies.SPOKE if part.meets else THIRD
        return in_state(bodies.zone_link(at, network=network, managed=part.managed), part.state)

    def _group(self, at: ResourceId, part: Existing) -> Seen:
        zone = bodies.ZONE if part.meets else ELSEWHERE
        return in_state(bodies.zone_group(at, IP, zone=zone), part.state)

    def _near(self, at: ResourceId, part: Existing) -> Seen:
        return half(at, bodies.SPOKE, part)

    def _far(self, at: ResourceId, part: Existing) -> Seen:
        return half(at, bodies.HUB, part)

    def _security_group(self, want: SecurityGroup) -> None:
        """A group with the managed name that is not attached, or none."""
        part = self.case.made
        self.objects[want.id] = a_group(want.id, part) if part else None
        if part and not part.managed:
            self.foreign.add(want.id)

    def _rule(self, want: Rule) -> None:
        self.objects.setdefault(want.nsg, Seen(want.nsg, {"id": want.nsg.text, "properties": {}}))
        key = (want.nsg, rule.COLLECTION)
        if self.objects[want.nsg] is None:
            return
        if key not in self.members:
            self.members[key] = tuple(foreign_rule(want.nsg, one) for one in self.case.rules)
            self.foreign |= {one.id for one in self.members[key]}
        part = self.case.allow if want.access == "Allow" else self.case.denial
        if part is None:
            return
        taken = {one.properties["priority"] for one in self.members[key]}
        free = next(p for p in (1003, 1004) if p not in taken)
        body = replace(want, priorities=(free, free)).body(None, picture())
        body["properties"]["provisioningState"] = part.state
        if not part.meets:
            body["properties"]["destinationAddressPrefixes"] = ["10.0.1.200"]
        if not part.managed:
            body["properties"]["description"] = "by hand"
            self.foreign.add(want.id)
        self.members[key] += (Seen(want.id, {"id": want.id.text, "name": want.id.name, **body}),)


@cache
def connect_by(
    peers: str, nsg: str, deny: bool, enforce: bool, made: bool, zones: bool, request: bool
) -> Connect:
    filters = {
        "mode": nsg,
        "default_deny": deny and nsg != "ignore",
        "enforce_on_endpoints": enforce,
        "create_group": made,
    }
    rules = a_policy(
        peering=peers,
        nsg={**filters, "priorities": [1000, 1004]},
        create_zones=zones,
        approval="request" if request else "auto",
    )
    connect = intent(Target.parse(bodies.account()), {}, rules, load())
    assert isinstance(connect, Connect)
    return connect


def with_properties(have: Seen, **more: Any) -> Seen:
    return Seen(have.id, {**have.body, "properties": {**have.properties, **more}})


def in_state(have: Seen, state: str) -> Seen:
    return with_properties(have, provisioningState=state)


def tagged(have: Seen, managed: bool) -> Seen:
    return Seen(have.id, {**have.body, "tags": {MARK_TAG: MARK_VALUE} if managed else {}})


def half(at: ResourceId, remote: ResourceId, part: Existing) -> Seen:
    state = "Disconnected" if part.status == "Disconnected" else "Connected"
    level = part.status if part.status == "LocalNotInSync" else "FullyInSync"
    properties = {
        "remoteVirtualNetwork": {"id": remote.text},
        "allowVirtualNetworkAccess": part.meets,
        "allowForwardedTraffic": True,
        "peeringState": state,
        "peeringSyncLevel": level,
        "provisioningState": part.state,
    }
    return Seen(at, {"id": at.text, "name": at.name, "properties": properties})


def a_group(at: ResourceId, part: Existing) -> Seen:
    return in_state(tagged(Seen(at, {"id": at.text, "properties": {}}), part.managed), part.state)


def foreign_rule(group: ResourceId, one: ForeignRule) -> Seen:
    at = group.child(rule.COLLECTION, f"foreign-{one.priority}")
    properties = {
        "priority": one.priority,
        "direction": "Inbound",
        "access": one.access,
        "protocol": "*",
        "sourceAddressPrefix": one.source,
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": one.port,
    }
    return Seen(at, {"id": at.text, "name": at.name, "properties": properties})


def applied(steps: Plan, observed: Observed) -> tuple[Observed, set[ResourceId]]:
    """The state after a plan, and the ids that could not be written, for a need or a limit."""
    failed = {block.id for block in steps.blocks}
    view = observed
    for action in steps.actions:
        match action:
            case Wait(want=want, have=have):
                view = put(view, want, have.id, {**have.body})
            case Create(want=want) | Replace(want=want) | Update(want=want):
                have = action.have if isinstance(action, Update) else None
                if isinstance(action, Replace):
                    view = view.with_object(action.have.id, Absent())
                try:
                    body = want.body(have, view)
                except BlockedError:
                    failed.add(want.id)
                    continue
                if failed.intersection(want.needs):
                    failed.add(want.id)
                    continue
                view = put(view, want, want.id, body)
            case Keep() | Block() | Delete() | Withdraw() | Unknown():
                pass
    return view, failed


def put(view: Observed, want: Wanted, at: ResourceId, body: dict[str, Any]) -> Observed:
    """Azure's answer: the body with the read-only properties of a finished operation."""
    properties = {**body.get("properties", {}), "provisioningState": "Succeeded"}
    if isinstance(want, Link):
        properties["virtualNetworkLinkState"] = "Completed"
    if isinstance(want, Peering):
        reported = properties.get("peeringState")
        properties |= {"peeringState": reported or "Connected", "peeringSyncLevel": "FullyInSync"}
    if isinstance(want, Endpoint):
        properties |= connections(properties)
    answer = Seen(at, {**body, "id": at.text, "name": at.name, "properties": properties})
    return view.with_written({at: answer})


def connections(properties: dict[str, Any]) -> dict[str, Any]:
    """Automatic connections are approved at once, manual ones wait."""
    kinds = {"privateLinkServiceConnections": "Approved", "manualPrivateLinkServiceConnections": "Pending"}
    return {
        kind: [
            {
                **one,
                "properties": {
                    "privateLinkServiceConnectionState": {"status": status},
                    **one["properties"],
                },
            }
            for one in properties[kind]
        ]
        for kind, status in kinds.items()
        if kind in properties
    }


@settings(
    max_examples=800, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(CASES)
def test_every_state_gets_one_action_for_each_object_and_settles_or_is_blocked(case: Case) -> None:
    state = State(case)
    steps = plan(state.desired, state.observed)
    ids = [action.have.id if isinstance(action, Wait) else action.id for action in steps.actions]
    assert len(ids) == len(set(ids)) == len(state.desired.objects())
    twin = State(case)
    assert steps == plan(twin.desired, twin.observed)
    assert not foreign_writes(steps, state.foreign)
    assert_settles(state, steps)


def assert_settles(state: State, steps: Plan) -> None:
    view, names = state.observed, set[ResourceId]()
    for _ in range(3):
        view, failed = applied(steps, view)
        names |= failed
        steps = plan(state.desired, view)
        assert not foreign_writes(steps, state.foreign)
    again, _ = applied(steps, view)
    assert steps.settled or names, steps
    assert {write.id for write in steps.writes} <= names, steps
    assert again == view or names
    for group in state.desired.security_groups:
        subnet = view.present(bodies.SUBNET)
        assert names or (view.present(group.id) and subnet and group_of(subnet) == group.id)


def foreign_writes(steps: Plan, foreign: set[ResourceId]) -> set[ResourceId]:
    """Foreign objects that a plan would write."""
    return {write.have.id for write in steps.writes if isinstance(write, Update | Replace | Delete)} & foreign
