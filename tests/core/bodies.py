"""The former place of `tests.builders.bodies`."""

from tests.builders.bodies import *  # noqa: F403
