"""Set-Cookie headers of the cookies that functions set."""

from __future__ import annotations

from email.utils import formatdate

from sandbox.host.protos import RpcHttpCookie, SameSite

SAME_SITE = {
    SameSite.Lax: "Lax",
    SameSite.Strict: "Strict",
    SameSite.ExplicitNone: "None",
}


def cookie_text(cookie: RpcHttpCookie) -> str:
    """The header's value."""
    parts = [f"{cookie.name}={cookie.value}"]
    if cookie.domain and cookie.domain.value:
        parts.append(f"Domain={cookie.domain.value}")
    if cookie.path and cookie.path.value:
        parts.append(f"Path={cookie.path.value}")
    if cookie.expires:
        parts.append(f"Expires={formatdate(cookie.expires.value.seconds, usegmt=True)}")
    if cookie.max_age:
        parts.append(f"Max-Age={cookie.max_age.value:.0f}")
    if cookie.secure and cookie.secure.value:
        parts.append("Secure")
    if cookie.http_only and cookie.http_only.value:
        parts.append("HttpOnly")
    if cookie.same_site in SAME_SITE:
        parts.append(f"SameSite={SAME_SITE[cookie.same_site]}")
    return "; ".join(parts)
