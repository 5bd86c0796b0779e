"""Whoever sends too little gas defers nobody: a push says how much it wants for each payee."""

from __future__ import annotations

from typing import Any, Final

from tests.differential.around import KEEPER, refusal
from tests.differential.machine import Deployed, Disagreement, Machine

# What a transfer may use, what EIP-150 keeps of it, and what the books cost afterwards.
NEEDED: Final = 150_000 + 150_000 // 32 + 30_000
SHORT: Final = 150_000
# What is spent between the check and the word about it is less.
SLACK: Final = 200


def must_ask_for_gas(
    machine: Machine, contract: Deployed, function: str, arguments: tuple[Any, ...]
) -> None:
    """Much too little is refused, and so is a little too little."""
    # Twice with the same: what was read once is read for less afterwards.
    gas = SHORT
    for wanted in (SHORT, NEEDED - SLACK, 0):
        refused = refusal(machine, contract, function, arguments, KEEPER, gas)
        if refused.name != "TooLittleGas" or refused.values[1] != NEEDED:
            raise Disagreement(f"{function} with {gas} gas", ("TooLittleGas", NEEDED), refused)
        spent = gas - refused.values[0]
        gas = wanted if wanted == SHORT else spent + wanted
