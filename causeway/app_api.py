"""The HTTP API of a running app, read with its function key.

The key goes to the host that was named and to no other: redirects and links to other hosts are refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from causeway.files import UnreadableError

KEY = "CAUSEWAY_KEY"  # the environment variable with the function key
LIST = "/api/connections?top=1000"
SECONDS = 60.0  # for one answer
MOST_BYTES = 64 * 1024 * 1024  # of one page: a row has 9 kB, its checks included
LOCAL = ("127.0.0.1", "localhost", "::1")


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A redirect is an error answer."""


def connections(url: str) -> Iterator[dict[str, Any]]:
    """Every connection of the app at this URL. Raises UnreadableError."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOCAL:
        raise UnreadableError(_bare(url), "the key would be sent in clear text", "give an https URL")
    following: str | None = urljoin(f"{parts.scheme}://{parts.netloc}", LIST)
    while following:
        page = _page(following)
        value = page.get("value")
        yield from (row for row in (value if isinstance(value, list) else ()) if isinstance(row, dict))
        following = _next(following, page.get("nextLink"))


def _next(url: str, link: object) -> str | None:
    if not isinstance(link, str) or not link:
        return None
    following = urljoin(url, link)
    if urlsplit(following)[:2] != urlsplit(url)[:2]:
        raise UnreadableError(_bare(url), "its list continues on another host", "name the app's own URL")
    return following


def _page(url: str) -> dict[str, Any]:
    request = Request(url, headers={"x-functions-key": os.environ.get(KEY, "")})  # noqa: S310 - see `connections`
    try:
        with build_opener(_NoRedirect).open(request, timeout=SECONDS) as answer:
            raw = answer.read(MOST_BYTES + 1)
        found = json.loads(raw) if len(raw) <= MOST_BYTES else None
    except HTTPError as error:
        error.close()
        remedy = (
            f"set {KEY} to a function key"
            if error.code in (401, 403)
            else "check the URL and the app's health"
        )
        raise UnreadableError(_bare(url), f"it answered {error.code}", remedy) from error
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise UnreadableError(_bare(url), str(error), "check the URL and the network path to it") from error
    if not isinstance(found, dict):
        raise UnreadableError(_bare(url), "it did not answer with connections", "name the URL of an app")
    return found


def _bare(url: str) -> str:
    """A URL without its query: it may hold a key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
