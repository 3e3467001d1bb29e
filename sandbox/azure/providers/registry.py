"""The list of provider modules. A new module with `register` needs a line here."""

from __future__ import annotations

from types import ModuleType

from sandbox.azure.kernel.provider import Registry
from sandbox.azure.providers import event_subscriptions, generic_targets, groups, keyvault, sql, storage
from sandbox.azure.providers.dns import dns_zones
from sandbox.azure.providers.dns_resolver import forwarding, resolvers
from sandbox.azure.providers.network import (
    application_groups,
    firewall_policies,
    gateways,
    load_balancers,
    peerings,
    public_addresses,
    route_tables,
    security_groups,
    virtual_networks,
)
from sandbox.azure.providers.parts import (
    app_parts,
    database_parts,
    identity_parts,
    messaging_parts,
    sql_parts,
    storage_parts,
)
from sandbox.azure.providers.private_link import private_endpoints

PROVIDERS: tuple[ModuleType, ...] = (
    groups,
    virtual_networks,
    peerings,
    security_groups,
    route_tables,
    gateways,
    load_balancers,
    firewall_policies,
    application_groups,
    public_addresses,
    dns_zones,
    resolvers,
    forwarding,
    storage,
    storage_parts,
    sql,
    sql_parts,
    keyvault,
    generic_targets,
    database_parts,
    identity_parts,
    messaging_parts,
    app_parts,
    event_subscriptions,
    private_endpoints,
)


def registry() -> Registry:
    """A registry with every provider's types in it."""
    types = Registry()
    for provider in PROVIDERS:
        provider.register(types)
    return types
