// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @notice A contract that wants to be told of money it receives; it declares so through ERC-165.
interface ITokenReceiver is IERC165 {
    function onTokenReceived(address from, uint256 amount) external;
}
