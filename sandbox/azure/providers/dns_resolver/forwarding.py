"""Forwarding rulesets: rules that send names to DNS servers, for the networks that a ruleset is linked to.

Sources: docs/azure/dns-resolver.md, RES-01, RES-02, RES-07 and RES-08.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.regions import same_place
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.dns_resolver import resolvers, service

TYPE = "Microsoft.Network/dnsForwardingRulesets"
RULES, LINKS = "forwardingRules", "virtualNetworkLinks"
RULE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,79}")
MOST_RULES, MOST_SERVERS, MOST_OUTBOUND, MOST_LABELS = 1000, 6, 2, 34  # source: RES-07
DNS_PORT, AZURE_DNS = 53, "168.63.129.16"


def register(registry: Registry) -> None:
    """Add rulesets, their rules and their links."""
    common: dict[str, Any] = {"get": service.get, "not_found": service.missing, "etag": "quoted"}
    registry.add(
        ResourceType(TYPE, put=put, patch=patch, delete=delete, tracked=True, group_delete_rank=40, **common),
        ResourceType(f"{TYPE}/{RULES}", put=put_rule, patch=patch_rule, delete=delete_rule, **common),
        ResourceType(f"{TYPE}/{LINKS}", put=put_link, delete=delete_link, **common),
    )
    registry.add_actions(resolvers.NETWORK, {"listDnsForwardingRulesets": list_of_network})


def list_of_network(call: Call) -> Response:
    """`POST {network}/listDnsForwardingRulesets`: rulesets with the link (source: RES-13)."""
    found = [
        {"id": link.id.parent.text, "properties": {"virtualNetworkLink": {"id": link.id.text}}}
        for link in links_of(call.world, call.stored)
        if link.id.parent is not None
    ]
    return Response(200, {"value": found})


def put(call: Call) -> Response:
    """Create or change a ruleset: it names outbound endpoints of its region."""
    service.refuse_precondition(call)
    return _write(call, call.properties.get("dnsResolverOutboundEndpoints") or [])


def patch(call: Call) -> Response:
    """Change the members given."""
    service.refuse_precondition(call)
    member = "dnsResolverOutboundEndpoints"
    return _write(call, call.properties.get(member) or call.stored.properties[member])


def _write(call: Call, named: list[Json]) -> Response:
    endpoints = [(one.get("id"), call.world.find(one.get("id"))) for one in named]
    for text, endpoint in endpoints:
        if endpoint is None or not endpoint.id.is_type(resolvers.OUTBOUND):
            raise call.refuse_reference(str(text))
    found = [one for _, one in endpoints if one is not None]
    location = str(call.body.get("location") or (call.existing.location if call.existing else ""))
    objection = None
    if not 1 <= len(found) <= MOST_OUTBOUND:
        objection = service.bad(f"A ruleset has 1 to {MOST_OUTBOUND} outbound endpoints, not {len(found)}.")
    elif not all(same_place(one, location) for one in found):
        objection = service.bad("The outbound endpoints of a ruleset are in its region.")
    shown = [{"id": one.id.text} for one in found]
    answer = service.accept(call, "DnsForwardingRuleset", {"dnsResolverOutboundEndpoints": shown}, objection)
    call.world.store.refer(call.id, "outbound endpoint", [one.id.key for one in found])
    return answer


def delete(call: Call) -> Response:
    """Delete a ruleset with its rules; refused while it is linked (source: RES-08)."""
    service.refuse_precondition(call)
    for link in call.world.store.children(call.id, LINKS):
        raise service.bad(
            f"The DNS forwarding ruleset {call.id.text} has the virtual network link {link.name}."
        )
    return service.remove(call, "DnsForwardingRuleset")


def put_rule(call: Call) -> Response:
    """Create (201) or replace (200) a rule, at once."""
    service.refuse_precondition(call)
    return _store_rule(call, call.properties, 200 if call.existing else 201)


def patch_rule(call: Call) -> Response:
    """Change the members given."""
    service.refuse_precondition(call)
    return _store_rule(call, call.stored.properties | call.properties, 200)


def _store_rule(call: Call, given: Json, status: int) -> Response:
    siblings = call.world.store.children(call.parent.id, RULES)
    if call.existing is None and len(siblings) >= MOST_RULES:
        raise service.bad(f"A DNS forwarding ruleset has at most {MOST_RULES} rules.")
    properties = {
        "domainName": _domain(call, given.get("domainName")),
        "targetDnsServers": [_server(one) for one in given.get("targetDnsServers") or []],
        "forwardingRuleState": str(given.get("forwardingRuleState") or "Enabled"),
        "provisioningState": "Succeeded",
    } | ({"metadata": given["metadata"]} if given.get("metadata") else {})
    if not RULE_NAME.fullmatch(call.id.name):
        raise service.bad(f"'{call.id.name}' is no name of a forwarding rule.")
    if not 1 <= len(properties["targetDnsServers"]) <= MOST_SERVERS:
        raise service.bad(f"A forwarding rule has 1 to {MOST_SERVERS} target DNS servers.")
    rule = call.world.save(call.id, {"properties": properties, "systemData": service.stamped(call)})
    return Response(status, call.world.show(rule), {service.HEADER: "11999"})


def _domain(call: Call, name: object) -> str:
    """A domain with its final dot, in lower case. Raises 400."""
    text = str(name or "")
    labels = text[:-1].split(".") if text != "." else []
    if not text.endswith(".") or not all(labels) or len(labels) > MOST_LABELS:
        raise service.bad(f"The domain name '{text}' of {call.id.text} is not dot-terminated or not valid.")
    return text.lower()


def _server(given: Json) -> Json:
    """A target: address and port. Raises 400 for what is no IPv4 address, and for Azure's own DNS."""
    try:
        address = ipaddress.IPv4Address(str(given.get("ipAddress")))
    except ValueError:
        raise service.bad(f"'{given.get('ipAddress')}' is no IPv4 address.") from None
    if str(address) == AZURE_DNS:
        raise service.bad("Exception while making add request for rule")
    return {"ipAddress": str(address), "port": int(given.get("port") or DNS_PORT)}


def delete_rule(call: Call) -> Response:
    """Remove a rule at once: 200."""
    service.refuse_precondition(call)
    call.world.remove(call.id)
    return Response(200, None, {service.HEADER: "11999"})


def put_link(call: Call) -> Response:
    """Link a ruleset to a network of its region that has no other ruleset (source: RES-08)."""
    service.refuse_precondition(call)
    reference = (call.properties.get("virtualNetwork") or {}).get("id")
    network = call.linked(resolvers.JOIN.format(""), reference)
    if network is None:
        raise call.refuse_reference(reference)
    body: Json = {"virtualNetwork": {"id": network.id.text}}
    if call.properties.get("metadata"):
        body["metadata"] = call.properties["metadata"]
    answer = service.accept(call, "VirtualNetworkLink", body, _wrong_network(call, network))
    call.world.store.refer(call.id, "ruleset's network", [network.id.key])
    return answer


def _wrong_network(call: Call, network: Resource) -> ArmError | None:
    if not same_place(network, service.region_of(call)):
        return service.bad(f"The virtual network {network.id.text} is in another region than the ruleset.")
    if any(one.id != call.id for one in links_of(call.world, network)):
        return service.bad(f"The virtual network {network.id.text} is linked to a ruleset already.")
    return None


def delete_link(call: Call) -> Response:
    """Remove a link: 202."""
    service.refuse_precondition(call)
    return service.remove(call, "VirtualNetworkLink")


def links_of(world: World, network: Resource) -> list[Resource]:
    """The links of a network to rulesets, in any state but Failed."""
    found = world.store.referring("ruleset's network", network.id.key)
    return [one for one in found if one.state != "Failed"]


def rule_for(world: World, network: Resource, name: str, *, reserved: bool) -> Resource | None:
    """The enabled rule with the longest domain that holds the name, in the ruleset linked to a network.

    reserved: the name is in a domain of Azure's services, for which the rule "." does not count (source:
    RES-07).
    """
    found = [
        rule
        for link in links_of(world, network)
        if link.state == "Succeeded" and link.id.parent is not None
        for rule in world.store.children(link.id.parent, RULES)
        if rule.properties["forwardingRuleState"] == "Enabled" and _holds(rule, name, reserved)
    ]
    return max(found, key=lambda rule: len(rule.properties["domainName"]), default=None)


def _holds(rule: Resource, name: str, reserved: bool) -> bool:
    domain = str(rule.properties["domainName"])
    return not reserved if domain == "." else f".{name}.".endswith(f".{domain}")


def outbound_of(world: World, rule: Resource) -> Resource | None:
    """The outbound endpoint that a rule's queries leave from: the first of its ruleset that exists."""
    ruleset = world.find(rule.id.parent)
    named = (ruleset.properties if ruleset else {}).get("dnsResolverOutboundEndpoints") or []
    return next((one for one in (world.find(each["id"]) for each in named) if one is not None), None)
