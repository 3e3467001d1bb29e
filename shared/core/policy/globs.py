"""Patterns of the policy's selectors: `*` is any characters, `?` is one, and the whole value must fit.

There are no regular expressions: whether one pattern takes all that another one takes can be decided, so a
rule that is never reached can be found before the policy counts.
"""

import functools
import re

# Characters of regular expressions and templates. Names of Azure's resources have none of them but the
# parentheses of resource groups, which `?` takes.
NOT_IN_PATTERNS = re.compile(r"[\[\]{}()|^$+\\]")
_WILDCARDS = re.compile(r"[*?]*\*[*?]*")
_FIXED = re.compile(r"[^*?]*")


def is_glob(pattern: str) -> bool:
    """It has a wildcard, so that it can take more than one value."""
    return "*" in pattern or "?" in pattern


def normal(pattern: str) -> str:
    """One form of equal patterns: `*?*` and `?*` take the same values."""
    return _WILDCARDS.sub(lambda found: "?" * found[0].count("?") + "*", pattern)


def fits(pattern: str, text: str) -> bool:
    """The whole text fits. Both are compared as they are: fold the case of both where it does not count."""
    return _compiled(pattern).match(text) is not None if is_glob(pattern) else pattern == text


@functools.lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(char) or re.escape(char) for char in pattern) + r"\Z", re.DOTALL)


def covers(wide: str, narrow: str) -> bool:
    """Every text that fits `narrow` fits `wide`. Both in their normal form; never true by mistake."""
    if wide in (narrow, "*"):
        return True
    if not is_glob(wide) or not narrow.startswith(fixed_start(wide)):
        return False
    return _covers(wide, narrow) if is_glob(narrow) else fits(wide, narrow)


@functools.lru_cache(maxsize=8192)
def fixed_start(pattern: str) -> str:
    """What every fitting text begins with."""
    found = _FIXED.match(pattern)
    return found[0] if found else ""


def _covers(wide: str, narrow: str) -> bool:
    """Which parts of `narrow` each part of `wide` can take: a star takes any, `?` and letters one each."""
    reached = _after_stars(wide, {0})
    for char in narrow:
        following = {at for at in reached if at < len(wide) and wide[at] == "*"}
        if char != "*":
            following |= {at + 1 for at in reached if at < len(wide) and wide[at] in ("?", char)}
        reached = _after_stars(wide, following)
    return len(wide) in reached


def _after_stars(pattern: str, places: set[int]) -> set[int]:
    """A star may take nothing."""
    found = set(places)
    for at in sorted(places):
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            found.add(at)
    return found
