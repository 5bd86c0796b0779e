"""Expect a contract to refuse, by the name of its custom error and, when given, its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from brownie.exceptions import VirtualMachineError


@contextmanager
def refused(error: str, *arguments: Any) -> Iterator[None]:
    """Pass when the block reverts with `error(arguments)`; without arguments, with any.

    Brownie writes a custom error as "Name: first, second", and one without parameters as "Name: ".
    """
    try:
        yield
    except VirtualMachineError as failure:
        told = failure.revert_msg
    else:
        raise AssertionError(f"went through, {error} was expected")
    if told is None or ": " not in told:
        raise AssertionError(f"reverted with {told!r}, {error} was expected")
    name, _, values = told.partition(": ")
    assert name == error, f"reverted with {told!r}, {error} was expected"
    if arguments:
        expected = ", ".join(_as_brownie_writes(argument) for argument in arguments)
        assert values.lower() == expected.lower(), f"{error}({values}), expected ({expected})"


def _as_brownie_writes(argument: Any) -> str:
    if isinstance(argument, bool):
        return str(argument)
    if isinstance(argument, int):
        return str(int(argument))
    if isinstance(argument, bytes):
        return str(bytes(argument))
    return str(argument)
