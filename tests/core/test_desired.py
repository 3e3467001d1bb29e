"""What must exist for one target: rules and groups by the policy, and what has to be read to know more."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, zone_group
from shared.core.kinds.required_rule import RequiredRule
from shared.core.kinds.rule import Rule
from shared.core.kinds.security_group import group_id
from shared.core.plan.desired import Desired, too_many_zones
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Read
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE, SUBNET, ZONE
from tests.builders.networks import GROUP, subnet, vnet
from tests.builders.pictures import picture
from tests.builders.requests import wanted

AT = wanted().paths[0].endpoint.id
FILTERED = subnet("Enabled", GROUP)
BARE = subnet("Enabled")


def around(
    *addresses: str, at: Seen = FILTERED, clients: tuple[str, ...] = ("10.1.0.0/16",), foreign: bool = False
) -> Observed:
    """The networks, and the endpoint once it has addresses."""
    hub = bodies.network()
    entry = {**at.body, "properties": {**at.properties, "delegations": []}}
    hub = Seen(HUB, {**hub.body, "properties": {**hub.properties, "subnets": [entry]}})
    objects: dict[ResourceId, Seen | None] = {HUB: hub, SPOKE: vnet(SPOKE, *clients)}
    if addresses:
        objects |= {AT: bodies.endpoint(AT), bodies.nic_id(AT): bodies.nic(AT, *addresses)}
    if foreign:
        by_hand = AT.group.resource(AT.type, "by-hand")
        objects[by_hand] = bodies.endpoint(by_hand, managed=False)
    return picture(objects)


def summary(rules: tuple[Rule, ...]) -> list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    return [(one.access, one.sources, one.destinations, one.ports) for one in rules]


def listing(*endpoints: ResourceId, tags: dict[str, str] | None = None) -> dict[str, Any]:
    """The account, with approved connections of these endpoints."""
    state = {"privateLinkServiceConnectionState": {"status": "Approved"}}
    listed = [{"properties": {**state, "privateEndpoint": {"id": at.text}}} for at in endpoints]
    return bodies.account(tags, connections=listed)


def desired(observed: Observed, mode: str = "ensure", **nsg: Any) -> Desired:
    """For an account that lists our endpoint where that exists."""
    account = listing(*([AT] if observed.present(AT) else []))
    return wanted(observed, account=account, nsg={"mode": mode, **nsg})


# Security rules

ALLOW = ("Allow", ("10.1.0.0/16",), ("10.0.1.4",), ("443",))
DENY = ("Deny", ("*",), ("10.0.1.4",), ("*",))


@pytest.mark.parametrize(("mode", "kind"), [("ensure", Rule), ("require", RequiredRule)])
def test_clients_need_one_rule_to_the_endpoint_s_address(mode: str, kind: type[Rule]) -> None:
    found = desired(around("10.0.1.4"), mode)
    assert summary(found.rules) == [ALLOW]
    assert [type(one) for one in found.rules] == [kind]
    assert found.rules[0].nsg == GROUP


def test_a_default_denial_comes_behind_the_rule_that_lets_clients_in() -> None:
    allow, deny = desired(around("10.0.1.4"), default_deny=True).rules
    assert summary((allow, deny)) == [ALLOW, DENY]
    assert (allow.behind, deny.behind) == ((), (allow.id,))


def test_a_denial_for_addresses_that_no_client_can_use_comes_behind_nothing() -> None:
    """Clients have IPv4 alone, and the endpoint has an IPv6 address too."""
    rules = desired(around("10.0.1.4", "fd00::4"), default_deny=True).rules
    assert summary(rules) == [ALLOW, DENY, ("Deny", ("*",), ("fd00::4",), ("*",))]
    assert rules[2].behind == ()


def test_clients_with_both_versions_have_a_rule_for_each_that_the_endpoint_has() -> None:
    both = ("10.1.0.0/16", "fd01::/64")
    assert summary(desired(around("10.0.1.4", clients=both)).rules) == [ALLOW]
    assert summary(desired(around("10.0.1.4", "fd00::4", clients=both)).rules) == [
        ALLOW,
        ("Allow", ("fd01::/64",), ("fd00::4",), ("443",)),
    ]


@pytest.mark.parametrize(
    "observed",
    [around("10.0.1.4", at=BARE), around("10.0.1.4", clients=()), around()],
    ids=["no group", "no clients", "no address yet"],
)
def test_without_a_group_a_client_or_an_address_no_rule_is_desired(observed: Observed) -> None:
    assert desired(observed).rules == ()


def test_an_operator_who_ignores_rules_gets_none() -> None:
    found = desired(around("10.0.1.4"), "ignore")
    assert (found.rules, found.addressed) == ((), True)


def test_rules_are_complete_once_every_endpoint_has_an_address() -> None:
    assert not desired(around()).addressed
    assert desired(around("10.0.1.4")).addressed
    assert desired(around(), "ignore").addressed


def test_endpoints_of_several_groups_share_one_rule_with_all_addresses() -> None:
    tags = {"private-connectivity-groups": "blob,file"}
    second = wanted(around(), account=listing(tags=tags)).paths[1].endpoint.id
    observed = around("10.0.1.4")
    for seen in (bodies.endpoint(second, group="file"), bodies.nic(second, "10.0.1.5")):
        observed = observed.with_object(seen.id, Present(seen))
    account = listing(AT, second, tags=tags)
    rules = wanted(observed, account=account, nsg={"mode": "ensure", "default_deny": True}).rules
    destinations = {one.access: one.destinations for one in rules}
    assert destinations["Deny"] == ("10.0.1.4", "10.0.1.5")
    deny = next(one for one in rules if one.access == "Deny")
    assert set(deny.behind) == {one.id for one in rules if one.access == "Allow"}


# Groups and subnets


def test_a_subnet_without_a_group_gets_one_if_the_operator_says_so() -> None:
    found = desired(around("10.0.1.4", at=BARE), create_group=True)
    (made,) = found.security_groups
    assert (made.id, made.location) == (group_id(SUBNET), "westeurope")
    assert [one.nsg for one in found.subnet_policies] == [made.id]
    assert [one.nsg for one in found.rules] == [made.id]


@pytest.mark.parametrize("create", [True, False])
def test_a_subnet_that_has_a_group_keeps_it(create: bool) -> None:
    found = desired(around("10.0.1.4"), create_group=create, enforce_on_endpoints=False)
    assert (found.security_groups, found.subnet_policies) == ((), ())
    assert [one.nsg for one in found.rules] == [GROUP]


def test_the_subnet_of_an_adopted_endpoint_is_left_alone() -> None:
    observed = around(at=BARE, foreign=True)
    found = desired(observed, create_group=True, enforce_on_endpoints=True)
    assert found.paths[0].endpoint.adopted
    assert (found.security_groups, found.subnet_policies, found.paths[0].endpoint.after) == ((), (), ())


@pytest.mark.parametrize(
    ("nsg", "policies", "after"),
    [
        ({"enforce_on_endpoints": True}, [(None, True)], (SUBNET,)),
        ({"enforce_on_endpoints": False}, [], ()),
        ({"enforce_on_endpoints": False, "create_group": True}, [(group_id(SUBNET), False)], (SUBNET,)),
    ],
)
def test_a_subnet_is_written_only_where_something_in_it_must_change(
    nsg: dict[str, Any], policies: list[Any], after: tuple[ResourceId, ...]
) -> None:
    found = desired(around(at=BARE), **nsg)
    assert [(one.nsg, one.enforce) for one in found.subnet_policies] == policies
    assert found.paths[0].endpoint.after == after


# Reads


def reads(found: Desired, observed: Observed) -> set[tuple[ResourceId, str]]:
    return {(read.at, read.collection) for read in found.reads(observed)}


THEIRS = ZONE.group.resource(ZONE.type, "privatelink.example.com")
EXTERNAL = wanted(dns={"mode": "external"})


@pytest.mark.parametrize(("servers", "asked"), [([], True), (["168.63.129.16"], True), (["10.9.9.9"], False)])
def test_links_of_a_foreign_zone_are_read_only_for_networks_that_ask_azure(
    servers: list[str], asked: bool
) -> None:
    groups = (bodies.zone_group(AT.child(zone_group.COLLECTION, "g"), zone=THEIRS),)
    client = Seen(SPOKE, {"properties": {"dhcpOptions": {"dnsServers": servers}}})
    observed = picture({SPOKE: client}, {(AT, zone_group.COLLECTION): groups})
    assert ((THEIRS, link.COLLECTION) in reads(EXTERNAL, observed)) is asked
    assert (SPOKE, "") in reads(EXTERNAL, observed)


def test_links_of_a_foreign_zone_are_read_for_a_network_that_is_not_known_yet() -> None:
    groups = (bodies.zone_group(AT.child(zone_group.COLLECTION, "g"), zone=THEIRS),)
    observed = picture({}, {(AT, zone_group.COLLECTION): groups})
    assert (THEIRS, link.COLLECTION) in reads(EXTERNAL, observed)


def test_zones_that_causeway_keeps_are_not_foreign() -> None:
    groups = (bodies.zone_group(AT.child(zone_group.COLLECTION, "g"), zone=THEIRS),)
    observed = picture({}, {(AT, zone_group.COLLECTION): groups})
    assert EXTERNAL.external_zones(observed) == (THEIRS,)
    assert wanted().external_zones(observed) == ()


@pytest.mark.parametrize(
    ("reported", "written", "read"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, True)],
)
def test_an_interface_is_read_unless_a_write_just_reported_the_addresses(
    reported: bool, written: bool, read: bool
) -> None:
    have = bodies.endpoint(AT)
    configs = [{"fqdn": "orders.blob.core.windows.net", "ipAddresses": ["10.0.1.4"]}] if reported else []
    have = Seen(AT, {**have.body, "properties": {**have.properties, "customDnsConfigs": configs}})
    observed = Observed().alone(AT, Present(have, written=written))
    found = set(wanted().paths[0].endpoint.reads(observed))
    assert (Read(bodies.nic_id(AT)) in found) is read


def test_an_endpoint_that_is_being_written_has_no_addresses_to_read() -> None:
    observed = Observed().alone(AT, Present(bodies.endpoint(AT, state="Updating")))
    assert Read(bodies.nic_id(AT)) not in set(wanted().paths[0].endpoint.reads(observed))


def test_zone_groups_are_not_read_before_it_is_known_whether_the_endpoint_exists() -> None:
    endpoint = wanted().paths[0].endpoint
    assert list(endpoint.reads(Observed())) == [Read(AT)]
    below = Read(AT, zone_group.COLLECTION)
    assert below in set(endpoint.reads(Observed().alone(AT, Absent())))
    assert below in set(endpoint.reads(Observed().alone(AT, Present(bodies.endpoint(AT)))))


# Zone groups that wait


def test_a_zone_group_waits_until_its_records_and_the_rules_are_known() -> None:
    found = desired(around("10.0.1.4"))
    group = found.paths[0].zone_group
    assert group
    assert found.waiting == frozenset()
    assert replace(found, addressed=False).waiting == {group.id}
    path = replace(found.paths[0], zone_group=replace(group, records=()))
    assert replace(found, paths=(path,)).waiting == {group.id}
    assert replace(found, paths=(replace(path, zone_group=None),)).waiting == frozenset()


@pytest.mark.parametrize(("count", "too_many"), [(5, False), (6, True)])
def test_an_endpoint_takes_five_zones(count: int, too_many: bool) -> None:
    found = wanted()
    group = found.paths[0].zone_group
    assert group
    path = replace(found.paths[0], zone_group=replace(group, zones=(ZONE,) * count))
    declined = too_many_zones(replace(found, paths=(path,)))
    assert (declined is not None) is too_many
