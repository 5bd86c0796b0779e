// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEpochDistributor} from "../interfaces/IEpochDistributor.sol";
import {Charge} from "../types/Rights.sol";
import {RootQueue} from "./RootQueue.sol";

/// @notice Whose money the epoch lane holds: every licence holder has a credit, and its use is paid from that alone.
///
/// The credits and what was charged of them are together what was funded; roots promise no more than was charged. So
/// whatever roots say, the credits that are left are covered.
abstract contract HolderCredits is RootQueue, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    mapping(IERC20 token => mapping(address holder => uint256)) private _credits;

    /// @inheritdoc IEpochDistributor
    function fund(IERC20 token, uint256 amount) external nonReentrant {
        _fund(token, msg.sender, amount);
    }

    /// @inheritdoc IEpochDistributor
    function fundFor(IERC20 token, address holder, uint256 amount) external nonReentrant {
        _fund(token, holder, amount);
    }

    /// @inheritdoc IEpochDistributor
    function charge(IERC20 token, Charge[] calldata charges) external onlyUsageOracle {
        mapping(address => uint256) storage credits = _credits[token];
        uint256 charged = _books[token].charged;
        for (uint256 i; i < charges.length; ++i) {
            (address holder, uint256 amount) = (charges[i].holder, charges[i].amount);
            uint256 credit = credits[holder];
            if (amount > credit) revert CreditExceeded(token, holder, amount, credit);
            unchecked {
                credit -= amount;
            }
            charged += amount;
            credits[holder] = credit;
            emit Charged(token, holder, amount, credit);
        }
        // With the credits it is what was funded, which fits.
        _books[token].charged = uint120(charged);
    }

    /// @inheritdoc IEpochDistributor
    function returnCharges(IERC20 token, Charge[] calldata charges) external onlyUsageOracle {
        mapping(address => uint256) storage credits = _credits[token];
        uint256 charged = _books[token].charged;
        for (uint256 i; i < charges.length; ++i) {
            (address holder, uint256 amount) = (charges[i].holder, charges[i].amount);
            uint256 credit = credits[holder] + amount;
            charged -= amount;
            credits[holder] = credit;
            emit ChargeReturned(token, holder, amount, credit);
        }
        // Honest roots promise no more than the epochs that stand were charged. Others must be thrown out first.
        uint256 promised = _promised(token);
        if (charged < promised) revert NotCharged(promised, charged);
        _books[token].charged = uint120(charged);
    }

    /// @inheritdoc IEpochDistributor
    function creditOf(IERC20 token, address holder) external view returns (uint256) {
        return _credits[token][holder];
    }

    /// @inheritdoc IEpochDistributor
    function chargedOf(IERC20 token) external view returns (uint256) {
        return _books[token].charged;
    }

    function _fund(IERC20 token, address holder, uint256 amount) private {
        if (amount == 0) revert ZeroAmount();
        uint256 funded = _pools[token].funded + amount;
        uint256 credit = _credits[token][holder] + amount;
        _pools[token].funded = funded.toUint120();
        _credits[token][holder] = credit;
        emit Funded(token, holder, amount, credit, funded);

        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 held = token.balanceOf(address(this));
        if (held != before + amount) revert AmountMismatch(amount, held > before ? held - before : 0);
    }
}
