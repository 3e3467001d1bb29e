"""The Azure SDK's clients, one per subscription, over one transport and one credential.

Place in the data's way: below `arm`, the only user. Which SDK operations serve which resource type is one
table; the operations of a row are alike (`get`, `list`, `begin_create_or_update`, `begin_delete`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.privatedns.aio import PrivateDnsManagementClient

from shared.core.errors import PermanentError
from shared.core.tally import count

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline import PipelineRequest

# Microsoft Learn: "Azure services in sovereign clouds", endpoints of Azure Resource Manager.
ENDPOINTS = {
    "AzureCloud": "https://management.azure.com",
    "AzureUSGovernment": "https://management.usgovcloudapi.net",
    "AzureChinaCloud": "https://management.chinacloudapi.cn",
}


@dataclass(frozen=True, slots=True)
class Operations:
    """Where the SDK keeps a type's operations, the name of their parent parameter, and how writes end.

    `state`: the resource's own provisioningState tells; `operation`: only the operation's status does.
    """

    client: Literal["network", "dns"]
    group: str
    parents: tuple[str, ...] = ()
    ends: Literal["state", "operation"] = "state"


_NETWORK = ("virtual_network_name",)
OPERATIONS = {
    "microsoft.network/privateendpoints": Operations("network", "private_endpoints"),
    "microsoft.network/privateendpoints/privatednszonegroups": Operations(
        "network", "private_dns_zone_groups", ("private_endpoint_name",)
    ),
    "microsoft.network/networkinterfaces": Operations("network", "network_interfaces"),
    "microsoft.network/virtualnetworks": Operations("network", "virtual_networks"),
    "microsoft.network/virtualnetworks/subnets": Operations("network", "subnets", _NETWORK),
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": Operations(
        "network", "virtual_network_peerings", _NETWORK
    ),
    "microsoft.network/networksecuritygroups": Operations("network", "network_security_groups"),
    "microsoft.network/networksecuritygroups/securityrules": Operations(
        "network", "security_rules", ("network_security_group_name",)
    ),
    "microsoft.network/privatednszones": Operations("dns", "private_zones", ends="operation"),
    "microsoft.network/privatednszones/virtualnetworklinks": Operations(
        "dns", "virtual_network_links", ("private_zone_name",), ends="operation"
    ),
}


class Guard(SansIOHTTPPolicy[Any, Any]):
    """Counts what goes out, and keeps the token at home: only the configured host is ever asked.

    A `nextLink`, `Location` or `Azure-AsyncOperation` that names another host is refused before it is sent.
    """

    def __init__(self, endpoint: str) -> None:
        self._home = urlsplit(endpoint)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        asked = urlsplit(request.http_request.url)
        if (asked.scheme, asked.netloc.lower()) != (self._home.scheme, self._home.netloc.lower()):
            raise PermanentError(
                "ForeignHost", f"Azure's answer points to {asked.netloc}, which is not asked"
            )
        count(request.http_request.method)


class ArmClients:
    """Makes clients when they are first needed. `transport` is shared and stays open with the process."""

    def __init__(self, credential: AsyncTokenCredential, endpoint: str, transport: Any) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._credential = credential
        self._scopes = [f"{self.endpoint}/.default"]
        self._options: dict[str, Any] = {
            "transport": transport,
            "retry_total": 0,  # what an answer means, and when to send again, is decided by `arm`
            "per_call_policies": [Guard(self.endpoint)],
            "polling_interval": 10,  # never used while `arm` awaits; the SDK's own default is 30 s
        }
        self._clients: dict[tuple[str, str], Any] = {}
        self._generic: AsyncARMPipelineClient[Any, Any] | None = None

    def operations(self, of: Operations, subscription: str) -> Any:
        """The SDK's operation group for one subscription."""
        key = (of.client, subscription.lower())
        if key not in self._clients:
            kind = NetworkManagementClient if of.client == "network" else PrivateDnsManagementClient
            self._clients[key] = kind(
                self._credential,
                subscription,
                base_url=self.endpoint,
                credential_scopes=self._scopes,
                **self._options,
            )
        return getattr(self._clients[key], of.group)

    def generic(self) -> AsyncARMPipelineClient[Any, Any]:
        """A client for resources of any type, with the same pipeline."""
        if self._generic is None:
            policy = AsyncARMChallengeAuthenticationPolicy(self._credential, *self._scopes)
            self._generic = AsyncARMPipelineClient(
                base_url=self.endpoint, config=_configuration(policy), **self._options
            )
        return self._generic


def _configuration(authentication: Any) -> Any:
    from azure.core.configuration import Configuration
    from azure.core.pipeline import policies

    config: Configuration[Any, Any] = Configuration()
    config.authentication_policy = authentication
    config.user_agent_policy = policies.UserAgentPolicy("causeway")
    config.headers_policy = policies.HeadersPolicy()
    config.retry_policy = policies.AsyncRetryPolicy.no_retries()
    config.redirect_policy = policies.AsyncRedirectPolicy(permit_redirects=False)
    config.polling_interval = 10
    return config
