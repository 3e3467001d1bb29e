"""What permissions allow, and the commands that grant what lacks."""

import json
import shlex

import pytest

from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.rights import NOBODY, Right, allows, grants, principal_in

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/dns"
ZONE = ResourceId.parse(f"{GROUP}/providers/Microsoft.Network/privateDnsZones/z")
OTHER = ResourceId.parse(ZONE.text.replace("/dns/", "/network/"))
JOIN = "Microsoft.Network/privateDnsZones/join/action"


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        ([], False),
        ([{"actions": ["*"]}], True),
        ([{"actions": ["*/read"]}], False),
        ([{"actions": ["microsoft.network/PRIVATEDNSZONES/*"]}], True),
        ([{"actions": ["*"], "notActions": ["Microsoft.Network/*"]}], False),
        ([{"actions": ["*"], "notActions": [JOIN]}, {"actions": [JOIN]}], True),
        ([{"actions": None, "notActions": None}], False),
    ],
)
def test_permissions_add_up_and_take_out_only_of_themselves(permissions: list[dict], allowed: bool) -> None:
    assert allows(permissions, JOIN) is allowed


def test_zones_are_granted_by_the_role_for_zones() -> None:
    text = grants([Right(JOIN, ZONE), Right("Microsoft.Network/privateDnsZones/write", ZONE)])
    assert text.startswith("az role assignment create ")
    assert "'Private DNS Zone Contributor'" in text
    assert f"--scope '{GROUP}'" in text
    assert text.count("az role") == 1


def test_other_rights_are_granted_by_a_role_of_just_these() -> None:
    actions = ["Microsoft.Network/privateEndpoints/write", "Microsoft.Network/virtualNetworks/peer/action"]
    words = shlex.split(grants([Right(action, OTHER) for action in actions]))
    role = json.loads(words[words.index("--role-definition") + 1])
    assert role["Actions"] == actions
    assert role["AssignableScopes"] == [OTHER.group.text]
    assert words[words.index("--role") + 1] == role["Name"]


def test_a_quote_in_a_name_ends_no_word_of_the_command() -> None:
    at = GroupId.parse(GROUP.replace("dns", "team's")).resource("Microsoft.Network/privateEndpoints", "one")
    words = shlex.split(grants([Right("Microsoft.Network/privateEndpoints/write", at)]))
    assert words[words.index("--scope") + 1] == at.group.text
    assert json.loads(words[words.index("--role-definition") + 1])["AssignableScopes"] == [at.group.text]


def test_each_resource_group_gets_its_own_assignment() -> None:
    text = grants([Right(JOIN, ZONE), Right(JOIN, OTHER)], "p")
    assert text.count("az role assignment create --assignee-object-id p ") == 2


def test_an_action_that_lacks_twice_is_granted_once() -> None:
    write = "Microsoft.Network/privateEndpoints/write"
    text = grants([Right(write, OTHER), Right(write.upper(), OTHER)])
    assert text.lower().count(write.lower()) == 1


def test_the_principal_is_the_object_id_that_azure_names() -> None:
    guid = "12345678-1234-1234-1234-123456789012"
    assert principal_in(f"The client 'c' with object id '{guid}' does not") == guid
    assert principal_in("The client 'c' does not") == NOBODY
