// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IWrappedEther} from "../interfaces/IWrappedEther.sol";

/// @notice Wrapped ether of development chains: one unit is one wei, in and out.
contract DevEther is ERC20, IWrappedEther {
    constructor() ERC20("Antiphon Dev Ether", "aETH") {}

    function deposit() external payable {
        _mint(msg.sender, msg.value);
    }

    function withdraw(uint256 amount) external {
        _burn(msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }
}
