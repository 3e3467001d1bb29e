"""What the command lines of the sandbox share: help with defaults, and app settings."""

from __future__ import annotations

import argparse
from typing import NamedTuple, Self


class HelpWithDefaults(argparse.HelpFormatter):
    """Help that shows the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        if not action.option_strings or action.nargs == 0 or action.default in (None, []):
            return text
        return f"{text} (default: %(default)s)"


class Setting(NamedTuple):
    """An app setting, as the command line gives it: NAME=VALUE."""

    name: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read NAME=VALUE; the value may be empty and may contain `=`. Raises ArgumentTypeError."""
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
        return cls(name, value)
