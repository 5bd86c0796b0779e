// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IRoyaltyLedger} from "./interfaces/IRoyaltyLedger.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {IWrappedEther} from "./interfaces/IWrappedEther.sol";
import {WorkId} from "./types/Identifiers.sol";

/// @notice Where money for one work waits that came by plain transfer, as resale royalties do: the ledger could not
/// tell for which work it is. Created by the WorkRegistry at an address known beforehand; nobody owns it.
contract WorkInbox {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    IWorkRegistry public immutable works;
    IRoyaltyLedger public immutable ledger;
    IWrappedEther public immutable wrappedEther;
    WorkId public immutable workId;

    constructor(IRoyaltyLedger ledger_, IWrappedEther wrappedEther_, WorkId workId_) {
        works = IWorkRegistry(msg.sender);
        ledger = ledger_;
        wrappedEther = wrappedEther_;
        workId = workId_;
    }

    /// @dev Markets pay in ether too. Where it could never be wrapped it is not taken.
    receive() external payable {
        _checkTakesEther();
    }

    /// @notice Wraps the ether that is here, and delivers it like any token.
    function deliverEther() external {
        _checkTakesEther();
        wrappedEther.deposit{value: address(this).balance}();
        deliver(wrappedEther);
    }

    /// @notice Pays what is here in a token to the work, through the ledger. Anyone; refused while the ledger does
    /// not take the token, and the money stays.
    function deliver(IERC20 token) public {
        uint256 amount = token.balanceOf(address(this));
        token.forceApprove(address(ledger), amount);
        ledger.pay(workId, token, amount.toUint128());
    }

    function _checkTakesEther() private view {
        if (address(wrappedEther) == address(0)) revert IWorkToken.EtherNotTaken(workId);
    }
}
