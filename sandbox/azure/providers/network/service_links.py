"""Service association links: a service's mark on its subnet, which keeps the subnet's delegation.

Source: docs/azure/virtual-networks.md, VNET-19.
"""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource
from sandbox.azure.kernel.world import World


def attach(world: World, subnet: Resource, holder: ArmId, name: str, service: str) -> None:
    """Note that `holder` of a service uses the subnet, and delegate the subnet to the service."""
    subnet.private["service link"] = {"name": name, "service": service}
    held: dict[str, None] = subnet.private.setdefault("link holders", {})
    held[holder.text] = None
    delegations = subnet.properties.setdefault("delegations", [])
    if not delegations:
        shown = service.replace("/", ".")
        delegations.append(
            {
                "name": shown,
                "id": f"{subnet.id.text}/delegations/{shown}",
                "properties": {
                    "provisioningState": "Succeeded",
                    "serviceName": service,
                    "actions": ["Microsoft.Network/virtualNetworks/subnets/join/action"],
                },
                "type": f"{subnet.id.type}/delegations",
            }
        )
        world.touch(subnet)


def detach(subnet: Resource, holder: ArmId) -> None:
    """Remove a user; the link goes with the last one, the delegation stays."""
    held: dict[str, None] = subnet.private.get("link holders", {})
    held.pop(holder.text, None)
    if not held:
        subnet.private.pop("service link", None)


def holders(subnet: Resource) -> list[str]:
    """Ids of what uses the subnet by way of the link."""
    return list(subnet.private.get("link holders", {}))


def shown(subnet: Resource) -> list[Json]:
    """The links as the subnet shows them."""
    link = subnet.private.get("service link")
    if link is None:
        return []
    return [
        {
            "name": link["name"],
            "id": _id(subnet, link),
            "etag": subnet.etag,
            "type": f"{subnet.id.type}/serviceAssociationLinks",
            "properties": {
                "provisioningState": "Succeeded",
                "linkedResourceType": link["service"],
                "allowDelete": False,
                "locations": [],
            },
        }
    ]


def refuse_deletion(subnet: Resource) -> None:
    """Raise 400 InUseSubnetCannotBeDeleted while a service uses the subnet."""
    link = subnet.private.get("service link")
    if link is not None:
        raise ArmError(
            400,
            "InUseSubnetCannotBeDeleted",
            f"Subnet {subnet.name} is in use by {_id(subnet, link)} and cannot be deleted. In order to "
            "delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
            details=[],
        )


def refuse_undelegated(subnet: Resource, properties: Json) -> None:
    """Raise 400 SubnetMissingRequiredDelegation for a write without the delegation that the link needs."""
    link = subnet.private.get("service link")
    if link is None:
        return
    given = [
        str((one.get("properties") or {}).get("serviceName")) for one in properties.get("delegations") or []
    ]
    if link["service"].lower() in [one.lower() for one in given]:
        return
    raise ArmError(
        400,
        "SubnetMissingRequiredDelegation",
        f"Subnet {subnet.id.text} requires any of the following delegation(s) [{link['service']}] to "
        f"reference service association link {_id(subnet, link)}.",
        details=[],
    )


def _id(subnet: Resource, link: Json) -> str:
    return f"{subnet.id.text}/serviceAssociationLinks/{link['name']}"
