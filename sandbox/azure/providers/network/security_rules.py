"""Checks of security rules, and the default rules of every group.

Sources: docs/azure/network-security.md, NSG-05 and NSG-07 to NSG-10;
hashicorp/terraform-provider-azurerm#1530 (port range text);
Azure/azure-powershell#4557 (address prefix with host bits is refused);
gardener/gardener-extension-provider-azure#397 (one rule with prefixes of both IP versions is refused).
"""

from __future__ import annotations

import ipaddress
import re

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json

MOST_RULES = 1000  # source: docs/azure/limits.md, LIM-06
LONGEST_DESCRIPTION = 140  # source: docs/azure/network-security.md, NSG-15
PROTOCOLS = {"tcp": "Tcp", "udp": "Udp", "icmp": "Icmp", "esp": "Esp", "ah": "Ah", "*": "*"}
SIDES = ("sourceAddressPrefix", "destinationAddressPrefix", "sourcePortRange", "destinationPortRange")
PLURALS = {
    "sourcePortRange": "sourcePortRanges",
    "destinationPortRange": "destinationPortRanges",
    "sourceAddressPrefix": "sourceAddressPrefixes",
    "destinationAddressPrefix": "destinationAddressPrefixes",
}
GROUPS = ("sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups")
SERVICE_TAG = re.compile(r"^[A-Za-z][A-Za-z0-9.]*$")


def checked(id: ArmId, given: Json) -> Json:
    """A rule's properties as they are stored and shown.

    The four plural arrays are always there, the singular of one is left out when its plural is used (source:
    docs/azure/network-security.md, NSG-05). Raises 400 for what is missing or malformed.
    """
    rule: Json = {}
    if given.get("description"):
        rule["description"] = _description(id, str(given["description"]))
    rule["protocol"] = _one_of(id, "protocol", given.get("protocol"), PROTOCOLS)
    for singular in (
        "sourcePortRange",
        "destinationPortRange",
        "sourceAddressPrefix",
        "destinationAddressPrefix",
    ):
        if not given.get(PLURALS[singular]) and given.get(singular) is not None:
            rule[singular] = str(given[singular])
    rule["access"] = _one_of(id, "access", given.get("access"), {"allow": "Allow", "deny": "Deny"})
    rule["priority"] = _priority(given.get("priority"))
    directions = {"inbound": "Inbound", "outbound": "Outbound"}
    rule["direction"] = _one_of(id, "direction", given.get("direction"), directions)
    for plural in PLURALS.values():
        rule[plural] = [str(one) for one in given.get(plural) or []]
    for side in GROUPS:
        if given.get(side):
            rule[side] = [{"id": one.get("id")} for one in given[side]]
    _check_sides(id, rule)
    _check_families(id, rule)
    return rule


def groups_of(rule: Json) -> list[Json]:
    """The application security groups that a rule names, on both sides."""
    return [one for side in GROUPS for one in rule.get(side) or []]


def refuse_conflict(id: ArmId, rule: Json, others: dict[ArmId, Json]) -> None:
    """Raise 400 SecurityRuleConflict for a priority already taken in the same direction, or a default rule's
    name (source: docs/azure/network-security.md, NSG-07).
    """
    if id.name.lower() in {name.lower() for name in DEFAULTS}:
        raise _conflict(id.name, id.name)
    for other, body in others.items():
        if (body["priority"], body["direction"]) == (rule["priority"], rule["direction"]):
            raise _conflict(id.name, other.name)


def too_many(group: ArmId) -> ArmError:
    """The limit of rules in a group; its code is assumed (docs/azure/limits.md, LIM-06)."""
    return ArmError(
        400,
        "SecurityRulesLimitReached",
        f"Network security group {group.text} cannot have more than {MOST_RULES} security rules.",
        details=[],
    )


def _conflict(name: str, other: str) -> ArmError:
    return ArmError(
        400,
        "SecurityRuleConflict",
        f"Security rule {name} conflicts with rule {other}. Rules cannot have the same Priority and "
        "Direction. To learn more, see aka.ms/nsgrules.",
        details=[],
    )


def _description(id: ArmId, text: str) -> str:
    """The limit is documented, the code is assumed (docs/azure/network-security.md, NSG-15)."""
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    raise ArmError(
        400,
        "InvalidRequestFormat",
        f"Security rule {id.text} has a description of {len(text)} characters. At most {LONGEST_DESCRIPTION} "
        "are allowed.",
        details=[],
    )


def _one_of(id: ArmId, field: str, value: object, allowed: dict[str, str]) -> str:
    found = allowed.get(str(value).lower())
    if found is None:
        raise ArmError(
            400,
            "InvalidRequestFormat",
            f"Cannot parse the request: security rule {id.text} has {field} '{value}'.",
            details=[],
        )
    return found


def _priority(value: object) -> int:
    if not isinstance(value, int) or not 100 <= value <= 4096:
        raise ArmError(
            400,
            "SecurityRuleInvalidPriority",
            f"Security rule has invalid Priority. Value provided: {value} Allowed range 100-4096.",
            details=[],
        )
    return value


def _check_sides(id: ArmId, rule: Json) -> None:
    for singular in SIDES:
        _check_list(id, rule, singular)
        values = rule[PLURALS[singular]] or [rule.get(singular)]
        for value in values:
            if value is None and rule.get(singular.replace("AddressPrefix", "ApplicationSecurityGroups")):
                continue
            if singular.endswith("PortRange"):
                _check_port(value)
            else:
                _check_prefix(id, value)


def _check_list(id: ArmId, rule: Json, singular: str) -> None:
    """A list of addresses has no tags; a side has addresses or groups (source: NSG-18 and NSG-19)."""
    plural = rule[PLURALS[singular]]
    tags = [one for one in plural if one == "*" or SERVICE_TAG.match(one)]
    if tags and not singular.endswith("PortRange"):
        name = singular[0].upper() + singular[1:]
        raise ArmError(
            400,
            "SecurityRuleParameterContainsUnsupportedValue",
            f"Security rule parameter {name} for rule with Id {id.text} cannot specify existing "
            "VIRTUALNETWORK, INTERNET, AZURELOADBALANCER, '*' or system tags. Unsupported value used: "
            f"{tags[0]}.",
            details=[],
        )
    groups = rule.get(singular.replace("AddressPrefix", "ApplicationSecurityGroups"))
    if singular.endswith("Prefix") and groups and (plural or rule.get(singular)):
        text = f"Security rule {id.text} has both {singular} and application security groups."
        raise ArmError(400, "SecurityRuleAddressPrefixAndGroupsNotAllowed", text, details=[])


def _check_families(id: ArmId, rule: Json) -> None:
    """All addresses of a rule, of both its ends, are of one IP version."""
    sides = ("sourceAddressPrefix", "destinationAddressPrefix")
    texts = [str(one) for side in sides for one in (*rule[PLURALS[side]], rule.get(side) or "*")]
    versions = {ipaddress.ip_network(text).version for text in texts if text[0].isdigit() or ":" in text}
    if len(versions) > 1:
        raise ArmError(
            400,
            "ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies",
            f"Resource {id.text} contains IP addresses or prefixes that belong to different address "
            "families. All IP addresses or prefixes in the resource should belong to the same address "
            "family.",
            details=[],
        )


def _check_port(value: object) -> None:
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", str(value))
    ends = [int(one) for one in match.groups() if one is not None] if match else []
    if value != "*" and (not ends or max(ends) > 65535 or ends != sorted(ends)):
        raise ArmError(
            400,
            "SecurityRuleInvalidPortRange",
            f"Security rule has invalid Port range. Value provided: {value}. Value should be an integer OR "
            "integer range with '-' delimiter. Valid range 0-65535.",
            details=[],
        )


def _check_prefix(id: ArmId, value: object) -> None:
    """An address, a prefix without host bits, `*`, or a service tag."""
    text = str(value)
    if value is not None and (text == "*" or SERVICE_TAG.match(text)):
        return
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ArmError(
            400,
            "SecurityRuleInvalidAddressPrefix",
            f"Security rule {id.text} has invalid Address prefix. Value provided: {value}",
            details=[],
        ) from None


def _default(description: str, source: str, destination: str, access: str, priority: int, way: str) -> Json:
    return {
        "description": description,
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": destination,
        "access": access,
        "priority": priority,
        "direction": way,
        "sourcePortRanges": [],
        "destinationPortRanges": [],
        "sourceAddressPrefixes": [],
        "destinationAddressPrefixes": [],
    }


VNET, LB = "VirtualNetwork", "AzureLoadBalancer"

# docs/azure/network-security.md, NSG-02.
DEFAULTS: dict[str, Json] = {
    "AllowVnetInBound": _default(
        "Allow inbound traffic from all VMs in VNET", VNET, VNET, "Allow", 65000, "Inbound"
    ),
    "AllowAzureLoadBalancerInBound": _default(
        "Allow inbound traffic from azure load balancer", LB, "*", "Allow", 65001, "Inbound"
    ),
    "DenyAllInBound": _default("Deny all inbound traffic", "*", "*", "Deny", 65500, "Inbound"),
    "AllowVnetOutBound": _default(
        "Allow outbound traffic from all VMs to all VMs in VNET", VNET, VNET, "Allow", 65000, "Outbound"
    ),
    "AllowInternetOutBound": _default(
        "Allow outbound traffic from all VMs to Internet", "*", "Internet", "Allow", 65001, "Outbound"
    ),
    "DenyAllOutBound": _default("Deny all outbound traffic", "*", "*", "Deny", 65500, "Outbound"),
}
