"""Text for a person or for a program: colour on a terminal alone, and no control characters of strangers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

import click

from shared.core.base.errors import clean

LONG = 2048  # characters of one value: ARM ids are shorter
COLOURS: Mapping[str, str] = {"good": "green", "bad": "red", "doubt": "yellow", "quiet": "bright_black"}


def safe(text: object, limit: int = LONG) -> str:
    """Text from a file or a service without what could move a cursor or hide a part."""
    return clean(str(text), limit)


def coloured() -> bool:
    """Standard output is a terminal that shows colours, and no one asked for none (https://no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, meaning: str) -> str:
    """The text in the colour of its meaning, where colours are shown."""
    return click.style(text, fg=COLOURS[meaning]) if coloured() else text


def say(*lines: str) -> None:
    """Print lines. Everything in them is `safe` already."""
    for line in lines:
        click.echo(line, color=coloured())


def say_json(value: object) -> None:
    """Print a value as JSON: unprintable characters are escaped."""
    click.echo(json.dumps(value, indent=2))


def complain(text: str) -> None:
    """Print to standard error."""
    click.echo(text, err=True)


def counted(number: int, what: str) -> str:
    """`1 fault`, `2 faults`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
