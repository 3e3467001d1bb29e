"""The columns of a row: a target in `connections`, an outcome in `outcomes`.

A record is JSON text over as many columns as it needs. Beside it are the few columns that filters use.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from shared.adapters.tables import Row, Value, Values, joined, split
from shared.core.base.bodies import Json, mapping, sequence
from shared.core.base.errors import BlockedError, InvalidId, clean
from shared.core.base.ids import ResourceId
from shared.core.events.asked import MAX_CORRELATIONS, Asked
from shared.core.kinds.kind import UNKNOWN_GUID
from shared.core.kinds.public_access import PreviousAccess
from shared.core.outcome.announcement import announcement, is_final
from shared.core.outcome.connection import ConnectionState
from shared.core.outcome.outcome import Outcome, Result
from shared.core.plan.refusals import Refusals
from shared.ports import Body

MAX_RECORD = 400_000  # characters of one record in JSON; an entity holds 1 MiB
NOTE = 100  # characters around a list of what was left out
MAX_TEXT = 8_000  # characters of one reason or remedy in a record that is too long as a whole
MAX_EVENTS = 20  # that wait to be published, of one target: the newest
MAX_GUIDS = 8  # of one object: how often it was made again
MAX_IDENTIFIED = 400  # objects of one target
QUEUED = "Queued"  # the code of a row that was made before anything was done


class Entry(Protocol):
    """An entry of a target's history: an outcome, or a deletion record."""

    @property
    def target(self) -> ResourceId:
        """The target in whose history it is."""

    @property
    def at(self) -> datetime:
        """When it was recorded."""

    def record(self) -> Body:
        """The entry as JSON."""


def present(old: Values, outcome: Outcome) -> dict[str, Value]:
    """The columns of a target's present state, over those that it had.

    The last profile is kept, with the rule that chose it, since when the target has had this result and code,
    and the callers that passes before this one answered: they may look only now.
    """
    record = outcome.record()
    answered = (*record["correlations"], *map(str, sequence(record_of(old).get("correlations"))))
    record = {**record, "correlations": list(dict.fromkeys(answered))[:MAX_CORRELATIONS]}
    same = (old.get("result"), old.get("code")) == (record["result"], record["code"])
    return {
        **_without(old, "record"),
        **split("record", json.dumps(fitting(record))),
        "result": str(record["result"]),
        "code": str(record["code"]),
        "at": str(record["at"]),
        "since": str(old.get("since") if same and old.get("since") else record["at"]),
        "profile": str(record["profile"] or old.get("profile", "")),
        "rule": str(record["rule"] if record["mode"] else old.get("rule", "")),
    }


def announcing(old: Values, row: Values, outcome: Outcome) -> dict[str, Value]:
    """The row of a new outcome with an event to be published, if a final result or code has changed.

    What is pending in between is no change. A row from before events were published says by its present
    state what is known already.
    """
    result, code = outcome.result.value, outcome.code
    shown = str(old.get("result") or ""), str(old.get("code") or "")
    known = str(old.get("announced") or (json.dumps(shown) if is_final(shown[0]) else ""))
    now = json.dumps((result, code))
    if not is_final(result) or now == known:
        return {**row, "announced": known}
    before = json.loads(known) if known else ("", "")
    event = announcement(str(uuid.uuid4()), outcome, (before[0], before[1]))
    events = [*unpublished_of(old), event][-MAX_EVENTS:]
    return {**_with_events(row, events), "announced": now}


def unpublished_of(values: Values) -> list[Json]:
    """The events that were not published yet, oldest first."""
    return list(_document(values, "events", "[]", list))


def published(values: Values, ids: Collection[str]) -> dict[str, Value]:
    """The row without these events."""
    return _with_events(values, [one for one in unpublished_of(values) if one["id"] not in ids])


def _with_events(values: Values, events: list[Json]) -> dict[str, Value]:
    """`unpublished` is what filters use."""
    kept = split("events", json.dumps(events)) if events else {}
    return {**_without(values, "events"), **kept, "unpublished": int(bool(events))}


def past(entry: Entry) -> dict[str, Value]:
    """The columns of one entry of a target's history."""
    return split("record", json.dumps(fitting(entry.record())))


def record_of(values: Values) -> Body:
    """The record that a row holds, empty if there is none."""
    return dict(_document(values, "record", "{}", Mapping))


def target_of(values: Values) -> ResourceId:
    """The target whose row it is."""
    return _id(values, values.get("resource_id"))


def state_of(row: Row) -> ConnectionState | None:
    """A target's present state; None as long as there is no outcome."""
    result = row.values.get("result")
    if not result:
        return None
    if result not in [*Result]:
        raise _unreadable(row.values, "result")
    outcome = record_of(row.values)
    return ConnectionState(
        row.key,
        target_of(row.values),
        Result(str(result)),
        outcome,
        since=str(row.values.get("since", "")),
        profile=str(outcome.get("profile") or row.values.get("profile", "")),
        owned=owned_ids(row.values),
        closed=closed_of(row.values),
        working=bool(row.values.get("lease_owner")),
        guids=guids_by_id(row.values),
    )


def owned_of(values: Values) -> list[str]:
    """The ids of what Causeway made for the target."""
    return list(map(str, _document(values, "owned", "[]", list)))


def owned_ids(values: Values) -> tuple[ResourceId, ...]:
    """The same as ids."""
    return tuple(_id(values, text) for text in owned_of(values))


def owning(values: Values, ids: Iterable[str]) -> dict[str, Value]:
    """The row with these ids instead of those it had."""
    return {**_without(values, "owned"), **split("owned", json.dumps(list(ids)))}


def guids_of(values: Values) -> dict[str, list[str]]:
    """The resource guids of what was made for the target, by id in lower case; also of what is gone by now.

    A row that an older version wrote has none.
    """
    found = _document(values, "guids", "{}", Mapping)
    return {
        str(key): [str(guid) for guid in guids] for key, guids in found.items() if isinstance(guids, list)
    }


def guids_by_id(values: Values) -> dict[ResourceId, frozenset[str]]:
    """The same, by id."""
    return {_id(values, text): frozenset(guids) for text, guids in guids_of(values).items()}


def identifying(values: Values, at: ResourceId, guid: str) -> dict[str, Value]:
    """The row with this guid of an object; `UNKNOWN_GUID` until the answer to its creation names it.

    The last ones of each object are kept: a guid is never used again, and records outlive their endpoint.
    """
    known = guids_of(values)
    others = [one for one in known.pop(at.key, []) if one not in (guid, UNKNOWN_GUID)]
    return _with_guids(values, {**known, at.key: [*others[1 - MAX_GUIDS :], guid]})


def unidentified(values: Values, gone: Iterable[ResourceId]) -> dict[str, Value]:
    """The row of which these objects are deleted: none of them is being made."""
    keys = {at.key for at in gone}
    known = guids_of(values)
    left = {
        key: [one for one in guids if one != UNKNOWN_GUID or key not in keys] for key, guids in known.items()
    }
    return _with_guids(values, {key: guids for key, guids in left.items() if guids})


def adopting(values: Values, found: Iterable[ResourceId]) -> dict[str, Value]:
    """The row with these objects as if a worker had died while it made them."""
    row = dict(values)
    for at in found:
        row = identifying(owning(row, [*without(owned_of(row), [at]), at.text]), at, UNKNOWN_GUID)
    return row


def uses(values: Values, endpoints: Collection[str], names: Collection[str]) -> bool:
    """The last outcome has a path by one of these endpoints (keys), or a record of one of these names."""
    for path in map(mapping, sequence(record_of(values).get("paths"))):
        if str(path.get("endpoint")).lower() in endpoints:
            return True
        records = map(mapping, sequence(path.get("records")))
        if any(str(record.get("fqdn")).lower() in names for record in records):
            return True
    return False


def _with_guids(values: Values, guids: Mapping[str, list[str]]) -> dict[str, Value]:
    """The newest objects alone where there are too many."""
    newest = dict(list(guids.items())[-MAX_IDENTIFIED:])
    return {**_without(values, "guids"), **split("guids", json.dumps(newest))}


def addresses_of(values: Values) -> list[str]:
    """The addresses that are in rules for the target."""
    return list(map(str, _document(values, "addresses", "[]", list)))


def noting(values: Values, addresses: Iterable[str]) -> dict[str, Value]:
    """The row with these addresses instead of those it had."""
    return {**_without(values, "addresses"), **split("addresses", json.dumps(list(addresses)))}


def closed_of(values: Values) -> PreviousAccess | None:
    """What public network access was before Causeway disabled it; None if it did not."""
    found = _document(values, "closed", "{}", Mapping)
    if found and not (isinstance(found.get("path"), str) and "value" in found):
        raise _unreadable(values, "closed")
    return PreviousAccess(found["path"], found["value"]) if found else None


def closing(values: Values, was: PreviousAccess | None) -> dict[str, Value]:
    """The row with this value instead of the one it had."""
    kept = split("closed", json.dumps({"path": was.path, "value": was.value})) if was else {}
    return {**_without(values, "closed"), **kept}


def custom_of(values: Values) -> dict[ResourceId, Json]:
    """What others had set on the target's objects, by id."""
    found: dict[str, Json] = json.loads(joined("custom", values) or "{}")
    return {ResourceId.parse(text): body for text, body in found.items()}


def customising(values: Values, bodies: Mapping[ResourceId, Json]) -> dict[str, Value]:
    """The row with these bodies instead of those it had."""
    text = json.dumps({at.text: body for at, body in bodies.items()}) if bodies else ""
    return {**_without(values, "custom"), **split("custom", text)}


def refusals_of(values: Values) -> Refusals:
    """The requests that Azure refused."""
    return Refusals.parse(joined("refused", values))


def refusing(values: Values, refusals: Refusals) -> dict[str, Value]:
    """The row with these refused requests instead of those it had."""
    return {**_without(values, "refused"), **split("refused", refusals.text())}


def lease_end(values: Values) -> float:
    """When the claim ends, in seconds since 1970 by the service's clock."""
    found = values.get("lease_until")
    return float(found) if isinstance(found, int | float) else 0.0


def is_marked(values: Values) -> bool:
    """Another pass was asked for since the claim was taken."""
    return bool(values.get("dirty"))


def marking(values: Values, asked: Asked) -> dict[str, Value]:
    """The row with a mark for another pass, which answers this too."""
    return {**values, "dirty": 1, "asked": _mark_of(values).joined(asked).text()}


def serving(values: Values, asked: Asked) -> dict[str, Value]:
    """The row of a claim that answers this and what the mark has, which it clears.

    What an earlier claim was to answer is there still if its worker died.
    """
    everything = asked.joined(asked_of(values)).joined(_mark_of(values))
    return {**values, "dirty": 0, "asked": "", "serving": everything.text()}


def served(values: Values) -> dict[str, Value]:
    """The row after the outcome. A mark stays for the next claim."""
    return {**values, "serving": ""}


def _mark_of(values: Values) -> Asked:
    return Asked.parse(str(values.get("asked", "")))


def asked_of(values: Values) -> Asked:
    """What the claim is to answer."""
    return Asked.parse(str(values.get("serving", "")))


def without(ids: Iterable[str], gone: Iterable[ResourceId]) -> list[str]:
    """The ids that are not among `gone`, compared as Azure compares them."""
    keys = {at.key for at in gone}
    return [text for text in ids if text.lower() not in keys]


def is_empty(values: Values) -> bool:
    """There is no outcome yet, and nothing was made for the target."""
    return values.get("result") is None or (values.get("code") == QUEUED and not values.get("profile"))


def is_over(values: Values) -> bool:
    """Nothing exists for the target, and nothing is to be made: no pass is needed until an event names it.

    That is so once all is removed, and where a caller asked for a resource that was never connected. One that
    is opted in is found by its tags or its type.
    """
    never = values.get("result") == Result.DECLINED and not values.get("profile")
    return (never or values.get("result") == Result.REMOVED) and not owned_of(values)


def fitting(record: Json) -> Json:
    """The record, or as much as fits with a note of what was left out: no outcome is too long to keep."""
    if "deletions" in record:
        record = _with_bodies_that_fit(record)
    if len(json.dumps(record)) <= MAX_RECORD:
        return record
    lists = {name: value for name, value in record.items() if isinstance(value, list)}
    left_out = {name: len(value) for name, value in lists.items()}
    kept = {
        name: f"{value[:MAX_TEXT]}…" if isinstance(value, str) and len(value) > MAX_TEXT else value
        for name, value in record.items()
    }
    return {**kept, **{name: [] for name in lists}, "left_out": left_out}


def _with_bodies_that_fit(record: Json) -> Json:
    """The record with as many bodies as fit, small ones first; the others' ids are named as left out."""
    space = (
        MAX_RECORD
        - NOTE
        - len(json.dumps({**record, "deletions": [{**one, "body": None} for one in record["deletions"]]}))
    )
    left_out: list[str] = []
    kept: dict[str, Any] = {}
    for one in sorted(record["deletions"], key=lambda one: len(json.dumps(one["body"]))):
        space -= len(json.dumps(one["body"])) + len(one["id"]) + 8  # its id is listed where it is left out
        if space >= 0:
            kept[one["id"]] = one["body"]
        else:
            left_out.append(one["id"])
    if not left_out:
        return record
    deletions = [{**one, "body": kept.get(one["id"])} for one in record["deletions"]]
    return {**record, "deletions": deletions, "left_out": {"bodies": left_out}}


def _document(values: Values, name: str, empty: str, shape: type[Any]) -> Any:
    """What JSON columns hold. Raises BlockedError where another program wrote something else there."""
    try:
        found = json.loads(joined(name, values) or empty)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, shape):
        raise _unreadable(values, name)
    return found


def _id(values: Values, text: object) -> ResourceId:
    try:
        return ResourceId.parse(text if isinstance(text, str) else "")
    except InvalidId as wrong:
        raise _unreadable(values, "ids") from wrong


def _unreadable(values: Values, what: str) -> BlockedError:
    """What it made is not known, and what is not known is not changed."""
    named = clean(str(values.get("resource_id", "")), 300)
    remedy = "restore the row in the table connections, or delete it; then rerun the resource"
    return BlockedError("RowUnreadable", f"the ledger's row of '{named}' has unreadable {what}", remedy)


def _without(values: Values, name: str) -> dict[str, Value]:
    return {column: value for column, value in values.items() if not column.startswith(f"{name}_")}
