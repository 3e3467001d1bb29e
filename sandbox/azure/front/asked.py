"""One request to what ARM or a provider answers beside resources, as the functions of services.py get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sandbox.azure.front import relaxed_json
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Request, Response
from sandbox.azure.kernel.world import World

type Send = Callable[[Request, str], Response]


@dataclass(frozen=True, slots=True)
class Asked:
    """names: the variable parts of the path, as written.
    send: hands a request to the gateway, as a principal; it raises ArmError.
    """

    world: World
    request: Request
    principal: str
    names: Mapping[str, str]
    send: Send

    @property
    def body(self) -> Json:
        """The request's JSON object; `{}` when there was none. Raises ArmError 400 for no JSON."""
        body = self.request.body
        if isinstance(body, str):
            try:
                body = relaxed_json.read(body)
            except ValueError as error:
                raise refusals.bad_body() from error
        return body if isinstance(body, dict) else {}

    @property
    def subscription(self) -> ArmId:
        """The subscription that the path names. Raises KeyError for a path of the tenant."""
        return ArmId(self.names["subscription"])

    @property
    def scope(self) -> ArmId:
        """What the path names before the last `/providers`: a subscription, a group or a resource.

        Raises ArmError 404 for anything else.
        """
        try:
            return ArmId.parse(self.names["scope"])
        except ValueError as error:
            raise refusals.unknown_path(self.request.path) from error

    def authorize(self, action: str, scope: str = "") -> None:
        """Check a right, on the subscription by default. Raises ArmError 403."""
        self.world.authorize(self.principal, action, scope or self.subscription.text)

    def named(self, **names: str) -> Asked:
        """The same request with other variable parts."""
        return replace(self, names={**self.names, **names})
