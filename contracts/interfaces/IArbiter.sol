// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommunityId} from "../types/Identifiers.sol";

/// NONE: not ruled yet. UPHELD: the disputer is right. DISMISSED: the payee is.
enum Ruling {
    NONE,
    UPHELD,
    DISMISSED
}

/// @notice Rules on disputes. The court asks, so that nothing an arbiter does can reach further than its answer.
interface IArbiter {
    /// @notice What was ruled on a case of the court that asks.
    /// @param communityId The community the work belongs to; zero for a work of a single account.
    function rulingOf(bytes32 caseId, CommunityId communityId) external view returns (Ruling);
}
