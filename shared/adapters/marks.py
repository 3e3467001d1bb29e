"""What was taken of a limit, as a row of a table keeps it."""

import json
import math
from itertools import chain

from shared.core.base.rate import Limit, Marks


def read(text: object, limit: Limit, now: float) -> tuple[Marks, bool]:
    """The marks, and whether the row could be read.

    Where another program wrote something else, how much was taken is not known: then all of it counts as
    taken now, and the caller has to write that, so that the limit is free again in time.
    """
    try:
        found = json.loads(str(text))
        marks = tuple((float(at), float(amount)) for at, amount in found)
    except (ValueError, TypeError, OverflowError, RecursionError):
        found = marks = None
    if isinstance(found, list) and marks is not None and all(map(math.isfinite, chain(*marks))):
        return marks, True
    return limit.taken((), limit.left((), now), now), False


def written(marks: Marks) -> str:
    """The marks as text."""
    return json.dumps(marks)
