"""The policy: what it means, and that all faults are reported at once with path, value and remedy."""

import json
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.errors import Fault, PolicyError
from shared.core.base.ids import GroupId, ResourceId
from shared.core.catalogue.catalogue import Catalogue, TypeFacts, load
from shared.core.policy.policy import Drift, Limits, OptIn, Policy, check, json_schema
from shared.core.policy.profile import Dns, Nsg
from shared.core.policy.values import Approval
from tests.builders.json_schema import schema_violations

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "connectivity.yaml"
SCHEMA = ROOT / "connectivity.schema.json"

SUB = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg-network"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
SUBNET = f"{NETWORK}/subnets/endpoints"
ZONES = f"/subscriptions/{SUB}/resourceGroups/rg-dns"


def a_profile(**fields: Any) -> dict[str, Any]:
    return {"subnets": {"westeurope": [SUBNET]}, "dns": {"mode": "none"}, **fields}


def a_document(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "subscriptions": [SUB], "profiles": {"default": a_profile()}, **fields}


def with_profile(**fields: Any) -> dict[str, Any]:
    return a_document(profiles={"default": a_profile(**fields)})


def parse(document: dict[str, Any]) -> Policy:
    return Policy.parse(yaml.safe_dump(document))


def faults(document: dict[str, Any] | str) -> tuple[Fault, ...]:
    text = document if isinstance(document, str) else yaml.safe_dump(document)
    with pytest.raises(PolicyError) as refused:
        Policy.parse(text)
    return refused.value.faults


def the_fault(document: dict[str, Any] | str) -> Fault:
    found = faults(document)
    assert len(found) == 1, found
    return found[0]


# What it means


def test_a_policy_needs_only_what_the_operator_alone_knows() -> None:
    policy = parse(a_document())
    assert (policy.cloud, policy.subscriptions, policy.management_groups) == ("AzureCloud", (SUB,), ())
    assert policy.opt_in == OptIn(tag="private-connectivity", inherit="none", always=())
    assert policy.drift == Drift(schedule="0 */15 * * * *", repair=True)
    assert policy.limits == Limits(
        max_deletes_per_sweep=20, max_endpoints_per_subnet=200, creations_per_hour=500
    )
    profile = policy.profiles["default"]
    assert profile.subnets == {"westeurope": (ResourceId.parse(SUBNET),)}
    assert (profile.clients, profile.groups, profile.fallback_region) == ((), {}, None)
    assert profile.endpoints_resource_group == "subnet"


def test_a_setting_that_is_left_out_changes_nothing_in_azure() -> None:
    profile = parse(a_document()).profiles["default"]
    assert (profile.peering.mode, profile.public_access, profile.on_opt_out) == ("ignore", "leave", "keep")
    assert profile.nsg == Nsg(
        mode="ignore",
        default_deny=False,
        priorities=(1000, 1999),
        enforce_on_endpoints=True,
        create_group=False,
    )
    assert profile.approval == Approval("auto", "")
    assert Dns(mode="none").fallback_to_internet is False


def test_every_key_is_read_into_its_own_value() -> None:
    policy = parse(
        a_document(
            cloud="AzureUSGovernment",
            opt_in={"tag": "connect", "inherit": "resource_group", "always": ["microsoft.sql/SERVERS"]},
            management_groups=["mg-corp"],
            profiles={
                "default": a_profile(
                    subnets={"West Europe": [SUBNET]},
                    fallback_region="West Europe",
                    endpoints_resource_group=GROUP,
                    groups={"Microsoft.Storage/storageAccounts": ["blob", "FILE"]},
                    clients=[NETWORK.upper()],
                    peering="require",
                    dns={
                        "mode": "manage",
                        "zones_resource_group": ZONES,
                        "create_zones": False,
                        "link": "clients",
                        "fallback_to_internet": True,
                    },
                    nsg={
                        "mode": "ensure",
                        "default_deny": True,
                        "priorities": [100, 4096],
                        "enforce_on_endpoints": False,
                        "create_group": True,
                    },
                    approval='request ("Team Data asks")',
                    public_access="disable",
                    on_opt_out="remove",
                )
            },
            drift={"schedule": "0 0  * * * *", "repair": False},
            limits={"max_deletes_per_sweep": 0, "max_endpoints_per_subnet": 1, "creations_per_hour": 0},
        )
    )
    profile = policy.profiles["default"]
    assert policy.opt_in.always == ("Microsoft.Sql/servers",)
    assert policy.management_groups == ("mg-corp",)
    assert (policy.cloud, policy.opt_in.tag) == ("AzureUSGovernment", "connect")
    assert list(profile.subnets) == ["westeurope"]
    assert profile.fallback_region == "westeurope"
    assert profile.endpoints_resource_group == GroupId.parse(GROUP)
    assert profile.groups == {"Microsoft.Storage/storageAccounts": ("blob", "FILE")}
    assert profile.clients == (ResourceId.parse(NETWORK),)
    assert profile.dns.zones_resource_group == GroupId.parse(ZONES)
    assert (profile.dns.create_zones, profile.dns.fallback_to_internet) == (False, True)
    assert profile.nsg == Nsg(
        mode="ensure",
        default_deny=True,
        priorities=(100, 4096),
        enforce_on_endpoints=False,
        create_group=True,
    )
    assert profile.approval == Approval("request", "Team Data asks")
    assert (profile.peering.mode, profile.public_access, profile.on_opt_out) == (
        "require",
        "disable",
        "remove",
    )
    assert (policy.drift.schedule, policy.drift.repair.any) == ("0 0 * * * *", False)
    assert policy.limits.max_deletes_per_sweep == 0


@pytest.mark.parametrize(
    ("text", "approval"),
    [
        ("auto", Approval("auto", "")),
        ("request", Approval("request", "")),
        ('request ("why")', Approval("request", "why")),
        ('request("why")', Approval("request", "why")),
    ],
)
def test_approval_is_read_with_its_message(text: str, approval: Approval) -> None:
    assert parse(with_profile(approval=text)).profiles["default"].approval == approval


def test_watching_a_management_group_is_enough() -> None:
    assert parse(a_document(subscriptions=[], management_groups=["mg"])).subscriptions == ()


def test_json_is_a_policy_too_and_anchors_are_shared() -> None:
    assert Policy.parse(json.dumps(a_document())) == parse(a_document())
    profile = a_profile()
    shared = yaml.safe_dump(a_document(profiles={"default": profile, "other": profile}))
    assert "&id001" in shared
    assert set(Policy.parse(shared).profiles) == {"default", "other"}


def test_a_policy_cannot_be_changed_once_it_is_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(a_document()).cloud = "AzureChinaCloud"


@pytest.mark.parametrize("region", ["eastus4", "southeastus7", "norwaysouth", "swedennorth", "malaysiaeast"])
def test_an_unknown_region_is_accepted(region: str) -> None:
    assert region in parse(with_profile(subnets={region: [SUBNET]})).profiles["default"].subnets


def test_a_value_at_a_limit_is_within_it() -> None:
    message = "m" * 140
    policy = parse(
        a_document(
            opt_in={"tag": "t" * 121},
            profiles={
                "default": a_profile(nsg={"priorities": [200, 200]}, approval=f'request ("{message}")')
            },
            limits={"max_endpoints_per_subnet": 5000},
        )
    )
    profile = policy.profiles["default"]
    assert (len(policy.opt_in.tag), profile.nsg.priorities) == (121, (200, 200))
    assert profile.approval == Approval("request", message)


def test_types_are_those_of_the_catalogue_that_is_given() -> None:
    vaults = Catalogue([TypeFacts("My.Own/vaults", "2026-01-01", ("v",), None)], [], {"mars": None})
    text = yaml.safe_dump(
        a_document(
            opt_in={"always": ["my.own/VAULTS"]}, profiles={"default": a_profile(subnets={"mars": [SUBNET]})}
        )
    )
    assert Policy.parse(text, vaults).opt_in.always == ("My.Own/vaults",)
    assert the_fault(text).path == "opt_in.always[0]"


# What is wrong with it


def test_five_faults_are_reported_at_once_with_path_value_and_remedy() -> None:
    found = faults(
        {
            "version": 1,
            "cloud": "AzureClod",
            "subscriptions": ["not-a-guid"],
            "profiles": {
                "default": {
                    "subnets": {"westeurope": [NETWORK]},
                    "dns": {"mode": "manage"},
                    "peering": "always",
                }
            },
        }
    )
    assert [(fault.path, fault.value) for fault in found] == [
        ("cloud", "AzureClod"),
        ("subscriptions[0]", "not-a-guid"),
        ("profiles.default.subnets.westeurope[0]", NETWORK[:79] + "…"),
        ("profiles.default.peering", "always"),
        ("profiles.default.dns.zones_resource_group", ""),
    ]
    assert all(fault.problem and fault.remedy for fault in found)


def test_a_fault_in_one_field_does_not_hide_a_fault_between_fields() -> None:
    found = faults(a_document(cloud="Azur", subscriptions=[], profiles={"other": a_profile(approval=3)}))
    assert [fault.path for fault in found] == [
        "cloud",
        "profiles.other.approval",
        "subscriptions",
        "profiles.default",
    ]


MISSING: dict[str, tuple[dict[str, Any], str]] = {
    "version": ({"subscriptions": [SUB], "profiles": {"default": a_profile()}}, "version"),
    "profiles": ({"version": 1, "subscriptions": [SUB]}, "profiles"),
    "profile default": (a_document(profiles={"other": a_profile()}), "profiles.default"),
    "watched": (a_document(subscriptions=[]), "subscriptions"),
    "subnets": (a_document(profiles={"default": {"dns": {"mode": "none"}}}), "profiles.default.subnets"),
    "any subnet": (with_profile(subnets={}), "profiles.default.subnets"),
    "a region's subnets": (with_profile(subnets={"westeurope": []}), "profiles.default.subnets.westeurope"),
    "dns": (
        a_document(profiles={"default": {"subnets": {"westeurope": [SUBNET]}}}),
        "profiles.default.dns",
    ),
    "zones group": (with_profile(dns={}), "profiles.default.dns.zones_resource_group"),
    "a type's groups": (
        with_profile(groups={"Microsoft.Sql/servers": []}),
        "profiles.default.groups.Microsoft.Sql/servers",
    ),
}


@pytest.mark.parametrize(("document", "path"), MISSING.values(), ids=MISSING.keys())
def test_what_is_missing_is_named_by_its_path(document: dict[str, Any], path: str) -> None:
    fault = the_fault(document)
    assert fault.path == path
    assert fault.problem in (
        "it is missing",
        "nothing is watched",
        "there is no place for endpoints",
        "it needs at least one entry",
        "mode manage needs it",
    )
    assert "correct the value" not in fault.remedy


PROFILE = "profiles.default"
WRONG: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "version of another format": (a_document(version=2), "version", "2", "write 1"),
    "version as text": (a_document(version="1"), "version", "1", "write 1"),
    "unknown cloud": (a_document(cloud="Azure"), "cloud", "Azure", "'AzureCloud'"),
    "subscription by name": (a_document(subscriptions=["prod"]), "subscriptions[0]", "prod", "id"),
    "subscription as a number": (a_document(subscriptions=[5]), "subscriptions[0]", "5", "string"),
    "subscriptions as text": (a_document(subscriptions=SUB), "subscriptions", SUB, "[a, b]"),
    "management group by display name": (
        a_document(management_groups=["My Group"]),
        "management_groups[0]",
        "My Group",
        "not the display name",
    ),
    "inherit": (
        a_document(opt_in={"inherit": "group"}),
        "opt_in.inherit",
        "group",
        "'resource_group' or 'none'",
    ),
    "type misspelled": (
        a_document(opt_in={"always": ["Microsoft.Storage/storageAccount"]}),
        "opt_in.always[0]",
        "Microsoft.Storage/storageAccount",
        "did you mean Microsoft.Storage/storageAccounts?",
    ),
    "type without private endpoints": (
        a_document(opt_in={"always": ["zzz"]}),
        "opt_in.always[0]",
        "zzz",
        "see the catalogue",
    ),
    "type of groups misspelled": (
        with_profile(groups={"Microsoft.Sql/server": ["sqlServer"]}),
        f"{PROFILE}.groups.Microsoft.Sql/server",
        "Microsoft.Sql/server",
        "did you mean Microsoft.Sql/servers?",
    ),
    "group that the type lacks": (
        with_profile(groups={"Microsoft.Sql/servers": ["sqlServer", "blob"]}),
        f"{PROFILE}.groups.Microsoft.Sql/servers[1]",
        "blob",
        "known: sqlServer",
    ),
    "group as a number": (
        with_profile(groups={"Microsoft.Sql/servers": [5]}),
        f"{PROFILE}.groups.Microsoft.Sql/servers[0]",
        "5",
        "string",
    ),
    "tag with a forbidden character": (
        a_document(opt_in={"tag": "connect/me"}),
        "opt_in.tag",
        "connect/me",
        "leave out",
    ),
    "tag with a newline": (a_document(opt_in={"tag": "a\nb"}), "opt_in.tag", "a b", "leave out"),
    "tag with a space at its end": (a_document(opt_in={"tag": "a "}), "opt_in.tag", "a", "leave out"),
    "tag with a reserved prefix": (
        a_document(opt_in={"tag": "Azure-connect"}),
        "opt_in.tag",
        "Azure-connect",
        "another name",
    ),
    "tag with another reserved prefix": (
        a_document(opt_in={"tag": "WindowsX"}),
        "opt_in.tag",
        "WindowsX",
        "another name",
    ),
    "tag with the vendor's name": (
        a_document(opt_in={"tag": "microsoft.connect"}),
        "opt_in.tag",
        "microsoft.connect",
        "another name",
    ),
    "cloud that YAML takes for a date": (
        a_document(cloud=date(2024, 1, 2)),
        "cloud",
        "2024-01-02",
        "'AzureCloud'",
    ),
    "empty tag": (a_document(opt_in={"tag": " "}), "opt_in.tag", "", "length"),
    "tag too long for its suffix": (
        a_document(opt_in={"tag": "t" * 122}),
        "opt_in.tag",
        "t" * 79 + "…",
        "length",
    ),
    "region misspelled": (
        with_profile(subnets={"westeurop": [SUBNET]}),
        f"{PROFILE}.subnets.westeurop",
        "westeurop",
        "did you mean westeurope?",
    ),
    "letters of a region swapped": (
        with_profile(subnets={"West Uerope": [SUBNET]}),
        f"{PROFILE}.subnets.West Uerope",
        "West Uerope",
        "did you mean westeurope?",
    ),
    "region that is none": (
        with_profile(subnets={"west-europe!": [SUBNET]}),
        f"{PROFILE}.subnets.west-europe!",
        "west-europe!",
        "such as westeurope",
    ),
    "fallback without subnets": (
        with_profile(fallback_region="northeurope"),
        f"{PROFILE}.fallback_region",
        "northeurope",
        "name one of: westeurope",
    ),
    "network as a subnet": (
        with_profile(subnets={"westeurope": [NETWORK]}),
        f"{PROFILE}.subnets.westeurope[0]",
        NETWORK[:79] + "…",
        "a subnet",
    ),
    "group as a client": (
        with_profile(clients=[GROUP]),
        f"{PROFILE}.clients[0]",
        GROUP[:79] + "…" if len(GROUP) > 80 else GROUP,
        "a virtual network",
    ),
    "client with a placeholder": (
        with_profile(clients=[NETWORK.replace(SUB, "{subscription}")]),
        f"{PROFILE}.clients[0]",
        NETWORK.replace(SUB, "{subscription}")[:79] + "…",
        "from Azure",
    ),
    "id with a query": (
        with_profile(clients=["/subscriptions/x?y"]),
        f"{PROFILE}.clients[0]",
        "/subscriptions/x?y",
        "a virtual network",
    ),
    "group's id as a resource's": (
        with_profile(endpoints_resource_group=NETWORK),
        f"{PROFILE}.endpoints_resource_group",
        NETWORK[:79] + "…",
        "/subscriptions/{id}/resourceGroups/{name}",
    ),
    "group of a placeholder": (
        with_profile(endpoints_resource_group="/subscriptions/x/resourceGroups/y"),
        f"{PROFILE}.endpoints_resource_group",
        "/subscriptions/x/resourceGroups/y",
        "from Azure",
    ),
    "endpoints in another subscription": (
        with_profile(endpoints_resource_group=GROUP.replace(SUB, SUB.replace("1", "2"))),
        f"{PROFILE}.subnets.westeurope[0]",
        SUBNET[:79] + "…",
        "one subscription",
    ),
    "peering": (with_profile(peering=True), f"{PROFILE}.peering", "true", "'ensure', 'require' or 'ignore'"),
    "dns mode": (
        with_profile(dns={"mode": "manual"}),
        f"{PROFILE}.dns.mode",
        "manual",
        "'manage', 'external' or 'none'",
    ),
    "dns as text": (with_profile(dns="none"), f"{PROFILE}.dns", "none", "lines below"),
    "link": (
        with_profile(dns={"mode": "none", "link": "hub"}),
        f"{PROFILE}.dns.link",
        "hub",
        "add it to networks",
    ),
    "boolean as text": (
        with_profile(dns={"mode": "none", "create_zones": "yes"}),
        f"{PROFILE}.dns.create_zones",
        "yes",
        "true or false",
    ),
    "a denial where nobody looks": (
        with_profile(nsg={"default_deny": True}),
        f"{PROFILE}.nsg.default_deny",
        "true",
        "nsg.mode to ensure or require",
    ),
    "a group where nobody looks": (
        with_profile(nsg={"create_group": True}),
        f"{PROFILE}.nsg.create_group",
        "true",
        "nsg.mode to ensure",
    ),
    "a group where nothing is written": (
        with_profile(nsg={"mode": "require", "create_group": True}),
        f"{PROFILE}.nsg.create_group",
        "true",
        "nsg.mode to ensure",
    ),
    "a group by a word": (
        with_profile(nsg={"mode": "ensure", "create_group": "yes"}),
        f"{PROFILE}.nsg.create_group",
        "yes",
        "true or false",
    ),
    "a group by a mode that is none": (
        with_profile(nsg={"mode": "enforce", "create_group": True}),
        f"{PROFILE}.nsg.mode",
        "enforce",
        "'ensure', 'require' or 'ignore'",
    ),
    "priorities below the range": (
        with_profile(nsg={"priorities": [99, 200]}),
        f"{PROFILE}.nsg.priorities",
        "a list",
        "within",
    ),
    "priorities above the range": (
        with_profile(nsg={"priorities": [100, 4097]}),
        f"{PROFILE}.nsg.priorities",
        "a list",
        "within",
    ),
    "priorities reversed": (
        with_profile(nsg={"priorities": [200, 100]}),
        f"{PROFILE}.nsg.priorities",
        "a list",
        "[100, 200]",
    ),
    "three priorities": (
        with_profile(nsg={"priorities": [100, 200, 300]}),
        f"{PROFILE}.nsg.priorities",
        "a list",
        "two numbers",
    ),
    "priorities that are no numbers": (
        with_profile(nsg={"priorities": [True, 200]}),
        f"{PROFILE}.nsg.priorities",
        "a list",
        "two numbers",
    ),
    "approval": (with_profile(approval="manual"), f"{PROFILE}.approval", "manual", "request"),
    "approval as a boolean": (with_profile(approval=True), f"{PROFILE}.approval", "true", "string"),
    "approval with a message too long": (
        with_profile(approval=f'request ("{"m" * 141}")'),
        f"{PROFILE}.approval",
        'request ("' + "m" * 69 + "…",
        "shorten",
    ),
    "public access": (
        with_profile(public_access="enable"),
        f"{PROFILE}.public_access",
        "enable",
        "'leave' or 'disable'",
    ),
    "on opt out": (
        with_profile(on_opt_out="delete"),
        f"{PROFILE}.on_opt_out",
        "delete",
        "'keep' or 'remove'",
    ),
    "schedule of five fields": (
        a_document(drift={"schedule": "*/15 * * * *"}),
        "drift.schedule",
        "*/15 * * * *",
        "0 */15 * * * *",
    ),
    "schedule at 25 o'clock": (
        a_document(drift={"schedule": "0 0 25 * * *"}),
        "drift.schedule",
        "0 0 25 * * *",
        "0 */15 * * * *",
    ),
    "repair": (a_document(drift={"repair": 1}), "drift.repair", "1", "true or false"),
    "negative limit": (
        a_document(limits={"max_deletes_per_sweep": -1}),
        "limits.max_deletes_per_sweep",
        "-1",
        "at least 0",
    ),
    "no endpoints": (
        a_document(limits={"max_endpoints_per_subnet": 0}),
        "limits.max_endpoints_per_subnet",
        "0",
        "at least 1",
    ),
    "more endpoints than Azure takes": (
        a_document(limits={"max_endpoints_per_subnet": 5001}),
        "limits.max_endpoints_per_subnet",
        "5001",
        "at most 5000",
    ),
    "limit as text": (
        a_document(limits={"creations_per_hour": "500"}),
        "limits.creations_per_hour",
        "500",
        "in digits",
    ),
    "unknown key": (a_document(profile={}), "profile", "a mapping", "did you mean profiles?"),
    "unknown key in a profile": (
        with_profile(client=[]),
        f"{PROFILE}.client",
        "a list",
        "did you mean clients?",
    ),
    "unknown key in dns": (
        with_profile(dns={"mode": "none", "zone_resource_group": ZONES}),
        f"{PROFILE}.dns.zone_resource_group",
        ZONES,
        "did you mean zones_resource_group?",
    ),
    "unknown key in nsg": (
        with_profile(nsg={"defaultdeny": True}),
        f"{PROFILE}.nsg.defaultdeny",
        "true",
        "did you mean default_deny?",
    ),
    "unknown key in opt_in": (a_document(opt_in={"tags": "x"}), "opt_in.tags", "x", "did you mean tag?"),
    "unknown key in drift": (
        a_document(drift={"cron": 1.5}),
        "drift.cron",
        "1.5",
        "known: schedule, repair",
    ),
    "unknown key in limits": (
        a_document(limits={"creations": None}),
        "limits.creations",
        "null",
        "did you mean creations_per_hour?",
    ),
    "profile named enabled": (
        a_document(profiles={"default": a_profile(), "Enabled": a_profile()}),
        "profiles.Enabled",
        "Enabled",
        "another name",
    ),
    "profile named disabled": (
        a_document(profiles={"default": a_profile(), "disabled": a_profile()}),
        "profiles.disabled",
        "disabled",
        "another name",
    ),
    "profile that no tag could name": (
        a_document(profiles={"default": a_profile(), "a b": a_profile()}),
        "profiles.a b",
        "a b",
        "letters",
    ),
    "profile as text": (
        a_document(profiles={"default": a_profile(), "x": "default"}),
        "profiles.x",
        "default",
        "lines below",
    ),
    "profiles as a list": (a_document(profiles=[a_profile()]), "profiles", "a list", "lines below"),
}


@pytest.mark.parametrize(("document", "path", "value", "remedy"), WRONG.values(), ids=WRONG.keys())
def test_a_fault_has_its_path_its_value_and_a_remedy(
    document: dict[str, Any], path: str, value: str, remedy: str
) -> None:
    fault = the_fault(document)
    assert (fault.path, fault.value) == (path, value)
    assert remedy in fault.remedy
    assert "correct the value" not in fault.remedy  # every kind of fault has its own text


def test_a_fallback_without_any_subnet_asks_for_subnets() -> None:
    found = faults(with_profile(subnets={}, fallback_region="westeurope"))
    assert [(fault.path, fault.remedy) for fault in found] == [
        (f"{PROFILE}.fallback_region", "list subnets for it"),
        (f"{PROFILE}.subnets", "list subnets by region, or say with find where to look for one"),
    ]


def test_a_region_in_two_spellings_is_a_fault_and_loses_no_list() -> None:
    other = SUBNET.replace("endpoints", "more")
    fault = the_fault(with_profile(subnets={"westeurope": [SUBNET], "West Europe": [other]}))
    assert fault.path == "profiles.default.subnets.westeurope"
    assert "twice" in fault.problem


def test_a_duplicate_key_is_a_fault_with_both_lines() -> None:
    fault = the_fault("version: 1\n" + yaml.safe_dump(a_document()))
    last = len(yaml.safe_dump(a_document()).splitlines()) + 1
    assert (fault.path, fault.value) == ("version", "")
    assert fault.problem == f"the key is duplicated, in lines 1 and {last}"


def test_a_duplicate_deep_inside_is_named_by_its_path() -> None:
    doubled = f"[{{link: clients, mode: none, mode: none}}, {SUBNET}]"
    text = yaml.safe_dump(a_document()) + f"extra: {doubled}\n"
    assert "extra[0].mode" in [fault.path for fault in faults(text)]


def test_the_same_key_in_two_mappings_is_no_duplicate() -> None:
    assert set(parse(a_document(profiles={"default": a_profile(), "b": a_profile()})).profiles) == {
        "default",
        "b",
    }


UNREADABLE = {
    "nothing": ("", "policy"),
    "a list": ("- a\n- b\n", "policy"),
    "a word": ("hello", "policy"),
    "an open bracket": ("version: [1\nfoo: bar", "line 2, column 4"),
    "a tab": ("version:\n\t- 1", "line 2, column 1"),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2, column 1"),
    "an unknown tag": ("a: !!python/object:os.system {}", "line 1, column 4"),
    "a mapping as a key": ("? {a: b}\n: c", "line 1, column 3"),
    "a day that is none": ("a: 2024-13-45", "policy"),
    "a forced date": ("a: !!timestamp x", "policy"),
    "a forced number": ('a: !!int ""', "policy"),
    "a control character": ("a: \x00", "policy"),
    "brackets without end": ("[" * 5000, "policy"),
    "a book": ("a: " + "x" * 1_000_001, "policy"),
}


@pytest.mark.parametrize(("text", "path"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_text_that_is_no_policy_is_one_fault_with_its_position(text: str, path: str) -> None:
    fault = the_fault(text)
    assert fault.path == path
    assert fault.problem
    assert fault.remedy
    assert len(fault.problem) <= 120


def test_an_empty_policy_is_a_fault_with_a_remedy() -> None:
    assert the_fault("# nothing yet\n") == Fault(
        "policy", "", "it is not a mapping", "begin with `version: 1`"
    )


def test_an_anchor_inside_itself_is_a_fault() -> None:
    assert "a" in [fault.path for fault in faults("a: &a [*a]\n")]


def bomb(first: str, next_one: str) -> str:
    """Anchors, each of which names the one before twelve times: 12 to the power of 5 values."""
    lines = [f"a0: &a0 {first}"]
    for level in range(1, 6):
        lines.append(f"a{level}: &a{level} " + next_one.format(", ".join([f"*a{level - 1}"] * 12)))
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb("{k: 1, l: 1, m: 1}", "{{<<: [{}]}}"),
        bomb("[1, 2, 3]", "[{}]"),
        "a: " + ":".join(["1"] + ["10"] * 100_000),
        "a: 0b" + "1" * 100_000,
        "a: " + "1" * 100_000,
    ],
    ids=["merge keys", "aliases", "base 60", "base 2", "digits"],
)
def test_a_short_policy_that_means_much_is_one_fault_in_little_time(text: str) -> None:
    began = time.process_time()
    fault = the_fault(text)
    assert time.process_time() - began < 1.0
    assert fault.path == "policy"
    assert fault.remedy


def test_what_a_fault_repeats_is_cleaned() -> None:
    fault = the_fault(a_document(cloud="Azure\x1b[2J\nCloud" + "x" * 1000))
    assert fault.value.startswith("Azure [2J Cloudxxx")
    assert len(fault.value) == 80
    found = faults(a_document(**{"bad\nkey" + "x" * 1000: 1}))
    assert found[0].path.startswith("bad keyxxx")
    assert len(found[0].path) <= 80


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def damaged(document: Any, path: list[str], value: object) -> Any:
    """The document with another value somewhere inside."""
    if not path or not isinstance(document, dict) or path[0] not in document:
        return value
    return {**document, path[0]: damaged(document[path[0]], path[1:], value)}


FULL = with_profile(
    fallback_region="westeurope", groups={"Microsoft.Sql/servers": ["sqlServer"]}, clients=[NETWORK]
)
PATHS = [
    ["version"],
    ["subscriptions"],
    ["profiles"],
    ["profiles", "default"],
    *(["profiles", "default", key] for key in FULL["profiles"]["default"]),
    ["profiles", "default", "subnets", "westeurope"],
    ["profiles", "default", "groups", "Microsoft.Sql/servers"],
]


@given(st.sampled_from(PATHS), JSON)
def test_a_damaged_policy_is_a_policy_or_a_list_of_faults(path: list[str], value: object) -> None:
    try:
        found: object = parse(damaged(FULL, path, value))
    except PolicyError as refused:
        found = refused.faults
        assert all(fault.path and fault.problem and fault.remedy for fault in refused.faults)  # noqa: PT017
    assert found


@given(st.text(max_size=60))
def test_any_text_is_a_policy_or_a_list_of_faults(text: str) -> None:
    assert faults(text)


# Harm outside the path

MONITOR = "Microsoft.Insights/privateLinkScopes"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
MANAGED = {"mode": "manage", "zones_resource_group": ZONES}


def test_what_may_lose_access_is_a_sub_resource_or_a_kind_of_user() -> None:
    names = ["queue", "Firewall Rules", "service endpoints", "pending endpoints", "trusted services"]
    policy = parse(with_profile(public_access="disable", may_lose_access={ACCOUNTS: names}))
    assert policy.profiles["default"].may_lose_access == {ACCOUNTS: tuple(names)}
    fault = the_fault(with_profile(public_access="disable", may_lose_access={ACCOUNTS: ["queues"]}))
    assert (fault.path, fault.value) == (f"profiles.default.may_lose_access.{ACCOUNTS}[0]", "queues")
    assert "queue" in fault.remedy
    assert "firewall rules" in fault.remedy


def test_nothing_may_lose_access_where_public_access_is_left() -> None:
    fault = the_fault(with_profile(may_lose_access={ACCOUNTS: ["queue"]}))
    assert fault.path == "profiles.default.may_lose_access"


def test_shared_names_are_those_of_types_whose_zones_answer_for_others() -> None:
    policy = parse(with_profile(dns={**MANAGED, "shared_names": [MONITOR]}))
    assert policy.profiles["default"].dns.shared_names == (MONITOR,)
    fault = the_fault(with_profile(dns={**MANAGED, "shared_names": [ACCOUNTS]}))
    assert (fault.path, fault.value) == ("profiles.default.dns.shared_names[0]", ACCOUNTS)


@pytest.mark.parametrize("mode", ["external", "none"])
def test_shared_names_have_an_effect_only_where_zones_are_linked(mode: str) -> None:
    fault = the_fault(with_profile(dns={"mode": mode, "shared_names": [MONITOR]}))
    assert fault.path == "profiles.default.dns.shared_names[0]"


def test_an_own_resource_is_the_id_of_any_resource() -> None:
    at = f"{ZONES}/providers/Microsoft.Storage/storageAccounts/mine"
    assert parse(a_document(opt_in={"own_resources": [at]})).opt_in.own_resources == (ResourceId.parse(at),)
    for wrong in ("mine", ZONES, 7):
        assert the_fault(a_document(opt_in={"own_resources": [wrong]})).path == "opt_in.own_resources[0]"


# The sample and the schema


def test_the_sample_is_a_policy_without_faults() -> None:
    policy = Policy.parse(SAMPLE.read_text(encoding="utf-8"))
    assert set(policy.profiles) == {"default", "data"}
    assert set(policy.opt_in.always) == {"Microsoft.Storage/storageAccounts", "Microsoft.Sql/servers"}
    assert policy.profiles["data"].groups == {"Microsoft.Storage/storageAccounts": ("blob", "file")}
    assert {network.name for network in policy.profiles["default"].clients} == {"spoke-a", "spoke-b"}


def test_the_schema_in_the_repository_is_the_one_that_the_models_make() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema(), (
        "run: python -m shared.core.policy.policy > connectivity.schema.json"
    )


def test_the_command_that_writes_the_schema_writes_the_file_as_it_is() -> None:
    written = subprocess.run(
        [sys.executable, "-m", "shared.core.policy.policy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert written.stdout == SCHEMA.read_text(encoding="utf-8")


def test_every_key_of_the_schema_is_described() -> None:
    parts = json_schema()["$defs"]
    for model in (json_schema(), *parts.values()):
        for name, field in model.get("properties", {}).items():
            part = parts.get(field.get("$ref", "").rpartition("/")[2], {})
            assert field.get("description") or part.get("description"), f"{model['title']}.{name}"


def test_the_schema_accepts_the_sample() -> None:
    assert schema_violations(yaml.safe_load(SAMPLE.read_text(encoding="utf-8")), json_schema()) == []


def test_the_schema_completes_every_catalogued_type() -> None:
    offered, any_case = json_schema()["$defs"]["TypeName"]["anyOf"]
    assert set(offered["enum"]) == load().types
    assert re.search(any_case["pattern"], "microsoft.storage/STORAGEACCOUNTS")


SEEN_BY_AN_EDITOR = {
    "unknown key": a_document(profile={}),
    "missing profiles": {"version": 1},
    "another version": a_document(version=2),
    "a wrong choice": a_document(cloud="Azure"),
    "a subscription by name": a_document(subscriptions=["prod"]),
    "a regular expression": a_document(exclude=[{"name": "^a$"}]),
    "no pattern": a_document(exclude=[{"name": []}]),
    "a network as a subnet": with_profile(subnets={"westeurope": [NETWORK]}),
    "no subnet": with_profile(subnets={"westeurope": []}),
    "a region of no letters": with_profile(subnets={"west-europe": [SUBNET]}),
    "a priority too high": with_profile(nsg={"priorities": [1, 2]}),
    "three priorities": with_profile(nsg={"priorities": [100, 101, 102]}),
    "a number as text": a_document(limits={"creations_per_hour": "1"}),
    "a negative number": a_document(limits={"creations_per_hour": -1}),
    "a schedule too short": a_document(drift={"schedule": "* * * * *"}),
    "approval": with_profile(approval="manual"),
}


@pytest.mark.parametrize("document", SEEN_BY_AN_EDITOR.values(), ids=SEEN_BY_AN_EDITOR.keys())
def test_an_editor_sees_by_the_schema_what_the_app_would_refuse(document: dict[str, Any]) -> None:
    assert schema_violations(document, json_schema())
    assert faults(document)


@pytest.mark.parametrize(
    "misspelt",
    [
        "exclude: [{resource_grup: rg-legacy}]",
        "rules: [{name: one, match: {naem: a}, profile: default}, {name: two, profile: default}]",
        "rules: [{name: one, mathc: {name: a}, profile: default}, {name: two, profile: default}]",
    ],
)
def test_nothing_follows_from_a_selector_with_a_misspelt_field(misspelt: str) -> None:
    rules = "" if misspelt.startswith("rules") else "rules: [{name: two, profile: default}]\n"
    text = (
        "version: 1\nsubscriptions: [00000000-0000-0000-0000-000000000001]\n"
        "opt_in: {tag_may_choose: []}\nprofiles: {default: {clients: [], subnets: {}, dns: {mode: none}}}\n"
    )
    found = check(f"{text}{rules}{misspelt}\n")
    said = [one.problem for one in (*found.faults, *found.warnings)]
    assert len([one for one in said if "unknown key" in one]) == 1
    assert not [one for one in said if "never reached" in one or "leaves out" in one]
