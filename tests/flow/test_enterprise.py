"""The enterprise scenario with the policy for it: every resource ends as the comment above it says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from sandbox.azure import scenario
from shared.core.base.errors import InputError
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import load
from shared.core.policy.values import Mode
from tests.builders import estate
from tests.builders.estate import NOTHING, Ending
from tests.builders.world import World, play

type Json = dict[str, Any]

SCENARIO = scenario.load(estate.SCENARIO)
EXPECTED = estate.expected(estate.SCENARIO.read_text())
CATALOGUE = load()
HUB = estate.policy().networks["hubs"][0].text
NEW_TYPES = {
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/networkSecurityGroups/securityRules",
    "Microsoft.Network/privateDnsZones/A",
}


def targets() -> Iterator[Mapping[str, Any]]:
    """The resources of the scenario that have a row in the catalogue."""
    for body in SCENARIO["resources"]:
        below_a_group = re.match("/subscriptions/.+/providers/", body["id"])
        if below_a_group and CATALOGUE.knows(ResourceId.parse(body["id"]).type):
            yield body


def test_every_resource_that_could_be_connected_has_an_ending_and_nothing_else_has() -> None:
    assert {body["id"] for body in targets()} == set(EXPECTED)
    assert len(EXPECTED) > 30


def test_an_ending_that_is_written_wrongly_is_not_read_as_another() -> None:
    text = 'Planned by "a rule" with prod in hub/one and hub/two because of rules[0]'
    assert Ending.parse(text) == Ending("Planned", "", "a rule", "prod", ("hub/one", "hub/two"), "rules[0]")
    assert Ending.parse("Blocked TwoNetworks with dev") == Ending("Blocked", "TwoNetworks", profile="dev")
    for wrong in ("Planned with", "Planned by rule", "Blocked twoNetworks", "Planned in a or b", ""):
        with pytest.raises(ValueError, match="no ending"):
            Ending.parse(wrong)


@dataclass(frozen=True)
class Run:
    """The estate after a sweep and all work that follows from it.

    states, dry_runs: by the ids of EXPECTED. before: what others made, and made: what the app made, by id, as
    Azure keeps it. written: what the last mode's sweep wrote; again: what one more writes.
    """

    world: World
    states: Mapping[str, Json]
    dry_runs: Mapping[str, Json]
    before: Mapping[str, Json]
    made: Mapping[str, Json]
    written: list[tuple[str, str]]
    again: list[tuple[str, str]]


@cache
def run(*modes: Mode) -> Run:
    """The estate with this mode at the top of the policy, or one after another; once for all tests."""
    found: list[Run] = []

    async def story() -> None:
        found.append(await _run(modes))

    play(story)
    return found[0]


async def _run(modes: Sequence[Mode]) -> Run:
    world = World(estate.policy(modes[0]), begins=SCENARIO)
    before = kept(world)
    for mode in modes:
        world.policy = estate.policy(mode)
        world.flow = world.worker()
        world.sent()
        await sweep(world)
    written = world.writes()
    states = {at: await world.state(at) for at in EXPECTED}
    dry_runs = {at: await dry_run(world, at) for at in EXPECTED}
    made = {at: body for at, body in kept(world).items() if at not in before}
    world.sent()
    await sweep(world)
    return Run(world, states, dry_runs, before, made, written, world.writes())


async def sweep(world: World) -> None:
    """A sweep, and all work that follows from it."""
    await world.flow.sweeper.sweep()
    await world.drain(most=500)


async def dry_run(world: World, at: str) -> Json:
    """What the app says that it would do; nothing for a resource that it does not watch."""
    try:
        return await world.plan(at)
    except InputError:
        return {}


def kept(world: World) -> dict[str, Json]:
    """What Azure keeps of every resource, by id."""
    return {one.id.text: deepcopy(one.body) for one in world.azure.world.store}


# The endings


def differences(ran: Run, endings: Mapping[str, Ending]) -> dict[str, list[str]]:
    """By resource, what its state has other than its ending says."""
    found = {}
    for at, ending in endings.items():
        state, dry = ran.states[at], ran.dry_runs[at]
        wrong = [*_of_state(state, ending), *_of_place(ran.world, state, ending), *_of_choice(dry, ending)]
        if wrong:
            found[at.rpartition("/")[2]] = wrong
    return found


def _of_state(state: Json, ending: Ending) -> Iterator[str]:
    result = state.get("result", NOTHING)
    if result != ending.result:
        yield f"{result} {state.get('code')}, not {ending.result}: {state.get('reason')}"
    if ending.code and state.get("code") != ending.code:
        yield f"code {state.get('code')}, not {ending.code}: {state.get('reason')}"
    for field in ("rule", "profile"):
        wanted = getattr(ending, field)
        if result != NOTHING and wanted and state.get(field) != wanted:
            yield f"{field} {state.get(field)!r}, not {wanted!r}"


def _of_place(world: World, state: Json, ending: Ending) -> Iterator[str]:
    """Where the endpoints are. Those that are only planned are not there, but one of someone else is."""
    found = [world.azure.world.find(path["endpoint"]) for path in state.get("paths", ())]
    parts = [one.properties["subnet"]["id"].split("/") for one in found if one is not None]
    places = {f"{part[-3]}/{part[-1]}" for part in parts}
    if ending.result == "Planned" and places <= set(ending.subnets):
        return
    if places != set(ending.subnets):
        yield f"in {sorted(places)}, not {ending.subnets}"


def _of_choice(dry: Json, ending: Ending) -> Iterator[str]:
    for field, wanted in (("rule", ending.rule), ("policy_key", ending.key)):
        if dry.get(field, "") != wanted:
            yield f"{field} {dry.get(field)!r} in the dry run, not {wanted!r}"


def test_with_the_policy_as_it_is_the_pilot_is_connected_and_the_rest_planned() -> None:
    ran = run("plan")
    assert differences(ran, {at: each.planned for at, each in EXPECTED.items()}) == {}
    new = [target_of(body) for at, body in ran.made.items() if is_type(at, "privateEndpoints")]
    assert {target.resource_group for target in new} == {"rg-orders-prod"}


def test_with_mode_apply_the_whole_estate_is_connected() -> None:
    ran = run("apply")
    assert differences(ran, {at: each.applied for at, each in EXPECTED.items()}) == {}


def test_when_the_file_says_apply_after_a_pilot_the_rest_is_connected() -> None:
    ran = run("plan", "apply")
    assert differences(ran, {at: each.applied for at, each in EXPECTED.items()}) == {}


def test_when_the_file_says_plan_again_nothing_is_written_or_removed() -> None:
    ran = run("apply", "plan")
    assert ran.written == ran.again == []
    connected = {at for at, each in EXPECTED.items() if each.applied.result == "Connected"}
    assert {at for at, state in ran.states.items() if state.get("result") == "Connected"} >= connected


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ordersprod", {"result": "Planned"}),
        ("ordersprod", {"rule": "production"}),
        ("ordersprod", {"profile": "dev"}),
        ("ordersprod", {"subnets": ("hub-we/snet-pe-2",)}),
        ("ordersprod", {"subnets": ()}),
        ("labresults", {"code": "NoOwnNetwork"}),
        ("orderstfstate", {"key": "exclude[0]"}),
        ("orderstfstate", {"result": "Connected"}),
        ("elsewhere", {"rule": "production"}),
    ],
)
def test_a_resource_that_ends_in_another_way_is_a_difference(name: str, other: dict[str, Any]) -> None:
    (found,) = ((at, each.applied) for at, each in EXPECTED.items() if at.endswith(f"/{name}"))
    assert list(differences(run("apply"), {found[0]: replace(found[1], **other)})) == [name]


def test_the_pilot_s_rule_alone_goes_further_than_the_file() -> None:
    ran = run("plan")
    chosen = [state for state in ran.states.values() if state and state["profile"]]
    assert {state["mode"] for state in chosen if state["rule"] == "pilot"} == {"apply"}
    assert {state["mode"] for state in chosen if state["rule"] != "pilot"} == {"plan"}


def test_of_two_networks_that_fit_both_are_named() -> None:
    (state,) = (one for at, one in run("apply").states.items() if at.endswith("/labresults"))
    assert "/virtualNetworks/vnet-lab-a" in state["reason"]
    assert "/virtualNetworks/vnet-lab-b" in state["reason"]


def test_the_clients_of_production_are_the_spokes_that_a_hub_accepts_and_the_sites() -> None:
    """Neither the isolated one, nor the one whose hub half is missing, nor those of development."""
    ran = run("apply")
    rules = [body["properties"] for at, body in ran.made.items() if is_type(at, "securityRules")]
    assert len(rules) >= 3
    for rule in rules:
        sources = {rule.get("sourceAddressPrefix"), *rule.get("sourceAddressPrefixes", ())} - {None, ""}
        assert sources == {"10.32.0.0/20", "10.33.0.0/20", "10.34.0.0/20", "10.200.0.0/16"}


# What is changed and made


def test_what_others_made_is_not_changed() -> None:
    """But for the network policies of one subnet, and public access of what has a proven path."""
    ran = run("apply")
    closed = {at for at, each in EXPECTED.items() if each.applied.result == "Connected"}
    changed = changes(ran.before, kept(ran.world))
    assert changed.pop(f"{HUB}/subnets/snet-pe-sql") == {"privateEndpointNetworkPolicies"}
    assert set(changed) <= closed
    assert set().union(*changed.values()) == {"publicNetworkAccess"}
    types = {ResourceId.parse(at).type for at in ran.made}
    assert {one for one in types if not one.endswith("/privateEndpointConnections")} == NEW_TYPES


def changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> dict[str, set[str]]:
    """The properties that changed of each resource that existed before; `deleted` if it exists no longer."""
    found = {at: _changed(body, after[at]) if at in after else {"deleted"} for at, body in before.items()}
    return {at: changed for at, changed in found.items() if changed}


def _changed(before: Json, after: Json) -> set[str]:
    """The names of members and of properties with another value, but for who wrote last."""
    pairs = ((before, after), (before.get("properties", {}), after.get("properties", {})))
    found = {name for old, new in pairs for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    return found - {"properties", "systemData"}


def test_all_that_is_made_has_the_names_and_tags_of_the_policy() -> None:
    ran = run("apply")
    endpoints = {at: body for at, body in ran.made.items() if is_type(at, "privateEndpoints")}
    assert len(endpoints) > 10
    for at, body in endpoints.items():
        owner, name = ran.before[target_of(body).text], at.rsplit("/", 1)[1]
        tags = {key: body["tags"][key] for key in ("cost-centre", "managed-by")}
        assert tags == {"cost-centre": owner["tags"]["cost-centre"], "managed-by": "causeway"}
        named = rf"pep-{target_of(body).name}-[a-z-]+-(weu|neu|gwc)-[0-9a-f]{{8}}"
        assert re.fullmatch(named, name, re.IGNORECASE)
        assert [one for one in ran.made if one.endswith(f"/networkInterfaces/nic-{name}")]


def is_type(at: str, kind: str) -> bool:
    """Whether an id is of this kind of network resource, and not of one below it."""
    return at.split("/")[-2] == kind


def target_of(endpoint: Json) -> ResourceId:
    """What an endpoint leads to."""
    (connection,) = endpoint["properties"]["privateLinkServiceConnections"]
    return ResourceId.parse(connection["properties"]["privateLinkServiceId"])


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_a_second_sweep_writes_nothing(mode: Mode) -> None:
    ran = run(mode)
    assert len(ran.made) > 10
    assert ran.again == []
