"""The policy in a blob, read by the app's identity.

One conditional GET: a blob that has not changed answers 304 without its content (Microsoft Learn: "Specifying
conditional headers for Blob service operations"). The pipeline is short: no redirect can lead the token to
another host, and no URL is logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, RequestIdPolicy, UserAgentPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from shared.core.base.errors import BlockedError, CausewayError, PermanentError, TransientError, clean
from shared.core.base.role_table import POLICY_READER
from shared.core.policy.in_force import MAX_BYTES, PolicyText

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AsyncHttpTransport

SCOPE = "https://storage.azure.com/.default"  # of every storage account (Microsoft Learn: BlobAudience)
VERSION = "2021-08-06"  # of the blob service's REST API
READER = POLICY_READER.called
_TRANSIENT = frozenset({408, 429})
_REMEDIES = {
    401: f"turn the app's managed identity on, and give it the role {READER} on the container",
    403: (
        f"give the app's identity the role {READER} on the container (a new assignment takes minutes), and "
        "let the storage account's firewall and network let the app through"
    ),
    404: "upload the policy to this container and name, or correct the setting",
}


class BlobPolicy:
    """A blob at this URL. The caller closes the transport and the credential."""

    interval = 30.0  # a change counts within a minute of it

    def __init__(
        self,
        url: str,
        identity: AsyncTokenCredential,
        transport: AsyncHttpTransport[Any, Any],
        interval: float | None = None,
    ) -> None:
        self._url = url
        self.interval = self.interval if interval is None else interval
        token = AsyncBearerTokenCredentialPolicy(identity, SCOPE)
        policies: list[Any] = [RequestIdPolicy(), UserAgentPolicy(user_agent="causeway"), token]
        self._pipeline: AsyncPipeline[Any, Any] = AsyncPipeline(transport, policies)

    @property
    def where(self) -> str:
        """The URL, which has no secret (`core/policy/location.py`)."""
        return self._url

    async def read(self, unless: str) -> PolicyText | None:
        """As `ports.PolicySource`, by ETag.

        Raises BlockedError where a person has to act, TransientError where it passes by itself.
        """
        try:
            return await self._read(unless)
        except ClientAuthenticationError as error:
            raise BlockedError("NoIdentity", clean(str(error), 300), _REMEDIES[401]) from error
        except (AzureError, OSError) as error:
            raise TransientError(clean(str(error), 300), code="PolicyUnreachable") from error

    async def _read(self, unless: str) -> PolicyText | None:
        headers = {"x-ms-version": VERSION} | ({"If-None-Match": unless} if unless else {})
        ran = await self._pipeline.run(HttpRequest("GET", self._url, headers=headers), stream=True)
        response = ran.http_response
        try:
            if response.status_code == 304:
                return None
            if response.status_code != 200:
                raise _error(response.status_code, response.headers.get("x-ms-error-code", ""))
            return PolicyText(await _content(response), response.headers.get("ETag", ""))
        finally:
            await response.close()


async def _content(response: AsyncHttpResponse) -> bytes:
    """The body, no more of it than a policy may have and a byte."""
    content = b""
    async for part in response.iter_raw():
        content += part
        if len(content) > MAX_BYTES:
            break
    return content[: MAX_BYTES + 1]


def _error(status: int, code: str) -> CausewayError:
    named = clean(code, 80) or f"Http{status}"
    if status in _TRANSIENT or status >= 500:
        return TransientError(f"the storage service answered {status} {named}", code=named)
    if remedy := _REMEDIES.get(status):
        return BlockedError(named, f"the storage service answered {status} {named}", remedy)
    return PermanentError(named, f"the storage service answered {status} {named}")
