"""The Azure SDK's clients, one per subscription, over one pipeline: one transport, one credential.

The pipeline is short. Left out from the SDK's default: retries (`arm` decides by error code), redirects (they
could lead to another host), registration of resource providers (a write that nothing asked for), and logging
of URLs (some are signed).
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import (
    AsyncHTTPPolicy,
    CustomHookPolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.privatedns.aio import PrivateDnsManagementClient

from shared.adapters import call_record
from shared.adapters.limiter import Limiter
from shared.adapters.shares import LocalShares
from shared.core.base.errors import PermanentError, clean
from shared.core.base.fence import check_fences
from shared.core.base.request_count import count
from shared.version import VERSION

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline import PipelineRequest, PipelineResponse

    from shared.adapters.arm_types import Operations

# Azure Resource Manager of each cloud (Microsoft Learn: "Azure services in sovereign clouds").
ENDPOINTS = {
    "AzureCloud": "https://management.azure.com",
    "AzureUSGovernment": "https://management.usgovcloudapi.net",
    "AzureChinaCloud": "https://management.chinacloudapi.cn",
}
# The audience of a token, where it is not the endpoint itself (azure-mgmt-core: get_arm_endpoints).
_AUDIENCES = {ENDPOINTS["AzureUSGovernment"]: "https://management.core.usgovcloudapi.net"}


class SameHostOnly(SansIOHTTPPolicy[Any, Any]):
    """Refuses requests to any other host, before the authentication policy adds the token.

    A `nextLink`, `Location` or `Azure-AsyncOperation` comes from a response and may name any host. The whole
    authority is compared, so that a user name, a port or a backslash in it does not pass. Characters that
    parsers read differently are refused.
    """

    def __init__(self, endpoint: str) -> None:
        self._allowed = _authority(endpoint)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        url = str(request.http_request.url)
        authority = _authority(url)
        plain = url.isascii() and url.isprintable() and not set(url) & {"\\", " "}
        if not plain or authority != self._allowed:
            shown = clean("://".join(authority))
            raise PermanentError("ForeignHost", f"a response links to {shown}, where no token is sent")


def _authority(url: str) -> tuple[str, str]:
    """Scheme and whole authority. Some links of Azure name the default port."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower().removesuffix(":443")


class Limited(AsyncHTTPPolicy[Any, Any]):
    """Waits until the request limits of Azure allow the request. Before the fence, which is checked last."""

    def __init__(self, limiter: Limiter) -> None:
        super().__init__()
        self._limiter = limiter

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send it when it may be sent. Raises Throttled if that is too late for its pass."""
        method, url = request.http_request.method, request.http_request.url
        await self._limiter.take(method, url)
        response = await self.next.send(request)
        self._limiter.answered(method, url, response.http_response.headers)
        return response


class Fenced(SansIOHTTPPolicy[Any, Any]):
    """Refuses writes of a worker whose claim or lock has ended. After authentication, which takes time."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        if request.http_request.method.upper() not in ("GET", "HEAD"):
            check_fences()


class Counted(SansIOHTTPPolicy[Any, Any]):
    """Counts requests as they are sent: the last policy, after authentication and its second attempt."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        count(request.http_request.method)
        call_record.sent()

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        call_record.answered(response.http_response.status_code)


class ArmClients:
    """Makes clients when they are first needed. `transport` is shared and stays open as long as the process.

    `endpoint` is an https URL without a path: one of ENDPOINTS, or a private cloud's. `limiter`: without one,
    the process is taken to be alone.
    """

    def __init__(
        self, credential: AsyncTokenCredential, endpoint: str, transport: Any, limiter: Limiter | None = None
    ) -> None:
        self.limiter = limiter or Limiter(LocalShares())
        self.endpoint = endpoint.rstrip("/")
        self._credential = credential
        self._scope = f"{_AUDIENCES.get(self.endpoint, self.endpoint)}/.default"
        self._pipeline: AsyncPipeline[Any, Any] = AsyncPipeline(
            transport,
            [
                RequestIdPolicy(),
                UserAgentPolicy(f"causeway/{VERSION}"),
                SameHostOnly(self.endpoint),
                Limited(self.limiter),
                AsyncARMChallengeAuthenticationPolicy(credential, self._scope),
                Fenced(),
                Counted(),
                CustomHookPolicy(),
            ],
        )
        self._clients: dict[tuple[str, str], NetworkManagementClient | PrivateDnsManagementClient] = {}
        self.generic: AsyncARMPipelineClient[Any, Any] = AsyncARMPipelineClient(
            self.endpoint, pipeline=self._pipeline, policies=[]
        )

    async def principal(self) -> str:
        """The object id in the identity's own token; empty where there is no token, or it has none.

        Source: Microsoft Learn, "Access token claims reference" (`oid`).
        """
        try:
            token = (await self._credential.get_token(self._scope)).token
        except AzureError:
            return ""
        payload = token.split(".")[1] if token.count(".") == 2 else ""
        try:
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except ValueError:
            return ""
        return clean(str(claims.get("oid") or "")) if isinstance(claims, dict) else ""

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
