"""Bodies from which a person can create deleted objects again."""

from datetime import UTC, datetime
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.written import recreation
from shared.core.kinds.endpoint import Endpoint
from shared.core.plan.actions import Delete, Keep, Replace, Withdraw
from shared.core.plan.deletion_record import DeletionRecord, deletions
from shared.core.plan.plan import removal
from tests.builders import bodies

AT = bodies.HUB.group.resource("Microsoft.Network/privateEndpoints", "pe")
ASG = bodies.HUB.group.resource("Microsoft.Network/applicationSecurityGroups", "asg").text
RULE = bodies.HUB.group.resource("Microsoft.Network/networkSecurityGroups/securityRules", "nsg", "rule")


def recorded_endpoint(**properties: Any) -> Seen:
    """An endpoint with all that a GET shows (recorded members)."""
    connection = {
        "name": "c",
        "id": f"{AT.text}/privateLinkServiceConnections/c",
        "etag": 'W/"1"',
        "type": "Microsoft.Network/privateEndpoints/privateLinkServiceConnections",
        "properties": {
            "provisioningState": "Succeeded",
            "privateLinkServiceId": bodies.ACCOUNT.text,
            "groupIds": ["blob"],
            "requestMessage": "please",
            "privateLinkServiceConnectionState": {"status": "Approved", "description": "Auto-Approved"},
        },
    }
    static = {
        "name": "fixed",
        "id": f"{AT.text}/ipConfigurations/fixed",
        "properties": {"provisioningState": "Succeeded", "groupId": "blob", "privateIPAddress": "10.0.1.9"},
    }
    body = {
        "id": AT.text,
        "name": "pe",
        "type": AT.type,
        "etag": 'W/"1"',
        "location": "westeurope",
        "tags": {"managed-by": "causeway", "etag": "mine"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": "g",
            "subnet": {"id": bodies.SUBNET.text},
            "networkInterfaces": [{"id": "nic"}],
            "customDnsConfigs": [{"fqdn": "x", "ipAddresses": ["10.0.1.9"]}],
            "privateLinkServiceConnections": [connection],
            "ipConfigurations": [static],
            "applicationSecurityGroups": [{"id": ASG}],
            "somethingNew": {"kept": True},
            **properties,
        },
    }
    return Seen(AT, body)


def test_a_body_keeps_all_that_a_put_takes_and_nothing_that_azure_only_reports() -> None:
    assert recreation(recorded_endpoint()) == {
        "location": "westeurope",
        "tags": {"managed-by": "causeway", "etag": "mine"},
        "properties": {
            "subnet": {"id": bodies.SUBNET.text},
            "privateLinkServiceConnections": [
                {
                    "name": "c",
                    "properties": {
                        "privateLinkServiceId": bodies.ACCOUNT.text,
                        "groupIds": ["blob"],
                        "requestMessage": "please",
                    },
                }
            ],
            "ipConfigurations": [
                {"name": "fixed", "properties": {"groupId": "blob", "privateIPAddress": "10.0.1.9"}}
            ],
            "applicationSecurityGroups": [{"id": ASG}],
            "somethingNew": {"kept": True},
        },
    }


def test_a_zone_group_keeps_its_configs_without_the_records() -> None:
    found = recreation(bodies.zone_group(AT.child("privateDnsZoneGroups", "g"), "10.0.1.4"))
    config = {"name": "config", "properties": {"privateDnsZoneId": bodies.ZONE.text}}
    assert found == {"properties": {"privateDnsZoneConfigs": [config]}}


def test_only_deletions_are_recorded_parents_first_and_with_the_addresses_withdrawn() -> None:
    group = bodies.zone_group(AT.child("privateDnsZoneGroups", "g"))
    endpoint = Endpoint(AT, "westeurope", bodies.SUBNET, bodies.ACCOUNT, "blob")
    rule = Seen(RULE, {"id": RULE.text, "properties": {"priority": 1000}})
    assert RULE.parent is not None
    found = deletions(
        [
            Keep(AT, AT, "meets the need"),
            Withdraw(rule, RULE.parent.key, ("10.0.1.4",), "gone"),
            Delete(bodies.endpoint(AT), "gone", (group,)),
            Replace(endpoint, bodies.endpoint(AT), "broken"),
        ]
    )
    assert [(one.action, one.id) for one in found] == [
        ("Withdraw", RULE),
        ("Delete", AT),
        ("Delete", group.id),
        ("Replace", AT),
    ]
    assert found[0].record() == {
        "action": "Withdraw",
        "id": RULE.text,
        "reason": "gone",
        "addresses": ["10.0.1.4"],
        "body": {"properties": {"priority": 1000}},
    }


def test_removal_records_what_is_deleted_below_a_managed_endpoint_and_below_no_other() -> None:
    other = ResourceId.parse(AT.text.replace("/pe", "/by-hand", 1))
    foreign = bodies.zone_group(AT.child("privateDnsZoneGroups", "foreign"))
    elsewhere = bodies.zone_group(other.child("privateDnsZoneGroups", "foreign"))
    owned = (bodies.endpoint(AT), bodies.endpoint(other, managed=False))
    [step, kept] = removal(owned, bodies.ACCOUNT, "gone", (foreign, elsewhere)).actions
    assert isinstance(step, Delete)
    assert step.along == (foreign,)
    assert isinstance(kept, Keep)


def test_an_entry_names_each_reason_once() -> None:
    steps = [Delete(bodies.endpoint(AT), "gone"), Delete(bodies.endpoint(AT), "gone")]
    entry = DeletionRecord(
        bodies.ACCOUNT, datetime(2026, 1, 1, tzinfo=UTC), "default", deletions(steps)
    ).record()
    assert (entry["result"], entry["reason"], len(entry["deletions"])) == ("Removing", "gone", 2)
    assert entry["resource_id"] == bodies.ACCOUNT.text
