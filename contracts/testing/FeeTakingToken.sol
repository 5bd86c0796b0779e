// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that keeps one percent of every transfer.
contract FeeTakingToken is ERC20 {
    uint256 private constant FEE_DIVISOR = 100;

    constructor() ERC20("Fee Taking", "FEE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        bool isTransfer = from != address(0) && to != address(0);
        uint256 fee = isTransfer ? value / FEE_DIVISOR : 0;
        super._update(from, to, value - fee);
        if (fee > 0) {
            super._update(from, address(0), fee);
        }
    }
}
