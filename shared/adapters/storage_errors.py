"""Where the storage SDKs' exceptions end.

Place in the data's way: around every call of `tables` and `queue`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from shared.core.base.errors import BlockedError, CausewayError, PermanentError, TransientError, clean

_PASSING = frozenset({408, 409, 429})  # 409: a queue or table is just being deleted or made

_REMEDY = (
    "grant the app's identity the roles Storage Table Data Contributor and Storage Queue Data Contributor "
    "on the app's storage account, and let the app reach it"
)


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn what the SDK raises inside into the errors of the core, chained. `what`: which table or queue."""
    try:
        yield
    except HttpResponseError as error:
        raise _judged(what, error) from error
    except AzureError as error:
        message = clean(f"{what} cannot be reached: {error}", 400)
        raise TransientError(message, code="StorageUnreachable") from error


def _judged(what: str, error: HttpResponseError) -> CausewayError:
    status = error.status_code or 0
    code = str(getattr(error, "error_code", None) or f"Http{status}").rpartition(".")[2]
    text = clean(f"{what}: {error.message}", 400)
    if status in (401, 403) or isinstance(error, ClientAuthenticationError):
        return BlockedError(clean(code), text, _REMEDY)
    if status in _PASSING or status >= 500:
        return TransientError(text, code=clean(code))
    return PermanentError(clean(code), text)
