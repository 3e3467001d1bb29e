"""Which members of a write Azure did not keep: something else decides about them.

An Azure Policy with the effect `modify` replaces values of a request before the service sees them; the answer
is a success and shows others than were sent (Microsoft Learn: "Azure Policy definitions modify effect").
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.core.base.bodies import Json, Seen, mapping
from shared.core.base.errors import NotKept, TagsNotKept
from shared.core.kinds.kind import Wanted
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Present

SHOWN = 5  # members in one text
TAGS_NOT_KEPT = "TagsNotKept"

type Members = dict[str, Any]  # by path, such as `properties.priority`


def not_kept(want: Wanted, sent: Json, have: Seen | None, answer: Seen, observed: Observed) -> NotKept | None:
    """Why the answer to a write does not meet the need it was sent for; None where it does.

    Only what the write was to change counts, and only if the object still differs from what is desired: such
    a write is not sent again, as its answer would be the same. TagsNotKept: nothing but tags differs.
    """
    if answer.busy or not _unmet(want, answer, observed):
        return None
    changed = _changed(sent, have)
    got = _members(_writable(answer.body))
    differing = [
        (path, got.get(path)) for path, value in changed.items() if _key(got.get(path)) != _key(value)
    ]
    return _error(answer, changed, differing) if differing else None


def other_values(sent: Json, have: Seen | None, answer: Seen) -> str:
    """Tags and plain values that were sent and that the answer shows otherwise; empty where there are none.

    They hinder nothing: the object meets the need as it is.
    """
    changed, got = _changed(sent, have), _members(_writable(answer.body))
    differing = [(path, got.get(path)) for path, value in changed.items() if _plainly(path, value, got)]
    return _listed(changed, differing) if differing else ""


def _unmet(want: Wanted, answer: Seen, observed: Observed) -> bool:
    after = observed.with_object(want.id, Present(answer))
    return want.beyond_repair(answer) is not None or bool(want.drift(answer, after))


def _plainly(path: str, value: Any, got: Members) -> bool:
    if path.startswith("tags."):
        return bool(_key(got.get(path)) != _key(value))
    plain = isinstance(value, bool | int | str) and path in got
    return plain and bool(_key(got[path]) != _key(value))


def _error(answer: Seen, sent: Members, differing: list[tuple[str, Any]]) -> NotKept:
    reason = f"Azure answered the write of {answer.id.text} with success and other values than were sent"
    tags = all(path.startswith("tags.") for path, _ in differing)
    error, code = (TagsNotKept, TAGS_NOT_KEPT) if tags else (NotKept, "ValueNotKept")
    return error(
        code,
        f"{reason}: {_listed(sent, differing)}",
        "find what sets it, such as an Azure Policy assignment with the effect modify, exempt the object, "
        "and rerun the resource; until then the same write is not sent again",
    )


def _listed(sent: Members, differing: list[tuple[str, Any]]) -> str:
    shown = [f"{path} is {_shown(found)}, sent {_shown(sent[path])}" for path, found in differing[:SHOWN]]
    rest = [f"{len(differing) - SHOWN} more"] if len(differing) > SHOWN else []
    return ", ".join((*shown, *rest))


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)


def _changed(sent: Json, have: Seen | None) -> Members:
    """The members that the write was to change."""
    before = _members(_writable(have.body)) if have else {}
    now = _members(_writable(sent))
    return {
        path: value for path, value in now.items() if path not in before or _key(before[path]) != _key(value)
    }


def _writable(body: Json) -> Json:
    return {name: mapping(body.get(name)) for name in ("tags", "properties")}


def _members(value: Any, path: str = "") -> Members:
    """Every plain value, or list of plain values, by its path. Objects in a list are known by their name."""
    return dict(_walked(value, path))


def _walked(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    match value:
        case Mapping():
            for name, inner in value.items():
                yield from _walked(inner, f"{path}.{name}" if path else str(name))
        case list() if any(isinstance(one, Mapping) for one in value):
            for number, inner in enumerate(value):
                yield from _walked(inner, f"{path}[{mapping(inner).get('name', number)}]")
        case _:
            yield path, value


def _key(value: Any) -> Any:
    """As Azure compares: without case, lists in any order; what is empty, or off, is not set."""
    match value:
        case False:
            return None
        case str():
            return value.lower() or None
        case list():
            return _sorted(value) or None
        case _:
            return value


def _sorted(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted(str(one).lower() for one in values))
