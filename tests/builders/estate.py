"""The enterprise scenario and the policy for it, and how the scenario says that each resource must end.

The form of these comments is described at the head of sandbox/scenarios/enterprise.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.core.policy.policy import Policy

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "sandbox" / "scenarios" / "enterprise.yaml"
POLICY = ROOT / "docs" / "examples" / "enterprise.yaml"
NOTHING = "nothing"

COMMENT = re.compile(r"^  # (ends|applied): (.+)$")
RESOURCE = re.compile(r"^  - (?:\{)?id: ([^,}\s]+)")
ENDING = re.compile(
    r"(?P<result>\w+)(?: (?P<code>[A-Z]\w+))?(?: by \"(?P<rule>[^\"]+)\")?(?: with (?P<profile>\S+))?"
    r"(?: in (?P<subnets>\S+(?: and \S+)*?))?(?: because of (?P<key>\S+))?"
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a resource must end. Empty: the comment does not say it.

    result: a Result, or NOTHING. subnets: `network/subnet` of each endpoint, sorted. key: the part of the
    policy that leaves it alone.
    """

    result: str
    code: str = ""
    rule: str = ""
    profile: str = ""
    subnets: tuple[str, ...] = ()
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> Ending:
        """Read one comment. Raises ValueError for one of another form."""
        found = ENDING.fullmatch(text)
        if found is None:
            raise ValueError(f"no ending: {text}")
        parts = {name: value or "" for name, value in found.groupdict().items()}
        subnets = tuple(sorted(filter(None, parts.pop("subnets").split(" and "))))
        return cls(**parts, subnets=subnets)


@dataclass(frozen=True, slots=True)
class Expected:
    """The two endings of a resource: with the policy as it is, and with `mode: apply` in it."""

    planned: Ending
    applied: Ending


def expected(text: str) -> Mapping[str, Expected]:
    """The endings of a scenario, by the ids of its resources."""
    return dict(_endings(text.splitlines()))


def _endings(lines: list[str]) -> Iterator[tuple[str, Expected]]:
    said: dict[str, Ending] = {}
    for line in lines:
        if comment := COMMENT.match(line):
            said[comment[1]] = Ending.parse(comment[2])
        elif (resource := RESOURCE.match(line)) and said:
            yield resource[1], Expected(said["ends"], said.get("applied", said["ends"]))
            said = {}


def policy(mode: str = "plan") -> Policy:
    """The policy for the estate, with this mode at the top of the file."""
    text, count = re.subn(r"^mode: \w+", f"mode: {mode}", POLICY.read_text(), flags=re.MULTILINE)
    if count != 1:
        raise ValueError("the policy has no mode of its own")
    return Policy.parse(text)
