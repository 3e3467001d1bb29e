"""The former place of `tests.builders.policies`."""

from tests.builders.policies import *  # noqa: F403
