"""Errors: their texts, and that no hostile text gets into one."""

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.errors import (
    BlockedError,
    CausewayError,
    Fault,
    InputError,
    InvalidId,
    PermanentError,
    PolicyError,
    TransientError,
    clean,
)


def test_clean_leaves_plain_text_as_it_is() -> None:
    assert clean("Größe 12 / name-ü") == "Größe 12 / name-ü"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        pytest.param("a\nERROR forged line", "a ERROR forged line", id="newline"),
        pytest.param("a\r\x1b[2Jb", "a [2Jb", id="terminal escape"),
        pytest.param("abc\u202egnp.exe", "abc gnp.exe", id="right-to-left override"),
        pytest.param("zero\u200bwidth", "zero width", id="zero width space"),
        pytest.param("line\u2028separator\u2029x", "line separator x", id="unicode separators"),
        pytest.param("lone \ud800 surrogate", "lone surrogate", id="lone surrogate"),
        pytest.param("\x00\x7f", "", id="nothing left"),
    ],
)
def test_clean_replaces_what_could_forge_a_line_or_hide_text(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


def test_clean_marks_a_cut() -> None:
    assert clean("x" * 10, limit=10) == "x" * 10
    assert clean("x" * 11, limit=10) == "x" * 9 + "…"


def test_clean_marks_a_cut_even_where_the_rest_is_unprintable() -> None:
    assert clean("ab" + "\n" * 1000, limit=10) == "ab…"


@given(st.text(max_size=400), st.integers(min_value=1, max_value=60))
def test_clean_never_exceeds_its_limit_and_cleans_only_once(text: str, limit: int) -> None:
    once = clean(text, limit)
    assert len(once) <= limit
    assert clean(once, limit) == once
    assert once.encode().decode() == once  # no lone surrogate is left, which a table would refuse


def test_every_error_has_one_root() -> None:
    errors = (TransientError, BlockedError, PermanentError, InputError, InvalidId, PolicyError)
    assert all(issubclass(error, CausewayError) for error in errors)
    assert not issubclass(BlockedError, PermanentError)


def test_a_transient_error_has_the_time_to_wait() -> None:
    error = TransientError("busy", 11.0, "RetryableError")
    assert (str(error), error.retry_after, error.code) == ("busy", 11.0, "RetryableError")
    assert TransientError("busy").retry_after is None


def test_a_blocked_error_has_the_reason_and_the_remedy() -> None:
    error = BlockedError("SubnetIsFull", "no address is free", "add a subnet")
    assert (error.code, str(error), error.remedy) == ("SubnetIsFull", "no address is free", "add a subnet")


def test_an_input_error_shows_the_cleaned_value() -> None:
    error = InputError("group", "blob\nx" + "y" * 500, "use blob")
    assert error.value.startswith("blob xyyy")
    assert len(error.value) == 120
    assert str(error) == f"group '{error.value}': use blob"


def test_an_invalid_id_is_an_input_error_about_the_id() -> None:
    error = InvalidId("nonsense", "it is empty")
    assert isinstance(error, InputError)
    assert (error.field, error.value, error.why) == ("id", "nonsense", "it is empty")
    assert str(error) == "id 'nonsense': it is empty; copy the id from Azure"


def test_a_policy_error_shows_every_fault_on_a_line_of_its_own() -> None:
    faults = [
        Fault("cloud", "Azur", "unknown", "write AzureCloud"),
        Fault("profiles", "", "missing", "add it"),
    ]
    error = PolicyError(faults)
    assert error.faults == tuple(faults)
    assert str(error).splitlines() == [
        "the policy has 2 faults",
        "- cloud 'Azur': unknown; write AzureCloud",
        "- profiles: missing; add it",
    ]
    assert str(PolicyError(faults[:1])).startswith("the policy has 1 fault\n")


def test_a_fault_is_a_value() -> None:
    fault = Fault("cloud", "Azur", "unknown", "write AzureCloud")
    assert fault == replace(fault)
    with pytest.raises(FrozenInstanceError):
        fault.path = "profiles"  # type: ignore[misc]
