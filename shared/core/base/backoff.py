"""How long to wait before something is tried again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow by a constant factor until they reach a longest one.

    `first` and `longest` are seconds; each wait is `growth` times the one before. There is no randomness
    here: a caller that shares a resource with others multiplies the delay by its own jitter.
    """

    first: float
    growth: float
    longest: float

    def delay(self, attempt: int) -> float:
        """Seconds to wait after this failed attempt; the first attempt is number 0."""
        try:
            return min(self.longest, self.first * self.growth**attempt)
        except OverflowError:  # far beyond the longest wait
            return self.longest
