// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IRoyaltyLedger} from "./interfaces/IRoyaltyLedger.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {WorkId} from "./types/Identifiers.sol";

/// @notice Where money for one work waits that came by plain transfer, as resale royalties do: the ledger could not
/// tell for which work it is. Created by the WorkRegistry at an address known beforehand; nobody owns it.
contract WorkInbox {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    IWorkRegistry public immutable works;
    IRoyaltyLedger public immutable ledger;
    WorkId public immutable workId;

    constructor(IRoyaltyLedger ledger_, WorkId workId_) {
        works = IWorkRegistry(msg.sender);
        ledger = ledger_;
        workId = workId_;
    }

    /// @dev Markets pay in ether too.
    receive() external payable {}

    /// @notice Pays what is here in a token to the work, through the ledger. Anyone; refused while the ledger does
    /// not take the token, and the money stays.
    function deliver(IERC20 token) external {
        uint256 amount = token.balanceOf(address(this));
        token.forceApprove(address(ledger), amount);
        ledger.pay(workId, token, amount.toUint128());
    }

    /// @notice Sends the ether that is here to whoever decides for the work: the ledger holds none.
    function deliverEther() external {
        Address.sendValue(payable(works.controllerOf(workId)), address(this).balance);
    }
}
