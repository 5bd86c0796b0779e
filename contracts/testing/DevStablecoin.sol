// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {ITokenReceiver} from "./ITokenReceiver.sol";

/// @notice The money of development chains: anyone mints it, it is worth nothing.
/// As the large stablecoins do, it takes ERC-2612 permits and ERC-3009 authorizations.
/// It tells receiving contracts that declare `ITokenReceiver`, as hook tokens do, so that a payee can refuse.
contract DevStablecoin is ERC20, ERC20Permit, ERC3009 {
    constructor() ERC20("Antiphon Dev Dollar", "aUSD") ERC20Permit("Antiphon Dev Dollar") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        bool declaresHook =
            to.code.length > 0 && ERC165Checker.supportsInterface(to, ITokenReceiver.onTokenReceived.selector);
        if (declaresHook) {
            ITokenReceiver(to).onTokenReceived(from, value);
        }
    }
}
