"""Which policy counts in this process, and what kept a newer one from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.core.base.errors import Fault, PolicyError, clean
from shared.core.policy.text import MAX_POLICY

MAX_BYTES = 4 * MAX_POLICY  # a character of UTF-8 has up to four
SHOWN = 20  # faults of a refused policy that are shown


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy as it was read, not yet parsed. `version`: the blob's ETag; of a file, its hash."""

    content: bytes
    version: str

    @property
    def hash(self) -> str:
        """Its SHA-256, as `sha256sum` shows it."""
        return hashlib.sha256(self.content).hexdigest()

    def text(self) -> str:
        """As text. Raises PolicyError where it is none, or too long to be a policy."""
        if len(self.content) > MAX_BYTES:
            problem = f"it has more than {MAX_BYTES:,} bytes"
            raise PolicyError([Fault("policy", "", problem, "split or shorten it")])
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            problem = clean(f"it is not UTF-8: {error}")
            raise PolicyError([Fault("policy", "", problem, "save it as UTF-8")]) from error


@dataclass(frozen=True, slots=True)
class RefusedPolicy:
    """A policy with faults, which does not count."""

    hash: str
    version: str
    read: datetime
    faults: tuple[Fault, ...]

    def record(self) -> dict[str, Any]:
        """As JSON, with the first faults."""
        shown = [
            {name: getattr(one, name) for name in ("path", "line", "column", "value", "problem", "remedy")}
            for one in self.faults[:SHOWN]
        ]
        return {
            "hash": self.hash,
            "version": self.version,
            "read": self.read.isoformat(),
            "count": len(self.faults),
            "faults": shown,
        }


@dataclass(frozen=True, slots=True)
class UnreadPolicy:
    """The policy could not be read, first at this time; the error's code, what happened, and the remedy."""

    since: datetime
    code: str
    reason: str
    remedy: str

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "since": self.since.isoformat(),
            "code": self.code,
            "reason": self.reason,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class InForce:
    """The policy in force. `source`: its path or URL. `read`: when; `checked`: when it was compared last.

    `version`: as in `PolicyText`.
    """

    source: str
    hash: str
    version: str
    read: datetime
    checked: datetime
    refused: RefusedPolicy | None = None
    unread: UnreadPolicy | None = None

    @property
    def seen(self) -> str:
        """The version of the newest policy that was read, in force or refused."""
        return self.refused.version if self.refused else self.version

    @property
    def problem(self) -> str:
        """What keeps a newer policy from counting, in one sentence; empty: nothing does."""
        keeps = f"the policy that was read at {self.read.isoformat()} stays in force"
        if self.unread:
            said = f"{self.unread.code}: {self.unread.reason}; {self.unread.remedy}"
            return f"the policy cannot be read since {self.unread.since.isoformat()} ({said}); {keeps}"
        if self.refused:
            count = "1 fault" if len(self.refused.faults) == 1 else f"{len(self.refused.faults)} faults"
            first = self.refused.faults[0] if self.refused.faults else ""
            return f"the policy of {self.refused.read.isoformat()} is refused for {count} ({first}); {keeps}"
        return ""

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "source": self.source,
            "hash": self.hash,
            "version": self.version,
            "read": self.read.isoformat(),
            "checked": self.checked.isoformat(),
            "refused": self.refused.record() if self.refused else None,
            "unread": self.unread.record() if self.unread else None,
        }
