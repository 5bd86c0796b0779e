// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WorkId} from "../types/Identifiers.sol";

/// @notice What a court answers to the contracts that hold money: is this payee's share of this work under dispute?
/// A custody contract given the zero address has no court and freezes nothing.
interface IFrozenShares {
    /// @notice Whether the share is frozen in this block. Turns false by time alone.
    function isFrozen(WorkId workId, address payee) external view returns (bool);

    /// @notice Whether the share was frozen at a time that has passed, Unix time in seconds; in the second in which a
    /// freeze began it was not yet.
    function frozenAt(WorkId workId, address payee, uint40 time) external view returns (bool);
}
