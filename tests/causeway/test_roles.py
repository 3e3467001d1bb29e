"""`causeway roles`: only what the policy needs, at the scopes that it names."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.causeway.command import ROOT, run
from tests.causeway.policies import GROUP, SUB, policy, profile, rule, subnet

STORAGE, SQL = "Microsoft.Storage/storageAccounts", "Microsoft.Sql/servers"
RELAY = "Microsoft.Relay/namespaces"
HUB = f"{GROUP}/rg-net/providers/Microsoft.Network/virtualNetworks/hub"
SPOKE = HUB.replace("hub", "spoke")


def roles(text: str, *options: str) -> dict[str, Any]:
    """The answer in JSON, with the actions by a role's title and the scopes too."""
    ran = run("roles", "--policy", "-", "-o", "json", *options, text=text)
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    actions = {one["Name"].split()[1]: one["Actions"] for one in found["definitions"]}
    scopes: dict[str, list[str]] = {}
    for one in found["assignments"]:
        scopes.setdefault(one["role"].split()[-2 if "(" in one["role"] else 0], []).append(one["scope"])
    return {**found, "actions": actions, "scopes": scopes}


def one(**more: Any) -> str:
    return policy({"default": profile(clients=[SPOKE], **more)})


def test_a_policy_of_names_alone_needs_no_roles_for_peering_rules_and_public_access() -> None:
    assert list(roles(one())["actions"]) == ["Approve", "Endpoints", "Subnets", "DNS", "Remove"]


@pytest.mark.parametrize(
    ("more", "without"),
    [
        ({"dns": {"mode": "none"}}, "DNS"),
        ({"dns": {"mode": "external"}}, "DNS"),
        ({"approval": "request"}, "Approve"),
        ({"mode": "plan"}, "Endpoints"),
        ({"peering": "require"}, "Peering"),
        ({"nsg": {"mode": "require"}}, "Rules"),
    ],
)
def test_what_the_policy_leaves_to_others_needs_no_role(more: dict[str, Any], without: str) -> None:
    assert without not in roles(one(**more))["actions"]


def test_a_policy_that_only_observes_needs_to_read_and_nothing_else() -> None:
    found = roles(one(mode="observe"))
    assert (found["actions"], found["assignments"]) == (
        {},
        [{"role": "Reader", "scope": f"/subscriptions/{SUB}"}],
    )


def test_zones_that_are_not_made_need_no_right_to_write_them() -> None:
    dns = {"zones_resource_group": f"{GROUP}/rg-dns", "create_zones": False}
    assert "Microsoft.Network/privateDnsZones/write" not in roles(one(dns=dns))["actions"]["DNS"]


def test_each_role_is_assigned_at_the_objects_that_the_policy_names() -> None:
    scopes = roles(one(peering="ensure"))["scopes"]
    assert scopes["Endpoints"] == [f"{GROUP}/rg-net"]
    assert scopes["Subnets"] == [subnet()]
    assert scopes["DNS"] == [f"{GROUP}/rg-dns", SPOKE]
    assert scopes["Peering"] == [HUB, SPOKE]
    assert scopes["Approve"] == [f"/subscriptions/{SUB}"]


def test_only_types_that_a_rule_reaches_are_approved_where_no_tag_may_choose() -> None:
    chosen = [rule("databases", "data", type=[SQL, STORAGE])]
    whole = json.loads(policy({"data": profile()}, rules=chosen, exclude=[{"type": STORAGE}]))
    assert len(roles(json.dumps(whole))["actions"]["Approve"]) > 1  # a tag may ask for the default profile
    del whole["profiles"]["default"]
    only = roles(json.dumps(whole))["actions"]["Approve"]
    assert only == [f"{SQL}/PrivateEndpointConnectionsApproval/action"]


def test_a_rule_that_applies_lets_a_profile_write_that_a_tag_names() -> None:
    pilot = {**rule("pilot", type=SQL), "mode": "apply"}
    hub = {"data": profile(approval="auto")}
    text = policy(hub, rules=[pilot], mode="plan", opt_in={"tag_may_choose": ["data"]})
    assert roles(text)["actions"]["Approve"] == [f"{SQL}/PrivateEndpointConnectionsApproval/action"]
    untagged = policy(
        hub, rules=[{**pilot, "profile": "none"}], mode="plan", opt_in={"tag_may_choose": ["data"]}
    )
    assert roles(untagged)["actions"] == {}


def test_public_access_needs_the_write_of_each_type_that_has_a_switch() -> None:
    found = roles(one(public_access="disable"), "--type", SQL, "--type", "Microsoft.Compute/diskAccesses")
    assert found["actions"]["Public"] == [f"{SQL}/write"]


def test_a_type_without_a_public_source_is_named_and_approved_only_once_it_was_checked() -> None:
    approval = f"{RELAY}/PrivateEndpointConnectionsApproval/action"
    found = roles(one(), "--type", RELAY)
    assert ("Approve" in found["actions"], found["unchecked"]) == (False, [approval])
    found = roles(one(), "--type", RELAY, "--checked", RELAY.lower())
    assert (found["actions"]["Approve"], found["unchecked"]) == ([approval], [])


def test_the_role_that_deletes_can_be_left_out() -> None:
    assert "Remove" not in roles(one(), "--keep")["actions"]


def test_networks_that_the_policy_only_selects_are_where_the_caller_says() -> None:
    elsewhere = f"{GROUP}/rg-spokes"
    text = policy({"default": profile(clients=["own"], peering="ensure")})
    assert roles(text)["scopes"]["Peering"] == [HUB, f"/subscriptions/{SUB}"]
    assert roles(text, "--scope", elsewhere)["scopes"]["Peering"] == [HUB, elsewhere]


def test_a_watched_management_group_has_definitions_of_its_own() -> None:
    found = roles(policy(management_groups=["mg-corp"]))
    group = "/providers/Microsoft.Management/managementGroups/mg-corp"
    within = [one["AssignableScopes"] for one in found["definitions"] if "Approve" in one["Name"]]
    assert within == [[f"/subscriptions/{SUB}"], [group]]
    assert {"role": "Causeway Approve (mg-corp)", "scope": group} in found["assignments"]


def test_the_policy_s_blob_container_needs_a_role_on_data() -> None:
    container = f"{GROUP}/rg/providers/{STORAGE}/st/blobServices/default/containers/policies"
    last = roles(one(), "--policy-container", container, "--principal", "p")["commands"][-1]
    assert "--assignee-object-id p " in last
    assert last.endswith(f"--role 'Storage Blob Data Reader' --scope '{container}'")


def test_the_names_of_roles_begin_as_the_caller_says() -> None:
    names = [one["Name"] for one in roles(one(), "--name", "prod")["definitions"]]
    assert names[0] == f"prod Approve ({SUB})"


def test_a_policy_that_is_wrong_is_refused_with_its_faults() -> None:
    ran = run("roles", "--policy", "-", text="version: 2")
    assert (ran.code, ran.out) == (2, "")
    assert "version" in ran.err


def test_networks_in_which_other_endpoints_count_are_peered_with_and_their_rules_written() -> None:
    other = subnet("other").replace("rg-net", "rg-other")
    scopes = roles(one(adopt_in=[other], peering="ensure", nsg={"mode": "ensure"}))["scopes"]
    assert scopes["Peering"] == [HUB, other.rpartition("/subnets/")[0], SPOKE]
    assert scopes["Rules"] == [f"{GROUP}/rg-net", f"{GROUP}/rg-other"]
    assert scopes["Endpoints"] == [f"{GROUP}/rg-net"]


def test_a_scope_that_is_no_id_is_refused() -> None:
    ran = run("roles", "--policy", "-", "--scope", "rg-spokes", text=one())
    assert (ran.code, "'rg-spokes' is not the id" in ran.err) == (2, True)


@pytest.mark.parametrize("option", ["--type", "--checked"])
def test_a_type_that_the_catalogue_does_not_have_is_refused(option: str) -> None:
    ran = run("roles", "--policy", "-", option, "Microsoft.Nothing/here", text=one())
    assert (ran.code, "Microsoft.Nothing/here" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "docs" / "examples").glob("*.yaml")), ids=lambda one: one.stem
)
def test_each_example_gets_roles_that_are_assigned_only_where_they_are_defined(file: Path) -> None:
    found = roles(file.read_text("utf-8"))
    within = {one["Name"]: one["AssignableScopes"] for one in found["definitions"]}
    assert found["assignments"]
    for one in found["assignments"]:
        (root,) = within.get(one["role"], [""])
        assert one["scope"].startswith(root), one
    assert all(len(name) <= 128 for name in within)
