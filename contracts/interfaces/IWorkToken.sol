// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WorkId} from "../types/Identifiers.sol";

/// @notice Works as ERC-721 tokens. Works of a community belong to it for good: their tokens do not move (ERC-5192).
/// What a token says of its work never changes; it may only begin to be there (ERC-4906).
///
/// Royalties on resale (ERC-2981) are asked for at `RESALE_BPS` and are voluntary, as everywhere: a market that pays
/// them pays a work's **inbox**, an address from which nothing leaves but into the RoyaltyLedger, for that work. Ether
/// is wrapped on the way, where a token that wraps it was named at deployment; where none was, it is not taken.
interface IWorkToken {
    /// @notice Thrown when the token of a communal work would move.
    error WorkIsCommunal(WorkId workId);
    /// @notice Thrown when ether comes to an inbox, or would leave it, where no token wraps it.
    error EtherNotTaken(WorkId workId);

    /// @notice Where resale royalties of a work go; there may be no code there yet.
    function inboxOf(WorkId workId) external view returns (address);
}
