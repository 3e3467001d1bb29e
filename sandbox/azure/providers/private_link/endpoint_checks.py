"""Checks of a private endpoint's PUT, and the checked request as a value.

Source: docs/azure/private-endpoints.md, PE-01, PE-02, PE-17 to PE-21 and PE-24, unless a docstring names
another.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.azure.kernel import management_locks, refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.regions import same_place
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses, application_groups, subnets
from sandbox.azure.providers.private_link import eligibility, link_services
from sandbox.azure.providers.private_link.endpoint_view import LISTS
from sandbox.azure.providers.private_link.endpoint_view import members as members_of
from sandbox.azure.providers.private_link.link_services import PRIVATE_LINK_SERVICE, Member

# Where the network service keeps its half of a connection, below the target.
PROXIES = "privateEndpointConnectionProxies"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A PUT that passed the checks.

    target: None for an alias that no private link service here has. target_text: the id or the alias that the
    endpoint goes on showing. groups: as the provider writes them; sent: as the body does (PE-61).
    members: (group, member), one address each. static: the body's ipConfigurations; surplus: those that name
    no member (accepted: docs/azure/private-endpoints.md, PE-27). shape: a PUT that changes it is a long
    operation.
    """

    subnet: Resource
    entry: str
    manual: bool
    message: str
    target_text: str
    target: Resource | None
    groups: list[str]
    sent: list[str]
    members: list[tuple[str, Member]]
    static: list[Json]
    surplus: list[Json]
    nic_name: str
    shape: Json


def check(call: Call) -> Wanted:
    """Check a PUT. Raises ArmError for everything that Azure refuses at once."""
    subnet = _subnet(call)
    manual, entry = _entry(call)
    given = entry.get("properties") or {}
    text = str(given.get("privateLinkServiceId") or "")
    groups = [str(one) for one in given.get("groupIds") or []]
    target = _target(call, text, manual)
    static = call.properties.get("ipConfigurations") or []
    if target is not None:
        if call.existing is None:
            refuse_locked(call.world, call.id, target.id, "write")
            eligibility.refuse(call.world, target, static=bool(static))
        _groups_given(call, entry, target, groups)
    members = _members(target, groups)
    surplus = _surplus(static, members)
    nic_name = str(call.properties.get("customNetworkInterfaceName") or "")
    if call.existing is None:
        addresses.require_capacity(subnet, max(1, len(members) + len(surplus)))
    application_groups.joined(
        call,
        call.properties.get("applicationSecurityGroups") or [],
        application_groups.JOIN_CONFIGURATION,
        str(call.body.get("location") or ""),
    )
    own = {one["address"] for one in members_of(call.existing)} if call.existing else set()
    for one in static:
        asked = str((one.get("properties") or {}).get("privateIPAddress") or "")
        if asked not in own:
            _refuse_address(call, subnet, asked)
    return Wanted(
        subnet=subnet,
        entry=str(entry.get("name", "")),
        manual=manual,
        message=str(given.get("requestMessage") or ""),
        target_text=target.id.text if target is not None and text.startswith("/") else text,
        target=target,
        groups=[_known_case(target, one) for one in groups],
        sent=groups,
        members=members or ([("", Member("", ()))] if not surplus else []),
        static=static,
        surplus=surplus,
        nic_name=nic_name,
        shape={
            "static": [(one.get("name"), one.get("properties")) for one in _bare(static)],
            "asgs": call.properties.get("applicationSecurityGroups") or [],
        },
    )


def refuse_locked(world: World, endpoint: ArmId, target: ArmId, verb: str) -> None:
    """Raise 409 ScopeLocked where a management lock on the target or above it stops what the network service
    writes or deletes below the target (docs/azure/private-endpoints.md, PE-50 and PE-51).
    """
    locked = management_locks.blocking(world, target.child(PROXIES, endpoint.name), verb)
    if locked:
        proxy = target.child(PROXIES, f"{endpoint.name}.{world.new_guid()}")
        error = refusals.scope_locked(proxy, verb, locked)
        message = f"Call to {target.type} failed. Error message: {error.message}"
        raise ArmError(409, error.code, message, details=[])


def _refuse_address(call: Call, subnet: Resource, address: str) -> None:
    try:
        addresses.refuse_unfit(subnet, address)
    except ValueError:
        text = f"IP address '{address}' of an ipConfiguration of {call.id.text} is not well formed."
        raise ArmError(400, "InvalidIPAddressFormat", text, details=[]) from None


def refuse_change(endpoint: Resource, wanted: Wanted) -> None:
    """Subnet and target cannot change in place. The server's own error text is not known (source:
    docs/azure/private-endpoints.md, PE-13)."""
    old = next(one for member in LISTS for one in endpoint.properties[member])["properties"]
    same_subnet = endpoint.properties["subnet"]["id"].lower() == wanted.subnet.id.key
    same_target = old["privateLinkServiceId"].lower() == wanted.target_text.lower()
    same_groups = [one.lower() for one in old.get("groupIds", [])] == [one.lower() for one in wanted.groups]
    if same_subnet and same_target and same_groups:
        return
    what = "subnet" if not same_subnet else "connection target"
    raise ArmError(
        400,
        "PrivateEndpointCannotBeUpdated",
        f"The {what} of private endpoint {endpoint.id.text} cannot be changed after creation.",
        details=[],
    )


def _subnet(call: Call) -> Resource:
    """The subnet. Refuses one that is missing, in another region or subscription, or not joinable."""
    reference = (call.properties.get("subnet") or {}).get("id")
    subnet = call.linked("Microsoft.Network/virtualNetworks/subnets/join/action", reference)
    network = call.world.find(subnet.id.parent) if subnet is not None else None
    location = str(call.body.get("location") or "")
    elsewhere = subnet is not None and subnet.id.subscription.lower() != call.id.subscription.lower()
    if subnet is None or network is None or elsewhere or not same_place(network, location):
        raise call.refuse_reference(reference)
    service = subnets.delegated_to(subnet)
    if service is not None:
        raise ArmError(
            400,
            "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated",
            f"Private endpoint {call.id.text} cannot be created in subnet {subnet.id.text} since it is "
            f"delegated to {service}.",
            details=[],
        )
    return subnet


def _entry(call: Call) -> tuple[bool, Json]:
    """The one connection of the body, and whether it is manual. Text of the refusal: a public string."""
    found = [(member == LISTS[1], one) for member in LISTS for one in call.properties.get(member) or []]
    if len(found) == 1:
        return found[0]
    raise ArmError(
        400,
        "InvalidPrivateLinkServiceConnections",
        "Only one manualPrivateLinkServiceConnection or one privateLinkServiceConnection is supported.",
        details=[],
    )


def _target(call: Call, text: str, manual: bool) -> Resource | None:
    """The target, with the right to approve unless the connection is manual; None for an alias of a service
    that is not here (source of aliases: docs/azure/targets.md, TGT-64).

    A missing target: the provider's 404 inside the network service's sentence (source: public error texts;
    the code of each provider differs).
    """
    if manual and not text.startswith("/") and text.lower().endswith(".azure.privatelinkservice"):
        services = call.world.store.of_type(PRIVATE_LINK_SERVICE)
        return next((one for one in services if one.properties.get("alias") == text), None)
    try:
        id = call.world.types.canonical(ArmId.parse(text))
    except ValueError:
        raise call.refuse_reference(text) from None
    approval = f"{id.type}/PrivateEndpointConnectionsApproval/action"
    target = call.world.find(id) if manual else call.linked(approval, id)
    if target is None:
        if id.is_type(PRIVATE_LINK_SERVICE):
            raise call.refuse_reference(text)
        raise ArmError(
            404,
            "ResourceNotFound",
            f"Call to {id.type} failed. Error message: The Resource '{id.type}/{id.name}' under resource "
            f"group '{id.group}' was not found.",
            details=[],
        )
    return target


def _groups_given(call: Call, entry: Json, target: Resource, groups: list[str]) -> None:
    """One valid group for everything but private link services.

    More than one: OnlyOneGroupIdPermitted; unknown: the provider's InvalidValuesForRequestParameters (source:
    public issues terraform-azurerm-container-apps-hosting#352 and azure-cli#16750).
    """
    if target.id.is_type(PRIVATE_LINK_SERVICE):
        return
    own = f"{call.id.text}/privateLinkServiceConnections/{entry.get('name', '')}"
    if not groups:
        raise ArmError(
            400,
            "MissingParameterOnPrivateLinkServiceConnection",
            f"Private link service connection {own} is missing required parameter 'group Id'.",
            details=[],
        )
    if len(groups) > 1:
        raise ArmError(
            400,
            "OnlyOneGroupIdPermitted",
            f"Private link service connection {own} has the following group Ids: {', '.join(groups)}. "
            f"Only one group Id is permitted when connecting to a first-party resource ({target.id.text}).",
            details=[],
        )
    if link_services.group(target, groups[0]) is None:
        raise ArmError(
            400,
            "InvalidValuesForRequestParameters",
            f"Call to {target.type} failed. Error message: Values for request parameters are invalid: "
            f"GroupId: {groups[0]}.",
            details=[],
        )


def _members(target: Resource | None, groups: list[str]) -> list[tuple[str, Member]]:
    if target is None:
        return []
    found = [link_services.group(target, name) for name in groups]
    return [(one.id, member) for one in found if one is not None for member in one.members]


def _known_case(target: Resource | None, name: str) -> str:
    found = link_services.group(target, name) if target is not None else None
    return found.id if found is not None else name


def _bare(static: list[Json]) -> list[Json]:
    """ipConfigurations without the members that the service adds, to compare with a whole GET body."""
    shown = {"provisioningState"}
    return [
        {
            "name": one.get("name"),
            "properties": {k: v for k, v in (one.get("properties") or {}).items() if k not in shown},
        }
        for one in static
    ]


def _surplus(static: list[Json], members: list[tuple[str, Member]]) -> list[Json]:
    known = {(group, member.name) for group, member in members}
    return [one for one in static if place(one) not in known]


def place(static: Json) -> tuple[str, str]:
    """(group, member) that an entry of ipConfigurations names, empty where missing."""
    properties = static.get("properties") or {}
    return str(properties.get("groupId", "")), str(properties.get("memberName", ""))
