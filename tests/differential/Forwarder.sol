// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice An account that is a contract: sends on what it is told to, and answers or fails as that did.
contract Forwarder {
    function forward(address to, bytes calldata data) external returns (bytes memory answer) {
        bool done;
        (done, answer) = to.call(data);
        if (done) return answer;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
