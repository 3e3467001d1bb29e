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
    if "*" not in pattern:
        return pattern
    return _WILDCARDS.sub(lambda found: "?" * found[0].count("?") + "*", pattern)


def fits(pattern: str, text: str) -> bool:
    """The whole text fits. Both are compared as they are: fold the case of both where it does not count."""
    return _takes(pattern, text, "") if is_glob(pattern) else pattern == text


def _takes(pattern: str, text: str, but: str) -> bool:
    """`but`: the character that `?` does not take.

    Each part between stars is taken where it first occurs, so the time grows with the product of the two
    lengths at most. A regular expression with several stars would try far more.
    """
    first, *rest = pattern.split("*")
    if not _at(first, text, 0, but):
        return False
    if not rest:
        return len(first) == len(text)
    reached = len(first)
    for part in rest[:-1]:
        reached = _after(part, text, reached, but)
        if reached < 0:
            return False
    end = len(text) - len(rest[-1])
    return end >= reached and _at(rest[-1], text, end, but)


def _at(part: str, text: str, place: int, but: str) -> bool:
    """The text has this part there."""
    if "?" not in part:
        return text.startswith(part, place)
    if place + len(part) > len(text):
        return False
    there = zip(part, text[place : place + len(part)], strict=True)
    return all(found != but if char == "?" else found == char for char, found in there)


def _after(part: str, text: str, start: int, but: str) -> int:
    """The place after the first occurrence of this part from `start` on; -1: there is none."""
    if "?" not in part:
        found = text.find(part, start)
        return found if found < 0 else found + len(part)
    places = range(start, len(text) - len(part) + 1)
    return next((at + len(part) for at in places if _at(part, text, at, but)), -1)


def covers(wide: str, narrow: str) -> bool:
    """Every text that fits `narrow` fits `wide`. Both in their normal form; never true by mistake."""
    if wide in (narrow, "*"):
        return True
    if not is_glob(wide) or not narrow.startswith(fixed_start(wide)):
        return False
    # As a text, `narrow` has stars where it takes any number of characters, which a `?` does not
    return _takes(wide, narrow, "*")


@functools.lru_cache(maxsize=8192)
def fixed_start(pattern: str) -> str:
    """What every fitting text begins with."""
    found = _FIXED.match(pattern)
    return found[0] if found else ""
