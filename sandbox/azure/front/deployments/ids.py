"""Ids of what a template names by type and name, and the functions that make them.

Source: docs/azure/deployments.md, DEP-03. A scope is the id of a subscription or of a group, as text.
"""

from __future__ import annotations

from typing import Any

from sandbox.azure.front.deployments.expressions import Function, TemplateError
from sandbox.azure.kernel.ids import GROUP_TYPE


def resource_id(scope: str, kind: str, *names: str) -> str:
    """The id of a resource below a scope: `a/b` is the type `N/a/b` with the names of both."""
    namespace, *kinds = kind.split("/")
    parts = [part for name in names for part in str(name).split("/")]
    if len(kinds) != len(parts) or not kinds:
        raise TemplateError(
            f"The resource type '{kind}' has {len(kinds)} segments and the name '{'/'.join(parts)}' has "
            f"{len(parts)}: they must be equal."
        )
    if kind.lower() == GROUP_TYPE.lower():
        return f"{subscription_of(scope)}/resourceGroups/{parts[0]}"
    pairs = "".join(f"/{one}/{name}" for one, name in zip(kinds, parts, strict=True))
    return f"{scope}/providers/{namespace}{pairs}"


def subscription_of(scope: str) -> str:
    """`/subscriptions/{id}` of a scope."""
    return "/".join(scope.split("/")[:3])


def id_functions(scope: str) -> dict[str, Function]:
    """`resourceId` and its relatives, below the scope of a deployment."""

    def of_resource(*arguments: Any) -> str:
        """`resourceId([subscription], [group], type, names...)`: what has a slash first is the type."""
        place = next((place for place, one in enumerate(arguments) if "/" in str(one)), None)
        if place is None:
            raise TemplateError("resourceId needs a fully qualified resource type.")
        kind, names, before = arguments[place], arguments[place + 1 :], list(arguments[:place])
        where = scope
        if len(before) == 2:
            where = f"/subscriptions/{before[0]}/resourceGroups/{before[1]}"
        elif before:
            where = f"{subscription_of(scope)}/resourceGroups/{before[0]}"
        return resource_id(where, kind, *names)

    def of_subscription(*arguments: Any) -> str:
        if "/" in str(arguments[0]):
            return resource_id(subscription_of(scope), *arguments)
        return resource_id(f"/subscriptions/{arguments[0]}", *arguments[1:])

    return {
        "resourceid": of_resource,
        "subscriptionresourceid": of_subscription,
        "extensionresourceid": lambda base, kind, *names: resource_id(str(base).rstrip("/"), kind, *names),
        "tenantresourceid": lambda kind, *names: resource_id("", kind, *names),
    }
