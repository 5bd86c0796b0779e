// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Ether as a token, as WETH9 has it: the part of it that is needed here.
interface IWrappedEther is IERC20 {
    /// @notice Gives the caller as much of the token as it sends ether.
    function deposit() external payable;
}
