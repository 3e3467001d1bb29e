"""The one list of provider modules: a new resource type is a module with `register`, and a line here."""

from __future__ import annotations

from types import ModuleType

from sandbox.azure import groups, virtual_networks
from sandbox.azure.provider import Registry

PROVIDERS: tuple[ModuleType, ...] = (groups, virtual_networks)


def registry() -> Registry:
    """A registry with every provider's types in it."""
    types = Registry()
    for provider in PROVIDERS:
        provider.register(types)
    return types
