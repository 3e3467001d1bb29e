"""The Azure SDK's clients, one per subscription, over one pipeline: one transport, one credential.

Place in the data's way: below `arm_calls`, the only user. The pipeline is ours and short. What the SDK puts
in by default and we leave out: retries (`arm` decides by meaning), redirects (they would leave the host),
registration of resource providers (a write that nobody asked for), and logging of URLs (they are signed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import RequestIdPolicy, SansIOHTTPPolicy, UserAgentPolicy
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.privatedns.aio import PrivateDnsManagementClient

from shared.core.base.errors import PermanentError, clean
from shared.core.base.request_count import count

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline import PipelineRequest

    from shared.adapters.arm_types import Operations

# Azure Resource Manager of each cloud (Microsoft Learn: "Azure services in sovereign clouds").
ENDPOINTS = {
    "AzureCloud": "https://management.azure.com",
    "AzureUSGovernment": "https://management.usgovcloudapi.net",
    "AzureChinaCloud": "https://management.chinacloudapi.cn",
}
# Whom a token is for, where that is not the endpoint itself (azure-mgmt-core: get_arm_endpoints).
_AUDIENCES = {ENDPOINTS["AzureUSGovernment"]: "https://management.core.usgovcloudapi.net"}


class HomeOnly(SansIOHTTPPolicy[Any, Any]):
    """Keeps the token at home: it stands before the authentication, and refuses any other host.

    A `nextLink`, `Location` or `Azure-AsyncOperation` comes out of an answer and may name any host. The
    comparison is with the whole authority, so that a user name, a port or a backslash in it does not pass;
    characters that parsers read differently are refused outright.
    """

    def __init__(self, endpoint: str) -> None:
        self._home = _authority(endpoint)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        url = str(request.http_request.url)
        asked = _authority(url)
        plain = url.isascii() and url.isprintable() and not set(url) & {"\\", " "}
        if not plain or asked != self._home:
            shown = clean("://".join(asked))
            raise PermanentError("ForeignHost", f"an answer points to {shown}, where no token is sent")


def _authority(url: str) -> tuple[str, str]:
    """Scheme and the whole authority; some of Azure's own links name the port that https has anyway."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower().removesuffix(":443")


class Counted(SansIOHTTPPolicy[Any, Any]):
    """Counts what really goes out: it stands last, behind the authentication and its second try."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        count(request.http_request.method)


class ArmClients:
    """Makes clients when they are first needed. `transport` is shared and stays open with the process.

    `endpoint` is an https URL without a path: one of ENDPOINTS, or a private cloud's.
    """

    def __init__(self, credential: AsyncTokenCredential, endpoint: str, transport: Any) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._credential = credential
        self._scope = f"{_AUDIENCES.get(self.endpoint, self.endpoint)}/.default"
        self._pipeline: AsyncPipeline[Any, Any] = AsyncPipeline(
            transport,
            [
                RequestIdPolicy(),
                UserAgentPolicy("causeway"),
                HomeOnly(self.endpoint),
                AsyncARMChallengeAuthenticationPolicy(credential, self._scope),
                Counted(),
            ],
        )
        self._clients: dict[tuple[str, str], NetworkManagementClient | PrivateDnsManagementClient] = {}
        self.generic: AsyncARMPipelineClient[Any, Any] = AsyncARMPipelineClient(
            self.endpoint, pipeline=self._pipeline, policies=[]
        )

    def operations(self, of: Operations, subscription: str) -> Any:
        """The SDK's operation group for one subscription."""
        key = (of.client, subscription.lower())
        if key not in self._clients:
            kind = NetworkManagementClient if of.client == "network" else PrivateDnsManagementClient
            self._clients[key] = kind(
                self._credential,
                subscription,
                base_url=self.endpoint,
                credential_scopes=[self._scope],
                pipeline=self._pipeline,
                polling_interval=10,  # the SDK's pollers are not used; its own default would be 30 s
            )
        return getattr(self._clients[key], of.group)
