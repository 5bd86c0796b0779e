"""Every proof with its broken twin: the same statement about contracts with one defect in them.

A statement that also holds of its twin says nothing about the defect, so it counts as failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.differential.machine import Mutation

_PUSH: Final = "contracts/libraries/SafePush.sol"
_PAUSE: Final = "contracts/access/TimedPause.sol"
_MANAGED: Final = "contracts/access/Managed.sol"
_TURNSTILE: Final = "contracts/testing/Turnstile.sol"
_LEDGER: Final = "contracts/RoyaltyLedger.sol"
_SUMS: Final = "contracts/libraries/SumTree.sol"
_VECTORS: Final = "contracts/libraries/AncestorVectors.sol"


@dataclass(frozen=True)
class Statement:
    """A `check_` function of a proof contract, and the defect in which it must be refuted.

    Where the solvers do not find the numbers that show the defect, `where` says among which to
    look: what is refuted for some inputs is refuted. The statement itself is for all of them.
    """

    contract: str
    name: str
    twin: Mutation
    where: str = ""

    @property
    def twin_contract(self) -> str:
        return f"{self.contract}_{self.name}"


STATEMENTS: Final = (
    Statement(
        "PushingProof",
        "nothing_goes_to_nobody",
        Mutation(_PUSH, "to == address(0) || to == address(this)", "to == address(this)"),
    ),
    Statement(
        "PushingProof",
        "nothing_goes_to_the_custodian",
        Mutation(_PUSH, "to == address(0) || to == address(this)", "to == address(0)"),
    ),
    Statement(
        "PushingProof",
        "any_word_but_one_is_a_no",
        Mutation(_PUSH, "eq(mload(0x00), 1)", "gt(mload(0x00), 0)"),
    ),
    Statement(
        "PushingProof",
        "half_an_answer_is_a_no",
        Mutation(
            _PUSH, "and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))", "gt(mload(0x00), 0)"
        ),
    ),
    Statement(
        "PushingProof",
        "a_revert_is_a_no",
        Mutation(_PUSH, "if delivered {", "if or(delivered, 1) {"),
    ),
    Statement(
        "PushingProof",
        "silence_of_a_contract_is_a_yes",
        Mutation(
            _PUSH, "case 0 { delivered := gt(extcodesize(token), 0) }", "case 1 { revert(0, 0) }"
        ),
    ),
    Statement(
        "PushingProof",
        "silence_of_no_contract_is_a_no",
        Mutation(_PUSH, "delivered := gt(extcodesize(token), 0)", "delivered := 1"),
    ),
    Statement(
        "PausingProof",
        "a_pause_stops_what_comes_in",
        Mutation(_PAUSE, "PAUSE_MAX = 14 days;", "PAUSE_MAX = 13 days;"),
    ),
    Statement(
        "PausingProof",
        "a_pause_ends_by_itself",
        Mutation(_PAUSE, "block.timestamp < until)", "block.timestamp <= until)"),
    ),
    Statement(
        "PausingProof",
        "no_pause_follows_at_once",
        Mutation(_PAUSE, "block.timestamp < last + PAUSE_GAP", "block.timestamp < last"),
    ),
    Statement(
        "PausingProof",
        "nobody_else_pauses",
        Mutation(_MANAGED, "if (isImmediate) return;", "if (isImmediate || delay == 0) return;"),
    ),
    Statement(
        "PausingProof",
        "a_pause_stops_nothing_that_goes_out",
        Mutation(
            _TURNSTILE, "function leave() external {", "function leave() external whenNotPaused {"
        ),
    ),
    Statement(
        "SumsProof",
        "a_path_adds_up",
        Mutation(_SUMS, "if (wrapped) revert IEpochDistributor.InvalidProof();", ""),
    ),
    Statement(
        "SumsProof",
        "a_leaf_has_one_place",
        Mutation(_SUMS, "if (index >> path.length != 0 || provenBy", "if (provenBy"),
    ),
    Statement(
        "SumsProof",
        "a_leaf_has_one_payee",
        Mutation(_SUMS, "mstore(free, payee)", "mstore(free, 0)"),
    ),
    Statement(
        "SumsProof",
        "no_node_is_a_leaf",
        Mutation(_SUMS, "hash := keccak256(0x00, 0x20)", "hash := keccak256(free, 0x80)"),
    ),
    Statement(
        "SumsProof",
        "a_root_has_one_depth",
        Mutation(
            _SUMS, "abi.encodePacked(sumRoot, total, depth)", "abi.encodePacked(sumRoot, total)"
        ),
    ),
    Statement(
        "SumsProof",
        "a_range_adds_up",
        Mutation(_SUMS, "if (wrapped || position >>", "if (position >>"),
    ),
    Statement(
        "SumsProof",
        "a_range_pays_what_leaves_do",
        Mutation(
            _SUMS,
            "bytes32 hash = leafHash(token, payee, cumulative);",
            "bytes32 hash = leafHash(token, payee, 0);",
        ),
    ),
    Statement(
        "LedgerProof",
        "a_settlement_gives_all_away",
        Mutation(
            _LEDGER,
            "kept -= share;",
            "",
        ),
        where="amount == 3 && share == 7",
    ),
    Statement(
        "LedgerProof",
        "a_root_gets_its_share_exactly",
        Mutation(
            _LEDGER,
            "+= amount * share;",
            "+= amount * share / SHARE_SCALE * SHARE_SCALE;",
        ),
        where="amount == 3 && share == 7",
    ),
    Statement(
        "LedgerProof",
        "settling_twice_is_settling_once",
        Mutation(
            _LEDGER,
            "flow.settled = gross;\n        _passOn(",
            "_passOn(",
        ),
    ),
    Statement(
        "LedgerProof",
        "two_payments_are_one",
        Mutation(
            _LEDGER,
            "_accrued[workId][token] += amount * SHARE_SCALE;",
            "_accrued[workId][token] += amount * SHARE_SCALE - 1;",
        ),
    ),
    Statement(
        "LedgerProof",
        "payees_get_no_more_than_came_in",
        Mutation(
            _LEDGER,
            "return income * bps / (SHARE_SCALE * BPS_WHOLE);",
            "return (income * bps + SHARE_SCALE * BPS_WHOLE - 1) / (SHARE_SCALE * BPS_WHOLE);",
        ),
        where="amount == 1",
    ),
    Statement(
        "LedgerProof",
        "less_than_a_unit_stays",
        Mutation(
            _LEDGER,
            "return income * bps / (SHARE_SCALE * BPS_WHOLE);",
            "return income / SHARE_SCALE / 10 * bps / 1000;",
        ),
    ),
    Statement(
        "LedgerProof",
        "a_claim_pays_what_is_due",
        Mutation(
            _LEDGER,
            "token.safeTransfer(to, amount);",
            "token.safeTransfer(to, amount - 1);",
        ),
    ),
    Statement(
        "LedgerProof",
        "a_claim_pays_once",
        Mutation(
            _LEDGER,
            "paid[payee] = before + amount;\n        address to",
            "address to",
        ),
    ),
    Statement(
        "LedgerProof",
        "a_claim_takes_from_nobody_else",
        Mutation(
            _LEDGER,
            "paid[payee] = before + amount;\n        address to",
            "paid[shares[1].payee] = before + amount;\n        address to",
        ),
    ),
    Statement(
        "LedgerProof",
        "a_frozen_share_is_not_paid",
        Mutation(
            _LEDGER,
            "if (_isFrozen(workId, payee)) revert ShareFrozen(workId, payee);",
            "",
        ),
    ),
    Statement(
        "LedgerProof",
        "old_money_keeps_the_old_split",
        Mutation(
            _LEDGER,
            "if (accrued != 0) _segmentStart[workId][token][version] = accrued;",
            "accrued;",
        ),
    ),
    Statement(
        "LinkProof",
        "floors_take_from_nobody_else",
        Mutation(_VECTORS, "fromChild += short - taken;", "fromChild += short;"),
    ),
    Statement(
        "LinkProof",
        "a_floor_is_reached",
        Mutation(_VECTORS, "entries[i] += short;", "entries[i] += taken;"),
    ),
    Statement(
        "LinkProof",
        "the_parent_pays_first",
        Mutation(_VECTORS, "short < has ? short : has", "short < has ? short : has / 2"),
    ),
    Statement(
        "LinkProof",
        "folding_loses_nothing",
        Mutation(_VECTORS, "entries[place] = entry + share;", ""),
    ),
    Statement(
        "LinkProof",
        "the_protected_are_not_folded",
        Mutation(
            _VECTORS,
            "& (_IS_PARENT | _IS_PROTECTED) == 0;",
            "& _IS_PARENT == 0;",
        ),
    ),
    Statement(
        "PassingProof",
        "all_of_a_share_is_given",
        Mutation(_VECTORS, "kept -= part;", "kept -= part + (part & 1);"),
        where="share == 4",
    ),
    Statement(
        "PassingProof",
        "an_ancestor_gets_its_part",
        Mutation(_VECTORS, "& SHARE_MASK) / SHARE_SCALE;", "& SHARE_MASK) / (SHARE_SCALE - 1);"),
        where="share == 3",
    ),
)
