// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Tries to hand over money without letting the receiver, or its token, decide anything else.
///
/// A transfer that reverts, returns false, burns gas or returns a megabyte answers `false` and costs at most `GAS_CAP`.
/// Assembly, because Solidity's own call copies everything that is returned: a payee behind a hooking token could make
/// the caller pay for memory that grows with each payee after it.
library SafePush {
    /// @dev Enough for a proxied token with a receive hook; what needs more is paid by `claim`.
    uint256 internal constant GAS_CAP = 150_000;

    /// @dev A call receives at most 63/64 of what is left (EIP-150); the rest pays for the books afterwards.
    uint256 private constant _GAS_NEEDED = GAS_CAP + GAS_CAP / 32 + 30_000;

    /// @notice Thrown when the sender gave too little gas to try the next payee: a payee must never look unable to take
    /// its money because somebody sent a transaction short of gas.
    error TooLittleGas(uint256 left, uint256 needed);

    /// @notice Thrown when money would be redirected to the contract that holds it.
    error PayeeIsCustodian(address payee);

    /// @return delivered Whether the token said it did: `true`, or nothing at all from a contract (as some tokens do).
    function tryTransfer(IERC20 token, address to, uint256 amount) internal returns (bool delivered) {
        if (to == address(0) || to == address(this)) return false;
        if (gasleft() < _GAS_NEEDED) revert TooLittleGas(gasleft(), _GAS_NEEDED);
        bytes memory data = abi.encodeCall(IERC20.transfer, (to, amount));
        uint256 cap = GAS_CAP;
        assembly ("memory-safe") {
            mstore(0x00, 0)
            delivered := call(cap, token, 0, add(data, 0x20), mload(data), 0x00, 0x20)
            if delivered {
                switch returndatasize()
                case 0 { delivered := gt(extcodesize(token), 0) }
                default { delivered := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1)) }
            }
        }
    }
}
