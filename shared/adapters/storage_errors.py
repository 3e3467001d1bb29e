"""Exceptions of the storage SDKs as errors of the core: around every call of `tables` and `queue`."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from shared.core.base.errors import BlockedError, CausewayError, PermanentError, TransientError, clean

_TRANSIENT = frozenset({408, 409, 429})  # 409: the queue or table is being deleted or created

_REMEDY = (
    "grant the app's identity the roles Storage Table Data Contributor and Storage Queue Data Contributor "
    "on the app's storage account, and let the app reach it"
)


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn the SDK's exceptions into errors of the core, chained. `what`: the table or queue."""
    try:
        yield
    except HttpResponseError as error:
        raise _error(what, error) from error
    except (AzureError, OSError, zlib.error) as error:
        raise _unreachable(what, error) from error


def _unreachable(what: str, error: Exception) -> TransientError:
    return TransientError(clean(f"{what} cannot be reached: {error}", 400), code="StorageUnreachable")


def _error(what: str, error: HttpResponseError) -> CausewayError:
    """The error for an error status.

    The SDK raises the same class without a status if the connection ends within a body
    (azure.core.exceptions.IncompleteReadError), and with a good status if a body cannot be decoded.
    """
    status = error.status_code or 0
    if status < 300 and not isinstance(error, ClientAuthenticationError):
        return _unreachable(what, error)
    code = str(getattr(error, "error_code", None) or f"Http{status}").rpartition(".")[2]
    text = clean(f"{what}: {error.message}", 400)
    if status in (401, 403) or isinstance(error, ClientAuthenticationError):
        return BlockedError(clean(code), text, _REMEDY)
    if status in _TRANSIENT or status >= 500:
        return TransientError(text, code=clean(code))
    return PermanentError(clean(code), text)
