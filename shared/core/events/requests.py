"""What is asked of Causeway, as models: a queue message, and a caller's request for one resource.

This module imports pydantic: import it where a request is read.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from shared.core.base.inputs import Input
from shared.core.events.reason import Reason

MAX_ATTEMPT = 1_000_000
MAX_TIME = 1e10  # seconds since 1970, in the year 2286


def _lower(value: Any) -> Any:
    """Azure compares the words of its own enumerations without case, and callers are used to that."""
    return value.lower() if isinstance(value, str) else value


class WorkMessage(Input):
    """A message of the `work` queue.

    Unknown fields are ignored: while a new version is deployed, both versions read the same queue.
    """

    model_config = ConfigDict(extra="ignore")

    resource_id: Annotated[str, Field(min_length=1)]
    """the ARM id of a resource or of a resource group, as a string"""
    reason: Annotated[Reason, BeforeValidator(_lower)]
    """one of event, drift, manual, retry"""
    correlation: str = ""
    """a string, or leave it out"""
    attempt: Annotated[int, Field(ge=0, le=MAX_ATTEMPT)] = 0
    """a whole number from 0, or leave it out"""
    fresh_from: Annotated[float, Field(ge=0, le=MAX_TIME, allow_inf_nan=False)] = 0.0
    """seconds since 1970, or leave it out"""


class ConfirmDeletes(Input):
    """A person confirms the deletes that sweeps held back."""

    count: Annotated[int, Field(ge=1)]
    """how many resources have held deletes, as /api/connections?outcome_code=DeletesHeld lists them"""


class ReconcileRequest(Input):
    """A caller asks to reconcile one resource, or for the plan."""

    resource_id: str
    """the ARM id of the resource, as a string"""
    dry_run: bool = False
    """true or false"""
