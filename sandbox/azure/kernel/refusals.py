"""Errors that ARM itself answers, for every type. Texts are those of public recordings.

Sources: docs/azure/resource-manager.md, ARM-03 to ARM-30; docs/azure/errors-and-locks.md, ERR-01 and ERR-02.
"""

from __future__ import annotations

import json

from sandbox.azure.kernel.directory import client_text
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json


def _gateway(status: int, code: str, message: str) -> ArmError:
    return ArmError(status, code, message, cause="gateway")


def named(id: ArmId) -> str:
    """`Microsoft.Network/virtualNetworks/hub/subnets/one`: types and names as ARM's texts mix them."""
    namespace, *kinds = id.type.split("/")
    return "/".join([namespace, *(f"{kind}/{name}" for kind, name in zip(kinds, id.names, strict=True))])


def no_api_version() -> ArmError:
    return _gateway(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def bad_api_version(text: str) -> ArmError:
    """Source: public ARM error text."""
    return _gateway(400, "InvalidApiVersionParameter", f"The api-version '{text}' is invalid.")


def unauthenticated(origin: str) -> ArmError:
    """401; the body is assumed (ARM-21), the header is what clients need."""
    error = _gateway(
        401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
    )
    error.headers["WWW-Authenticate"] = (
        f'Bearer authorization_uri="{origin}/common", error="invalid_token", '
        'error_description="The authentication scheme Bearer is required."'
    )
    return error


def no_subscription(id: ArmId) -> ArmError:
    return _gateway(404, "SubscriptionNotFound", f"The subscription '{id.subscription}' could not be found.")


def no_group(id: ArmId) -> ArmError:
    return _gateway(404, "ResourceGroupNotFound", f"Resource group '{id.group}' could not be found.")


def no_resource(id: ArmId) -> ArmError:
    return _gateway(
        404,
        "ResourceNotFound",
        f"The Resource '{named(id)}' under resource group '{id.group}' was not found. For more details "
        "please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def no_child(id: ArmId) -> ArmError:
    """A missing child of a network resource that exists: the network service's own 404 (ARM-13)."""
    return ArmError(404, "NotFound", f"Resource {id.text} not found.", details=[])


def no_parent(parent: ArmId) -> ArmError:
    """Something below a missing resource is asked for (ARM-14)."""
    return _gateway(
        404,
        "ParentResourceNotFound",
        "Can not perform requested operation on nested resource. "
        f"Parent resource '{'/'.join(parent.names)}' not found.",
    )


def failed_without_parent(verb: str, id: ArmId, parent: ArmId) -> ArmError:
    """Another text for the same: `verb` is read or delete; the type is the one right below the parent
    (docs/azure/services.md, SVC-02).
    """
    kinds = id.type.split("/")[1 : len(parent.names) + 2]
    return _gateway(
        404,
        "ParentResourceNotFound",
        f"Failed to perform '{verb}' on resource(s) of type '{'/'.join(kinds)}', because the parent "
        f"resource '{parent.text}' could not be found.",
    )


def no_type(type_name: str, version: str) -> ArmError:
    namespace, _, kind = type_name.partition("/")
    return _gateway(
        404,
        "InvalidResourceType",
        f"The resource type '{kind}' could not be found in the namespace '{namespace}' for api version "
        f"'{version}'.",
    )


def no_method(method: str) -> ArmError:
    return _gateway(405, "MethodNotAllowed", f"The method '{method}' is not supported for this resource.")


def unknown_path(path: str) -> ArmError:
    return _gateway(404, "InvalidRequestUri", f"No resource is served at '{path}'.")


def bad_body() -> ArmError:
    return _gateway(
        400,
        "InvalidRequestContent",
        "The request content was invalid and could not be deserialized: 'A JSON object is needed.'.",
    )


def no_location() -> ArmError:
    return _gateway(400, "LocationRequired", "The location property is required for this definition.")


def moved(id: ArmId, here: str, there: str) -> ArmError:
    """Source: public ARM error text (Microsoft Learn: resolve errors for invalid location)."""
    return _gateway(
        409,
        "InvalidResourceLocation",
        f"The resource '{id.name}' already exists in location '{here}' in resource group '{id.group}'. A "
        f"resource with the same name cannot be created in location '{there}'. Please select a new resource "
        "name.",
    )


def group_being_deleted(id: ArmId) -> ArmError:
    """Source: public ARM error text."""
    return _gateway(
        409,
        "ResourceGroupBeingDeleted",
        f"The resource group '{id.group}' is in deprovisioning state and cannot perform this operation.",
    )


def being_moved(id: ArmId) -> ArmError:
    """A write in a group whose lock a move holds (docs/azure/resource-manager.md, ARM-38)."""
    return _gateway(
        409,
        "ResourcesBeingMoved",
        f"The resource group '{id.group}' is being updated and cannot perform this operation.",
    )


def not_top_level(id: ArmId) -> ArmError:
    """A move that names a child (docs/azure/resource-manager.md, ARM-39)."""
    return _gateway(400, "ResourceNotTopLevel", f"Identifier '{id.text}' is not a top level resource.")


def not_in_group(id: ArmId, group: ArmId) -> ArmError:
    """A move that names a resource of another group; the code is assumed (ARM-39)."""
    return _gateway(
        400, "InvalidResourceId", f"The resource '{id.text}' is not in resource group '{group.group}'."
    )


def scope_locked(id: ArmId, verb: str, locked: list[str]) -> ArmError:
    """Source: public ARM error text (Microsoft Learn: lock your resources)."""
    return _gateway(
        409,
        "ScopeLocked",
        f"The scope '{id.text}' cannot perform {verb} operation because following scope(s) are locked: "
        f"'{','.join(locked)}'. Please remove the lock and try again.",
    )


def not_registered(namespace: str) -> ArmError:
    return _gateway(
        409,
        "MissingSubscriptionRegistration",
        f"The subscription is not registered to use namespace '{namespace}'. See "
        "https://aka.ms/rps-not-found "
        "for how to register subscriptions.",
    )


def denied_by_policy(id: ArmId, infos: list[Json], reasons: list[str]) -> ArmError:
    """The refusal of Azure Policy (docs/azure/resource-manager.md, ARM-18).

    infos: the violated policies, as `additionalInfo` shows them. reasons: non-compliance messages; with one,
    the text names these in place of the policies' ids.
    """
    if reasons:
        named = ",".join(f"'{one}'" for one in reasons)
        text = f"Reasons: {named}. See error details for policy resource IDs."
    else:
        listed = json.dumps([_identifiers(one) for one in infos], separators=(",", ":"))
        text = f"Policy identifiers: '{listed}'."
    error = _gateway(
        403, "RequestDisallowedByPolicy", f"Resource '{id.name}' was disallowed by policy. {text}"
    )
    error.extra = {
        "target": id.name,
        "additionalInfo": [{"type": "PolicyViolation", "info": one} for one in infos],
    }
    return error


def _identifiers(info: Json) -> Json:
    return {
        "policyAssignment": {"name": info["policyAssignmentName"], "id": info["policyAssignmentId"]},
        "policyDefinition": {"name": info["policyDefinitionName"], "id": info["policyDefinitionId"]},
    }


def denied_by_assignment(
    principal: str, action: str, scope: str, name: str, guid: str, assigned: str
) -> ArmError:
    """The refusal of the deny assignment `name` at the scope `assigned` (docs/azure/resource-manager.md,
    ARM-34).
    """
    return _gateway(
        403,
        "DenyAssignmentAuthorizationFailed",
        f"{client_text(principal)} has permission to perform action '{action}' on scope '{scope}'; however, "
        f"the access is denied because of the deny assignment with name '{name}' and Id "
        f"'{guid.replace('-', '')}' at scope '{assigned}'.",
    )


def bad_tags(text: str) -> ArmError:
    """Source: ARM-16; the code is assumed."""
    return _gateway(400, "InvalidTagNameCharacters" if "characters" in text else "InvalidTags", text)


def wrong_signature() -> ArmError:
    """A polling URL whose signature parameters were changed; the code is assumed
    (docs/azure/long-running-operations.md, LRO-05)."""
    return _gateway(403, "Forbidden", "The signature of the operation's URL is not valid.")


def no_operation(operation: str) -> ArmError:
    return ArmError(404, "OperationNotFound", f"The operation '{operation}' could not be found.")
