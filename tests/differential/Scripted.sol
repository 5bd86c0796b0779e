// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Forwarder} from "./Forwarder.sol";

/// @notice Says to each call what a test told it to say to exactly these bytes, and refuses every other call. What it
/// has to say itself, as a court does, it is told to send on; what a call has to bring about, it does when it is called.
contract Scripted is Forwarder {
    struct Consequence {
        address to;
        bytes data;
    }

    mapping(bytes32 callHash => bytes) private _answers;
    mapping(bytes32 callHash => Consequence) private _consequences;
    mapping(uint256 bell => uint256) public rung;

    /// @notice An answer is never empty: one byte 0xff in front says that there is one.
    function answer(bytes calldata call_, bytes calldata result) external {
        _answers[keccak256(call_)] = bytes.concat(hex"ff", result);
    }

    /// @notice From now on this call makes another one, and fails with it.
    function cause(bytes calldata call_, address to, bytes calldata data) external {
        _consequences[keccak256(call_)] = Consequence(to, data);
    }

    /// @notice Fails unless that call is answered with this word: asked as a consequence, it looks in while another lasts.
    function look(address to, bytes calldata data, bytes32 word) external {
        require(bytes32(this.forward(to, data)) == word, "another word");
    }

    function ring(uint256 bell) external {
        ++rung[bell];
    }

    fallback(bytes calldata call_) external returns (bytes memory) {
        bytes memory stored = _answers[keccak256(call_)];
        require(stored.length != 0, "unscripted");
        Consequence storage consequence = _consequences[keccak256(call_)];
        if (consequence.to != address(0)) this.forward(consequence.to, consequence.data);
        bytes memory result = new bytes(stored.length - 1);
        for (uint256 i = 1; i < stored.length; ++i) {
            result[i - 1] = stored[i];
        }
        return result;
    }
}
