"""The one list of provider modules: a new resource type is a module with `register`, and a line here."""

from __future__ import annotations

from types import ModuleType

from sandbox.azure import (
    generic_targets,
    groups,
    keyvault,
    peerings,
    private_dns,
    private_endpoints,
    security_groups,
    sql,
    storage,
    virtual_networks,
)
from sandbox.azure.provider import Registry

PROVIDERS: tuple[ModuleType, ...] = (
    groups,
    virtual_networks,
    peerings,
    security_groups,
    private_dns,
    storage,
    sql,
    keyvault,
    generic_targets,
    private_endpoints,
)


def registry() -> Registry:
    """A registry with every provider's types in it."""
    types = Registry()
    for provider in PROVIDERS:
        provider.register(types)
    return types
