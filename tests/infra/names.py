"""Names in Bicep files: what is used is declared, and modules get the parameters that they have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from tests.infra.syntax import (
    Declared,
    Finding,
    Source,
    inner,
    nodes,
    properties,
    string,
    text,
)

# Bicep's functions (Microsoft Learn, "Bicep functions").
_FUNCTIONS = """
any array base64 base64ToJson base64ToString bool cidrHost cidrSubnet coalesce concat contains createArray
createObject dataUri dataUriToString dateTimeAdd dateTimeFromEpoch dateTimeToEpoch deployer deployment empty
endsWith environment extensionResourceId fail filter first flatten format getSecret groupBy guid indexOf int
intersection items join json last lastIndexOf length list listKeys loadDirectoryFileInfo loadFileAsBase64
loadJsonContent loadTextContent loadYamlContent managementGroup managementGroupResourceId map mapValues max
min nameof newGuid objectKeys padLeft parseCidr pickZones providers range readEnvironmentVariable reduce
reference replace resourceGroup resourceId shallowMerge skip sort split startsWith string subscription
subscriptionResourceId substring take tenant tenantResourceId toLower toObject toUpper trim union uniqueString
uri uriComponent uriComponentToString utcNow
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
LOADS = ("loadJsonContent", "loadTextContent", "loadYamlContent", "loadFileAsBase64")
SCOPE_FUNCTIONS = {
    "resourceGroup": "resourceGroup",
    "subscription": "subscription",
    "managementGroup": "managementGroup",
    "tenant": "tenant",
}
LITERALS = {
    "string": "string",
    "number": "int",
    "boolean": "bool",
    "object": "object",
    "array": "array",
    "for_statement": "array",
}


def check_names(source: Source) -> Iterator[Finding]:
    """Names that nothing declares, unknown functions, missing files, and modules that are used wrongly."""
    declared = frozenset(one.name for one in source.declared if one.kind != "output")
    for one in source.declared:
        yield from _used(source, one.node, declared)
    yield from _twice(source)
    yield from _files(source)
    for module in source.of("module").values():
        yield from _module(source, module)
    yield from _outputs(source)


def unused(source: Source) -> list[Finding]:
    """Parameters and variables that nothing uses."""
    uses = [
        text(node) for node in nodes(source.root) if node.type == "identifier" and not _names_something(node)
    ]
    mine = [one for one in source.declared if one.kind in ("param", "var")]
    return [source.found(one.node, f"{one.name} is not used") for one in mine if one.name not in uses]


def _used(source: Source, node: Node, known: frozenset[str]) -> Iterator[Finding]:
    if node.type in ("decorators", "type"):
        return
    known |= _bound(node)
    if node.type == "identifier" and not _names_something(node) and text(node) not in known:
        yield source.found(node, f"{text(node)} is not declared")
    if node.type == "call_expression" and node.named_children[0].type == "identifier":
        name = text(node.named_children[0])
        if name not in FUNCTIONS:
            yield source.found(node, f"there is no function {name}")
    for child in node.named_children:
        yield from _used(source, child, known)


def _bound(node: Node) -> frozenset[str]:
    """Names that are known below this node only: of loops, lambdas and nested resources."""
    if node.type == "for_statement":
        first = node.named_children[0]
        return frozenset(map(text, first.named_children if first.type == "for_loop_parameters" else [first]))
    if node.type == "arguments":
        return frozenset(
            text(one.named_children[0]) for one in nodes(node) if one.type == "lambda_expression"
        )
    if node.type == "resource_declaration":
        below = (one for one in nodes(node) if one.type == "resource_declaration")
        return frozenset(text(one.named_children[0]) for one in below)
    return frozenset()


def _names_something(node: Node) -> bool:
    """The identifier is a key, a declared name or a function: nothing that has to be declared elsewhere."""
    parent = node.parent
    if parent is None:
        return False
    first = parent.named_children[0] == node
    later = parent.type == "resource_expression" and not first  # the nested resource in outer::nested
    return later or (
        first
        and (
            parent.type in ("object_property", "call_expression", "lambda_expression")
            or "declaration" in parent.type
        )
    )


def _twice(source: Source) -> Iterator[Finding]:
    seen = set[str]()
    for one in source.declared:
        space = f"{'output ' if one.kind == 'output' else ''}{one.name}"
        if space in seen:
            yield source.found(one.node, f"{one.name} is declared twice")
        seen.add(space)


def _files(source: Source) -> Iterator[Finding]:
    for node in nodes(source.root):
        if node.type == "call_expression" and text(node.named_children[0]) in LOADS:
            path = string(node.named_children[1].named_children[0]) or ""
            if not (source.path.parent / path).is_file():
                yield source.found(node, f"there is no file {path}")


def _module(source: Source, module: Declared) -> Iterator[Finding]:
    path = source.path.parent / module.literal
    if module.literal.startswith(("br:", "br/", "ts:", "ts/")):
        yield source.found(module.node, f"{module.literal} is a registry module: nothing here sees into it")
        return
    if not path.is_file():
        yield source.found(module.node, f"there is no file {module.literal}")
        return
    target = Source.read(path, path.parent)
    body = properties(inner(module.node.named_children[-1]))
    yield from _parameters(source, module, target, body.get("params"))
    yield from _scope(source, module, target, body.get("scope"))


def _parameters(source: Source, module: Declared, target: Source, params: Node | None) -> Iterator[Finding]:
    known = target.of("param")
    given = properties(params) if params is not None else {}
    for name, value in given.items():
        if name not in known:
            yield source.found(value, f"{module.literal} has no parameter {name}")
        elif (kind := _type_of(source, value)) and known[name].type not in (kind, ""):
            yield source.found(value, f"{name} of {module.literal} is {known[name].type}, not {kind}")
    for name, one in known.items():
        if one.value is None and name not in given:
            yield source.found(module.node, f"{module.literal} needs the parameter {name}")


def _scope(source: Source, module: Declared, target: Source, scope: Node | None) -> Iterator[Finding]:
    given = source.scope if scope is None else _scope_of(source, scope)
    if given != target.scope:
        yield source.found(module.node, f"{module.literal} is for the scope {target.scope}, not {given}")


def _scope_of(source: Source, node: Node) -> str:
    if node.type == "call_expression":
        return SCOPE_FUNCTIONS.get(text(node.named_children[0]), "")
    group = source.of("resource").get(text(node))
    return (
        "resourceGroup" if group and group.literal.startswith("Microsoft.Resources/resourceGroups@") else ""
    )


def _outputs(source: Source) -> Iterator[Finding]:
    modules = source.of("module")
    for node in nodes(source.root):
        found = _output(node)
        if found and found[0] in modules:
            path = source.path.parent / modules[found[0]].literal
            if path.is_file() and found[1] not in Source.read(path, path.parent).of("output"):
                yield source.found(node, f"{modules[found[0]].literal} has no output {found[1]}")


def _output(node: Node) -> tuple[str, str] | None:
    """Symbol and output of `symbol.outputs.name`."""
    if node.type != "member_expression" or node.named_children[0].type != "member_expression":
        return None
    symbol, member = node.named_children[0].named_children[0], node.named_children[0].named_children[-1]
    return (text(symbol), text(node.named_children[-1])) if text(member) == "outputs" else None


def _type_of(source: Source, node: Node) -> str:
    """The type of a value where that is certain; otherwise nothing."""
    if node.type in LITERALS:
        return LITERALS[node.type]
    if node.type == "identifier" and (one := source.of("param").get(text(node))):
        return one.type
    if node.type == "identifier" and (one := source.of("var").get(text(node))) and one.value is not None:
        return LITERALS.get(one.value.type, "")
    found = _output(node)
    module = source.of("module").get(found[0]) if found else None
    path = source.path.parent / module.literal if module else Path()
    if found and path.is_file():
        output = Source.read(path, path.parent).of("output").get(found[1])
        return output.type if output else ""
    return ""
