// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {HolderCredits} from "./epoch/HolderCredits.sol";
import {RootQueue} from "./epoch/RootQueue.sol";
import {IEpochDistributor} from "./interfaces/IEpochDistributor.sol";
import {SafePush} from "./libraries/SafePush.sol";
import {SumTree} from "./libraries/SumTree.sol";

/// @notice See `IEpochDistributor`. No owner, no upgrade, no way out for money but the payees of an active root.
/// Tokens are apart: a token that misbehaves spoils its own lane and no other.
contract EpochDistributor is HolderCredits {
    using SafeERC20 for IERC20;

    /// @dev Keeps a push within what a block takes, with one failing transfer in ten.
    uint256 private constant _RANGE_MAX = 512;

    /// @dev Set in an account that has a payout address: most have none, and then none is looked up.
    uint256 private constant _IS_REDIRECTED = 1 << 255;

    /// @dev What a payee was paid, and whether its money goes elsewhere.
    mapping(IERC20 token => mapping(address payee => uint256)) private _accounts;
    mapping(IERC20 token => mapping(address payee => address)) private _payoutAddress;

    constructor(address usageOracle_, IAccessManager authority_, uint40 windowSeconds_, uint16 ceilingBps_)
        RootQueue(usageOracle_, authority_, windowSeconds_, ceilingBps_)
    {}

    /// @inheritdoc IEpochDistributor
    function pushRange(IERC20 token, uint256 firstIndex, Payout[] calldata payouts, SumNode[] calldata upper)
        external
        nonReentrant
    {
        _pushRange(token, firstIndex, payouts, upper);
    }

    /// @inheritdoc IEpochDistributor
    function pushRanges(IERC20 token, PayoutRange[] calldata ranges) external nonReentrant {
        for (uint256 i; i < ranges.length; ++i) {
            _pushRange(token, ranges[i].firstIndex, ranges[i].payouts, ranges[i].upper);
        }
    }

    /// @inheritdoc IEpochDistributor
    function claim(IERC20 token, uint256 index, Payout calldata payout, SumNode[] calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        uint256 total = SumTree.checkLeaf(_activeProof(token), token, index, payout, proof);
        (address payee, uint256 cumulative) = (payout.payee, payout.cumulative);
        uint256 account = _accounts[token][payee];
        uint256 before = account & ~_IS_REDIRECTED;
        if (cumulative <= before) revert NothingDue(token, payee);
        address to = _recipient(token, payee, account);
        if (to == address(this)) revert SafePush.PayeeIsCustodian(payee);

        amount = cumulative - before;
        _bookClaim(token, amount, total);
        _accounts[token][payee] = account + amount;
        emit PaidOut(token, payee, to, amount, cumulative);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IEpochDistributor
    function setPayoutAddress(IERC20 token, address to) external nonReentrant {
        if (to == address(this)) revert SafePush.PayeeIsCustodian(msg.sender);
        uint256 claimed = _accounts[token][msg.sender] & ~_IS_REDIRECTED;
        _accounts[token][msg.sender] = to == address(0) ? claimed : claimed | _IS_REDIRECTED;
        _payoutAddress[token][msg.sender] = to;
        emit PayoutAddressSet(token, msg.sender, to);
    }

    /// @inheritdoc IEpochDistributor
    function laneOf(IERC20 token) external view returns (Lane memory) {
        return Lane(_pools[token].funded, _activeRoot(token).total, _books[token].claimed);
    }

    /// @inheritdoc IEpochDistributor
    function claimedBy(IERC20 token, address payee) external view returns (uint256) {
        return _accounts[token][payee] & ~_IS_REDIRECTED;
    }

    /// @inheritdoc IEpochDistributor
    function payoutAddressOf(IERC20 token, address payee) external view returns (address) {
        return _recipient(token, payee, _accounts[token][payee]);
    }

    /// @dev The range must be a node of the tree: 2^k leaves, aligned, with the path from that node and no other.
    function _pushRange(IERC20 token, uint256 firstIndex, Payout[] calldata payouts, SumNode[] calldata upper) private {
        uint256 length = payouts.length;
        bool isPowerOfTwo = length != 0 && length & (length - 1) == 0;
        if (!isPowerOfTwo || length > _RANGE_MAX || firstIndex % length != 0) revert BadRange(firstIndex, length);
        uint256 total = SumTree.checkRange(_activeProof(token), token, firstIndex, payouts, upper);
        uint256 before = _books[token].claimed;
        uint256 claimed = before;
        for (uint256 i; i < length; ++i) {
            claimed += _push(token, payouts[i].payee, payouts[i].cumulative, claimed, total);
        }
        if (claimed != before) _books[token].claimed = uint120(claimed);
    }

    /// @dev The account is written before the transfer and taken back when that fails, so that whoever looks in between
    /// finds it paid. The lane's sum follows at the end: nobody can enter before, and views cannot be paid twice.
    /// A root whose leaves drop a payee already paid proves more than it commits; it cannot pay beyond its total.
    function _push(IERC20 token, address payee, uint256 cumulative, uint256 claimed, uint256 total)
        private
        returns (uint256 amount)
    {
        mapping(address => uint256) storage accounts = _accounts[token];
        uint256 account = accounts[payee];
        uint256 before = account & ~_IS_REDIRECTED;
        if (cumulative <= before) return 0;
        unchecked {
            amount = cumulative - before;
        }
        if (claimed + amount > total) revert NotFunded(claimed + amount, total);
        address to = _recipient(token, payee, account);

        accounts[payee] = account + amount;
        if (SafePush.tryTransfer(token, to, amount)) {
            emit PaidOut(token, payee, to, amount, cumulative);
        } else {
            accounts[payee] = account;
            emit PayoutDeferred(token, payee, amount);
            amount = 0;
        }
    }

    function _bookClaim(IERC20 token, uint256 amount, uint256 total) private {
        Book storage book = _books[token];
        uint256 claimed = book.claimed + amount;
        if (claimed > total) revert NotFunded(claimed, total);
        book.claimed = uint120(claimed);
    }

    function _recipient(IERC20 token, address payee, uint256 account) private view returns (address) {
        return account & _IS_REDIRECTED == 0 ? payee : _payoutAddress[token][payee];
    }

    function _activeProof(IERC20 token) private view returns (bytes32 proven) {
        proven = _activeRoot(token).proven;
        if (proven == bytes32(0)) revert NoActiveRoot(token);
    }
}
