"""The policy of this process: read at the start, and again while the process runs.

A new policy counts once it was read whole and has no fault; until then the one before it does. Nothing is
lost by that: a pass ends by the policy with which it began, and the drift timer brings every resource to the
new one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from shared.core.base.errors import (
    BlockedError,
    CausewayError,
    Fault,
    FaultsError,
    PolicyError,
    TransientError,
    clean,
)
from shared.core.base.log_lines import line
from shared.core.policy.in_force import InForce, PolicyText, RefusedPolicy, UnreadPolicy
from shared.core.policy.location import SETTING
from shared.core.policy.policy import Policy
from shared.ports import Clock, PolicySource

log = logging.getLogger("causeway.policy")

PATIENCE = 10.0  # seconds for one reading: what waits for it is one invocation, or the start of the app
AGAIN = 5.0  # seconds after a start that failed before the policy is read for the next one
WAIT = "nothing for some minutes: it is read again; then check the network path to it"

type Parse = Callable[[PolicyText], Awaitable[Policy]]  # raises PolicyError, also for what the app cannot do


class Policies:
    """Reads the policy and says when it has changed. Used by one event loop."""

    def __init__(self, source: PolicySource, parse: Parse, clock: Clock) -> None:
        self._source, self._parsed, self._clock = source, parse, clock
        self._state: InForce | None = None
        self._due = 0.0
        self._reading = False
        self._failed: FaultsError | None = None

    @property
    def state(self) -> InForce | None:
        """Which policy counts; None before the first one was read."""
        return self._state

    async def first(self) -> Policy:
        """The policy with which the process starts. Raises PolicyError, also where it cannot be read.

        For a moment after a failure the same error is raised without reading again.
        """
        if self._failed and self._clock.monotonic() < self._due:
            raise PolicyError(self._failed.faults)
        try:
            found = await self._first()
        except FaultsError as failed:
            self._failed, self._due = failed, self._clock.monotonic() + AGAIN
            raise
        self._failed, self._due = None, self._clock.monotonic() + self._source.interval
        return found

    async def changed(self) -> Policy | None:
        """The policy that counts from now on; None: the one before still does, or another caller reads it."""
        if self._reading or self._clock.monotonic() < self._due:
            return None
        self._reading = True
        try:
            return await self._again()
        finally:
            self._reading = False
            self._due = self._clock.monotonic() + self._source.interval

    async def _first(self) -> Policy:
        try:
            text = await self._text("")
        except CausewayError as error:
            unread = _unread(error, self._now())
            fault = Fault(SETTING, self._source.where, f"{unread.code}: {unread.reason}", unread.remedy)
            raise PolicyError([fault]) from error
        if text is None:
            raise PolicyError([Fault(SETTING, self._source.where, "it is empty", "write the policy")])
        policy = await self._parsed(text)
        self._state = self._accepted(text)
        return policy

    async def _again(self) -> Policy | None:
        try:
            text = await self._text(self._known.seen)
        except CausewayError as error:
            self._note_unread(error)
            return None
        if text is None:
            self._state = replace(self._known, checked=self._now(), unread=None)
            return None
        return None if self._is_known(text) else await self._new(text)

    def _is_known(self, text: PolicyText) -> bool:
        """It is the one in force, or the one that was refused, written again: its version alone is new."""
        state, now = self._known, self._now()
        if text.hash == state.hash:
            self._state = replace(self._accepted(text), read=state.read)
        elif state.refused and text.hash == state.refused.hash:
            refused = replace(state.refused, version=text.version)
            self._state = replace(state, checked=now, refused=refused, unread=None)
        else:
            return False
        return True

    async def _new(self, text: PolicyText) -> Policy | None:
        """The policy of a text that was not read before, if it can count."""
        try:
            policy = await self._parsed(text)
        except FaultsError as error:
            self._note_refused(text, error)
            return None
        except Exception as error:  # what the invocation is for must not fail by it
            log.exception("policy not parsed for an unexpected reason")
            fault = Fault("policy", "", f"it cannot be read: {clean(repr(error), 300)}", "change it")
            self._note_refused(text, PolicyError([fault]))
            return None
        self._state = self._accepted(text)
        log.info(line("policy changed", hash=text.hash, version=text.version))
        return policy

    async def _text(self, unless: str) -> PolicyText | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._source.read(unless)
        except TimeoutError:
            raise TransientError(f"no answer within {PATIENCE:.0f} s", code="PolicyTimeout") from None
        except CausewayError:
            raise
        except Exception as error:  # what the invocation is for must not fail by it
            log.exception("policy not read for an unexpected reason")
            raise TransientError(clean(repr(error), 300), code="PolicyUnread") from error

    def _accepted(self, text: PolicyText) -> InForce:
        now = self._now()
        return InForce(self._source.where, text.hash, text.version, now, now)

    def _note_refused(self, text: PolicyText, error: FaultsError) -> None:
        now = self._now()
        refused = RefusedPolicy(text.hash, text.version, now, error.faults)
        self._state = replace(self._known, checked=now, refused=refused, unread=None)
        log.error(line("policy refused, the one before stays in force", hash=text.hash, why=str(error)))

    def _note_unread(self, error: CausewayError) -> None:
        before = self._known.unread
        unread = _unread(error, before.since if before else self._now())
        self._state = replace(self._known, unread=unread)
        if before is None or before.code != unread.code:
            log.error(
                line("policy not read, the one before stays in force", why=str(error), code=unread.code)
            )

    @property
    def _known(self) -> InForce:
        if self._state is None:
            raise RuntimeError("no policy was read yet")
        return self._state

    def _now(self) -> datetime:
        return self._clock.now()


def _unread(error: CausewayError, since: datetime) -> UnreadPolicy:
    match error:
        case BlockedError():
            return UnreadPolicy(since, error.code, str(error), error.remedy)
        case TransientError():
            return UnreadPolicy(since, error.code or "PolicyUnread", str(error), WAIT)
        case _:
            return UnreadPolicy(since, "PolicyUnread", str(error), WAIT)
