// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Managed} from "./Managed.sol";

/// @notice A pause of new money that ends by itself. Guard with `whenNotPaused` what takes money or obligations in;
/// never what pays out: a claim asks nobody.
///
/// A pause lasts 14 days at most, and the next one may begin only 14 days after the last has ended. What one pause
/// guards, whoever holds the guardian's key can stop for half of the time at worst, and money already here never. Two
/// pauses can take turns, so no act is guarded by two: where it goes through two contracts, one asks the other's.
abstract contract TimedPause is Managed {
    uint40 public constant PAUSE_MAX = 14 days;
    uint40 public constant PAUSE_GAP = 14 days;

    /// @notice When the last pause ends or ended, Unix time; zero when there was none.
    uint40 public pausedUntil;

    /// @notice Thrown when new money comes during a pause; it may come again from `until` on.
    error NewMoneyPaused(uint40 until);
    /// @notice Thrown when a pause is asked for before the gap after the last one is over.
    error PauseTooSoon(uint40 notBefore);
    error NotPaused();

    event PauseBegan(address indexed guardian, uint40 until);
    event PauseEnded(address indexed guardian);

    modifier whenNotPaused() {
        _checkNotPaused();
        _;
    }

    /// @notice Stops new money for 14 days.
    function pause() external restricted {
        uint40 last = pausedUntil;
        if (last != 0 && block.timestamp < last + PAUSE_GAP) revert PauseTooSoon(last + PAUSE_GAP);

        uint40 until = uint40(block.timestamp) + PAUSE_MAX;
        pausedUntil = until;
        emit PauseBegan(msg.sender, until);
    }

    /// @notice Ends a pause early.
    function unpause() external restricted {
        if (pausedUntil <= block.timestamp) revert NotPaused();

        pausedUntil = uint40(block.timestamp);
        emit PauseEnded(msg.sender);
    }

    function _checkNotPaused() private view {
        uint40 until = pausedUntil;
        if (block.timestamp < until) revert NewMoneyPaused(until);
    }
}
