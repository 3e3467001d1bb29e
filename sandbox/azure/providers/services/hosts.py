"""Types that are created at once and of which only the host name is simulated. Source: docs/azure/targets.md,
TGT-23. Disk accesses, which have none, are here too (docs/azure/long-running-operations.md, LRO-16)."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.private_link import link_services
from sandbox.azure.providers.services.making import Making, kept


def environment(call: Call, apps: Resource) -> Json:
    """A Container Apps environment is open by default (docs/azure/targets.md, TGT-51); an internal one has no
    public address.
    """
    internal = (apps.properties.get("vnetConfiguration") or {}).get("internal") is True
    return {
        "publicNetworkAccess": apps.properties.get("publicNetworkAccess")
        or ("Disabled" if internal else "Enabled")
    }


def managed_instance(call: Call, instance: Resource) -> Json:
    """The DNS zone has a part that is made up."""
    prefix = link_services.variables(instance)["prefix"]
    host = f"{instance.name.lower()}.{prefix}.database.windows.net"
    return {"dnsZone": prefix, "fullyQualifiedDomainName": host}


def static_site(call: Call, site: Resource) -> Json:
    """The host name has the partition that the site is in."""
    values = link_services.variables(site)
    return {"defaultHostname": f"{values['name']}.{values['partition']}.azurestaticapps.net"}


def redis_enterprise(call: Call, cache: Resource) -> Json:
    """The host name is that of its one group."""
    [group] = link_services.groups(cache)
    return {"hostName": group.members[0].names[0].fqdn}


def web_site(call: Call, site: Resource) -> Json:
    """A site runs at once."""
    return {"defaultHostName": f"{site.name.lower()}.azurewebsites.net", "state": "Running"}


def disk_access(call: Call, access: Resource) -> Json:
    """When it was made."""
    return {"timeCreated": kept(call, "timeCreated", call.world.timestamp())}


def without_properties(shown: Json) -> Json:
    """The accepting answer of a disk access has no properties."""
    shown.pop("properties", None)
    return shown


DISK_ACCESS = Making(
    status=202,
    duration="networkSecurityGroups/write",
    style=Style.DISKS,
    properties=disk_access,
    early=without_properties,
    deleting=Style.DISKS,
)
