"""Why a resource is reconciled."""

from typing import Literal

type Reason = Literal["event", "drift", "manual", "retry"]
