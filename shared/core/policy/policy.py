"""The operator's policy, `connectivity.yaml`: who is connected, from where, and what Causeway may touch.

Only the operator writes it. A resource's tags can choose one of its profiles,
and never carry an id of their own. The models are the reference: `connectivity.schema.json` is made from
them, field docstrings included (`python -m shared.core.policy.policy > connectivity.schema.json`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import StrictBool, StrictStr, ValidationError

from shared.core.base.errors import Fault, PolicyError
from shared.core.catalogue.catalogue import Catalogue, Cloud, load
from shared.core.policy.checks.all import between
from shared.core.policy.checks.fields import across
from shared.core.policy.draft import Draft, read_draft, without_unknown
from shared.core.policy.faults import Found, translated
from shared.core.policy.keys import keys_at
from shared.core.policy.parts import Drift, Limits, Naming, NetworkSet, OptIn, Repair, Rule
from shared.core.policy.profile import Profile
from shared.core.policy.selectors import Selector
from shared.core.policy.text import read_yaml
from shared.core.policy.values import ManagementGroup, Mode, Part, ProfileName, SetName, Subscription, TagName

__all__ = [
    "Drift",
    "Findings",
    "Limits",
    "Naming",
    "NetworkSet",
    "OptIn",
    "Policy",
    "Repair",
    "Rule",
    "check",
    "json_schema",
]


class Policy(Part):
    """Causeway's policy: who is connected, from where, and what may be touched."""

    version: Literal[1]
    """The version of this file's format."""
    cloud: Cloud = "AzureCloud"
    """The Azure cloud that everything named here is in."""
    mode: Mode = "apply"
    """How far it goes: `observe` (read and report), `plan` (also record what would be written), `apply`. What
    is nearest counts: the rule's, the profile's, this one. The setting CAUSEWAY_MODE bounds all of them."""
    opt_in: OptIn = OptIn()
    """How a resource comes to be connected."""
    subscriptions: tuple[Subscription, ...] = ()
    """Watched subscriptions: resources elsewhere are never read or connected."""
    management_groups: tuple[ManagementGroup, ...] = ()
    """Watched management groups: every subscription below them is watched."""
    exclude: tuple[Selector, ...] = ()
    """Resources that are left alone, whatever rules and tags say. An entry with two fields leaves out less
    than one with either alone."""
    exclude_managed: StrictBool | None = None
    """Leave resources alone in groups that a service manages (`managedBy`), such as those of Databricks and
    AKS. Default: true beside `rules`; without rules a tag connects them all the same."""
    networks: Mapping[SetName, NetworkSet] = {}
    """Sets of networks by name: a list of ids, or a selector."""
    rules: tuple[Rule, ...] = ()
    """Which profile serves which resources: the first that matches counts. Without a match: `default`, where
    a tag or `always` asks."""
    profiles: Mapping[ProfileName, Profile]
    """The ways to be connected, by name. `default` serves `enabled` and the types under `always`."""
    naming: Naming = Naming()
    """Names of what we make."""
    tags: Mapping[TagName, StrictStr] = {}
    """Tags on all that we make and that has tags: text, and copies such as {tag:cost-centre|unassigned}. On
    what resources share only the text and the `otherwise`."""
    drift: Drift = Drift()
    """The timer that finds changes that events did not report."""
    limits: Limits = Limits()
    """Bounds on what one mistake can do."""

    @staticmethod
    def parse(text: str, catalogue: Catalogue | None = None) -> Policy:
        """Read the policy's YAML. Types and groups are checked against `catalogue`, or the app's own.

        Raises PolicyError with every fault that can be found at once: its path, line, value and remedy.
        """
        found = check(text, catalogue)
        if found.policy is None:
            raise PolicyError(found.faults)
        return found.policy


@dataclass(frozen=True, slots=True)
class Findings:
    """What there is to say about a policy's text, each with its line and column.

    `policy`: None where there are faults. Warnings name what is probably not meant; the policy counts.
    """

    policy: Policy | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def check(text: str, catalogue: Catalogue | None = None) -> Findings:
    """Read the policy's YAML and check all of it. Raises nothing, whatever the text is."""
    known = catalogue or load()
    try:
        document = read_yaml(text)
    except PolicyError as unreadable:
        return Findings(None, unreadable.faults)
    policy, draft, found = _read(document.values, known)
    placed = document.placed([*document.faults, *found, *across(document.values, known), *between(draft)])
    faults = tuple(fault for fault in placed if fault.level == "fault")
    warnings = tuple(fault for fault in placed if fault.level == "warning")
    return Findings(None if faults else policy, faults, warnings)


def _read(values: Mapping[Any, Any], known: Catalogue) -> tuple[Policy | None, Draft, list[Found]]:
    """The policy, its parts as far as they can be read, and the faults of its fields."""
    try:
        policy = Policy.model_validate(values, context=known)
        return policy, _parts(policy, known), []
    except ValidationError as wrong:
        details = wrong.errors(include_url=False)
        without_unknown(values, details)
        return None, read_draft(values, known), translated(details, lambda path: keys_at(path, Policy))


def _parts(policy: Policy, known: Catalogue) -> Draft:
    return Draft(
        known,
        policy.cloud,
        policy.subscriptions,
        policy.management_groups,
        policy.opt_in,
        policy.exclude,
        policy.networks,
        policy.rules,
        policy.profiles,
        policy.naming,
        policy.tags,
        policy.limits,
    )


def json_schema() -> dict[str, Any]:
    """The policy as a JSON Schema, with which an editor completes and explains what is typed."""
    schema = Policy.model_json_schema()
    any_case = schema["$defs"]["TypeName"]
    schema["$defs"]["TypeName"] = {"anyOf": [{"enum": sorted(load().types)}, any_case]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
