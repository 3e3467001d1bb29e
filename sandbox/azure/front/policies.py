"""Azure Policy at a write: rules that change what was sent (modify, append), then those that deny it.

Sources: docs/azure/resource-manager.md, ARM-18 and ARM-31 to ARM-33. The control API sets the rules
(docs/sandbox.md). A rule judges the resource of the request: subnets inside a network's body are fields of
the network (ARM-60).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sandbox.azure.front.fields import Path, path_of, paths_in, remove, value_at, write
from sandbox.azure.front.policy_rules import Operation, Rule
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.model import Json, copied
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.world import World

EFFECTS = ("deny", "modify", "append")
INHERITED_TAG = re.compile(r"\[resourceGroup\(\)\.tags\['(.+)'\]\]")


def configure(world: World, given: Json) -> Json:
    """Replace the rules of each effect that is named: `{"deny": [..], "modify": [..], "append": [..]}`.

    Raises ValueError for another effect, for none, and for a rule that cannot be read.
    """
    unknown = set(given) - set(EFFECTS)
    if unknown or not given:
        raise ValueError(f"the effects are {', '.join(EFFECTS)}")
    parsed = {effect: [Rule.parse(effect, one) for one in rules] for effect, rules in given.items()}
    world.memory.setdefault("policies", {}).update(parsed)
    return given


def apply(call: Call) -> None:
    """Change the body of a PUT or PATCH by modify and append, then refuse it by deny. Raises ArmError 403."""
    if not call.world.memory.get("policies"):
        return
    body = copied(call.body)
    for rule in _rules(call, "modify"):
        for operation in rule.operations:
            _modify(call, body, operation)
    violated = [rule for rule in _rules(call, "append") if not _append(call, body, rule)]
    violated += [rule for rule in _rules(call, "deny") if _denies(call, body, rule)]
    if violated:
        infos = [rule.info(call.id) for rule in violated]
        raise refusals.denied_by_policy(call.id, infos, [rule.message for rule in violated if rule.message])
    call.request = replace(call.request, body=body)


def _rules(call: Call, effect: str) -> Iterator[Rule]:
    rules: list[Rule] = call.world.memory["policies"].get(effect, [])
    return (rule for rule in rules if rule.applies(call))


def _modify(call: Call, body: Json, change: Operation) -> None:
    for path in paths_in(_resulting(call, body), path_of(change.field)):
        _modify_one(call, body, change, path)


def _modify_one(call: Call, body: Json, change: Operation, path: Path) -> None:
    value, now = _value(call, change), value_at(_resulting(call, body), path)
    if change.operation == "remove":
        if now is not None:
            remove(_with_own_tags(call, body, path), path)
    elif value is not None and (now is None or (change.operation == "addOrReplace" and now != value)):
        write(_with_own_tags(call, body, path), path, value)


def _append(call: Call, body: Json, rule: Rule) -> bool:
    """Add the fields of an append rule. False when the request has another value, which is refused."""
    resulting = _resulting(call, body)
    wanted = [(one, path) for one in rule.operations for path in paths_in(resulting, path_of(one.field))]
    for change, path in wanted:
        value, now = _value(call, change), value_at(resulting, path)
        if now is not None and not _equal(now, value):
            return False
        if now is None and value is not None:
            write(_with_own_tags(call, body, path), path, value)
    return True


def _denies(call: Call, body: Json, rule: Rule) -> bool:
    resulting = _resulting(call, body)
    wrong = any(
        not _equal(value_at(resulting, path), value)
        for field, value in rule.unless
        for path in paths_in(resulting, path_of(field))
    )
    lacks = any(
        value_at(resulting, path) is None
        for field in rule.exists
        for path in paths_in(resulting, path_of(field))
    )
    return wrong or lacks or not (rule.unless or rule.exists)


def _equal(one: Any, other: Any) -> bool:
    """Azure Policy compares without case (docs/azure/resource-manager.md, ARM-31)."""
    return str(one).lower() == str(other).lower()


def _value(call: Call, change: Operation) -> Any:
    """The value of an operation; None for a tag that the resource group does not have."""
    inherited = INHERITED_TAG.fullmatch(str(change.value))
    if inherited is None:
        return copied(change.value)
    group = call.world.find(call.id.group_id)
    return value_at(group.tags, (inherited[1],)) if group is not None else None


def _resulting(call: Call, body: Json) -> Json:
    """The resource as the request would leave it: a PATCH is judged with what is stored."""
    if call.request.method != "PATCH":
        return body
    return _merged(call.stored.body, body) | ({"tags": body["tags"]} if "tags" in body else {})


def _merged(stored: Json, sent: Json) -> Json:
    both = {
        name: _merged(stored[name], value)
        for name, value in sent.items()
        if isinstance(value, dict) and isinstance(stored.get(name), dict)
    }
    return stored | sent | both


def _with_own_tags(call: Call, body: Json, path: Path) -> Json:
    """The body; a PATCH replaces all tags, so one that gets its first tag here keeps the stored ones."""
    if path[0] == "tags" and call.request.method == "PATCH" and body.get("tags") is None:
        body["tags"] = dict(call.stored.tags)
    return body
