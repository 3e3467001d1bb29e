"""Resources that Causeway itself runs on, as far as the app's settings name them.

Closing one of them, or changing its name, can stop the app that would have to repair it: its storage account
with the event and work queues, the vaults of its secrets, its own site. They are left alone unless the policy
names them (azure-functions-host#9496).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from shared.core.base.bodies import Json
from shared.core.base.target import Target
from shared.core.catalogue.service_rules import host_names, hosts_in

_ACCOUNT = re.compile(r"(?:^|;)\s*AccountName=([^;\s]+)", re.I)
_VAULT = re.compile(r"@Microsoft\.KeyVault\([^)]*VaultName=([^;)\s]+)", re.I)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.I)
_NAMED = (  # what a setting's name, or a part of its value, says about a name
    ("Microsoft.Storage/storageAccounts", re.compile(r"__accountName$", re.I), None),
    ("Microsoft.Web/sites", re.compile(r"^WEBSITE_SITE_NAME$", re.I), None),
    ("Microsoft.Storage/storageAccounts", None, _ACCOUNT),
    ("Microsoft.KeyVault/vaults", None, _VAULT),
)
MAX_VALUE = 10_000  # characters of one setting that are searched


@dataclass(frozen=True, slots=True)
class Foundations:
    """By what the settings name resources: type and name, or a host name, each with the setting."""

    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Look through all settings: a trigger's connection or a secret's reference can have any name."""
        names: dict[tuple[str, str], str] = {}
        hosts: dict[str, str] = {}
        for setting, text in environment.items():
            value = text[:MAX_VALUE]
            for kind, by_name, by_value in _NAMED:
                found = [value.strip()] if by_name and by_name.search(setting) else []
                found += by_value.findall(value) if by_value else []
                names |= {(kind.lower(), one.lower()): setting for one in found if one}
            hosts |= dict.fromkeys(host_names(_HOST.findall(value)), setting)
        return cls(names, hosts)

    def setting(self, target: Target) -> str | None:
        """The setting that names this resource; None: it is not known to be one of the app's own.

        A body may name hosts of other resources too; a resource's own ones begin with its name.
        """
        name = target.id.name.lower()
        named = self.names.get((target.id.type.lower(), name))
        own = (host for host in host_names(hosts_in(_body(target))) if host.partition(".")[0] == name)
        return named or next((self.hosts[host] for host in own if host in self.hosts), None)


def _body(target: Target) -> Json:
    return {name: value for name, value in target.properties.items() if name != "privateEndpointConnections"}
