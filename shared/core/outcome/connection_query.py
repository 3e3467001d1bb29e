"""Which connections a caller wants to see: the query of the HTTP API, and of any other front end.

This module imports pydantic: import it where a request is read.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from shared.core.base.inputs import Input, one_of
from shared.core.outcome.outcome import Result

MAX_PAGE = 1000  # Table Storage returns no more entities at once
GUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
RESULTS = {result.value: result for result in Result}
_BY_LOWER = {name.lower(): result for name, result in RESULTS.items()}


def _result(value: Any) -> Any:
    return _BY_LOWER.get(value.lower(), value) if isinstance(value, str) else value


class ConnectionQuery(Input):
    """Connections, narrowed by result (in any case), code and subscription, a page at a time."""

    result: Annotated[Result | None, BeforeValidator(_result)] = Field(None, description=one_of(RESULTS))
    outcome_code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,80}$")] | None = None
    """the code of an outcome, such as DeletesHeld (`code` alone is the platform's name for a key)"""
    subscription: Annotated[str, StringConstraints(pattern=GUID, to_lower=True)] | None = None
    """the id of a subscription, a GUID"""
    top: Annotated[int, Field(strict=False, ge=1, le=MAX_PAGE)] = 100
    """a whole number from 1 to 1000: the most connections in one page"""
    continuation: str | None = None
    """what the page before named as its continuation"""
