// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Forwarder} from "./Forwarder.sol";

/// @notice Says to each call what a test told it to say to exactly these bytes, and refuses every other call. What it
/// has to say itself, as a court does, it is told to send on.
contract Scripted is Forwarder {
    mapping(bytes32 callHash => bytes) private _answers;

    /// @notice An answer is never empty: one byte 0xff in front says that there is one.
    function answer(bytes calldata call_, bytes calldata result) external {
        _answers[keccak256(call_)] = bytes.concat(hex"ff", result);
    }

    fallback(bytes calldata call_) external returns (bytes memory) {
        bytes memory stored = _answers[keccak256(call_)];
        require(stored.length != 0, "unscripted");
        bytes memory result = new bytes(stored.length - 1);
        for (uint256 i = 1; i < stored.length; ++i) {
            result[i - 1] = stored[i];
        }
        return result;
    }
}
