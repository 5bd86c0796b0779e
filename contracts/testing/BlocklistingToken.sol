// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @notice A token whose issuer can bar accounts, as USDC's can.
contract BlocklistingToken is ERC20, ERC20Permit {
    mapping(address account => bool) private _barred;

    error AccountBarred(address account);

    constructor() ERC20("Blocklisting", "BLK") ERC20Permit("Blocklisting") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function bar(address account, bool barred) external {
        _barred[account] = barred;
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (_barred[from]) revert AccountBarred(from);
        if (_barred[to]) revert AccountBarred(to);
        super._update(from, to, value);
    }
}
