"""Hiding secrets in texts of others, which log lines, outcomes and errors repeat.

An error message of Azure can hold a signed URL or a token, and a tag can hold an e-mail address. What is
hidden is recognised by its form, so this is the last of several measures: bodies and URLs are not logged.
"""

import re

HIDDEN = "***"
_NAMES = (
    "sig", "accountkey", "sharedaccesskey", "sharedkey", "sharedaccesssignature", "password", "pwd",
    "client_secret", "clientsecret", "access_token", "refresh_token", "id_token",
)  # fmt: skip
_IS = r"\\?[\"']?\s*[=:]\s*\\?[\"']?"  # `=` or `:`, also in JSON, and in JSON within JSON
# For each form a word without which it cannot be there: most texts have none of them, and need no search.
# Sources of the forms: Microsoft Learn, "Create a service SAS" (sig), "Configure Azure Storage connection
# strings" (AccountKey, 64 bytes in base64); RFC 6750 (Bearer); RFC 7519 (three parts of a JWT).
_FORMS = (
    ("bearer", re.compile(r"(?P<kept>\bbearer\s+)[^\s&;,\"'<>\\]{6,}", re.I)),
    ("", re.compile(rf"(?P<kept>\b(?:{'|'.join(_NAMES)}){_IS})[^\s&;,\"'<>\\]{{6,}}", re.I)),
    ("eyj", re.compile(r"(?P<kept>)\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")),
    ("==", re.compile(r"(?P<kept>)(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==")),
    ("@", re.compile(r"(?P<kept>)(?<![\w.+#-])[\w.+#-]{1,100}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")),
)


def hide(text: str) -> str:
    """The text with signatures, keys, tokens and e-mail addresses replaced by `***`."""
    lowered = text.lower()
    named = any(name in lowered for name in _NAMES)
    for word, form in _FORMS:
        if word in lowered and (word or named):
            text = form.sub(rf"\g<kept>{HIDDEN}", text)
    return text
