// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEpochDistributor} from "./interfaces/IEpochDistributor.sol";
import {SafePush} from "./libraries/SafePush.sol";
import {SumTree} from "./libraries/SumTree.sol";

/// @notice See `IEpochDistributor`. No owner, no upgrade, no way out for money but the payees of an active root.
/// Tokens are apart: a token that misbehaves spoils its own lane and no other.
contract EpochDistributor is IEpochDistributor, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev One slot. What is committed is the active root's total, so it is not stored twice.
    /// @param active Which of the two roots is active; the other one is, or will be, the pending one.
    struct Book {
        uint120 funded;
        uint120 claimed;
        uint8 active;
        bool pending;
    }

    /// @dev Two slots. A root is overwritten in place by the one after the next: no slot is ever cleared.
    struct Root {
        bytes32 sumRoot;
        uint120 total;
        uint32 leafCount;
        uint64 epoch;
        uint40 claimableFrom;
    }

    /// @dev Keeps a push within what a block takes, with one failing transfer in ten.
    uint256 private constant _RANGE_MAX = 512;

    address public immutable usageOracle;
    address public immutable council;
    uint40 public immutable windowSeconds;

    mapping(IERC20 token => Book) private _books;
    mapping(IERC20 token => Root[2]) private _roots;
    mapping(IERC20 token => mapping(address payee => uint256)) private _claimed;
    mapping(address payee => address) private _payoutAddress;

    constructor(address usageOracle_, address council_, uint40 windowSeconds_) {
        usageOracle = usageOracle_;
        council = council_;
        windowSeconds = windowSeconds_;
    }

    /// @inheritdoc IEpochDistributor
    function fund(IERC20 token, uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        Book storage book = _books[token];
        uint256 funded = book.funded + amount;
        book.funded = funded.toUint120();
        emit Funded(token, msg.sender, amount, funded);

        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 held = token.balanceOf(address(this));
        if (held != before + amount) revert AmountMismatch(amount, held > before ? held - before : 0);
    }

    /// @inheritdoc IEpochDistributor
    function propose(uint64 epoch, IERC20 token, bytes32 sumRoot, uint32 leafCount, uint256 total) external {
        if (msg.sender != usageOracle) revert NotUsageOracle(msg.sender);
        Book storage book = _books[token];
        Root storage root = _roots[token][1 - book.active];
        if (book.pending) revert RootPending(token, root.epoch);
        if (leafCount == 0) revert BadRange(0, 0);
        uint256 committed = _roots[token][book.active].total;
        if (total < committed) revert TotalDecreased(committed, total);
        if (total > book.funded) revert NotFunded(total, book.funded);

        uint40 claimableFrom = uint40(block.timestamp) + windowSeconds;
        book.pending = true;
        root.sumRoot = sumRoot;
        root.total = uint120(total);
        root.leafCount = leafCount;
        root.epoch = epoch;
        root.claimableFrom = claimableFrom;
        emit RootProposed(token, epoch, sumRoot, total, leafCount, claimableFrom);
    }

    /// @inheritdoc IEpochDistributor
    function activate(IERC20 token) external {
        Root storage root = _pendingRootOf(token);
        if (block.timestamp < root.claimableFrom) revert WindowOpen(root.epoch, root.claimableFrom);

        Book storage book = _books[token];
        book.active = 1 - book.active;
        book.pending = false;
        emit RootActivated(token, root.epoch, root.sumRoot, root.total);
    }

    /// @inheritdoc IEpochDistributor
    function reject(IERC20 token, bytes32 reasonDigest) external {
        if (msg.sender != council) revert NotCouncil(msg.sender);
        Root storage root = _pendingRootOf(token);
        if (block.timestamp >= root.claimableFrom) revert WindowClosed(root.epoch, root.claimableFrom);

        _books[token].pending = false;
        emit RootRejected(token, root.epoch, root.sumRoot, reasonDigest);
    }

    /// @inheritdoc IEpochDistributor
    function pushRange(IERC20 token, uint256 firstIndex, Payout[] calldata payouts, SumNode[] calldata upper)
        external
        nonReentrant
    {
        uint256 total = _provenTotalOfRange(token, firstIndex, payouts, upper);

        mapping(address => uint256) storage claimedBy_ = _claimed[token];
        Book storage book = _books[token];
        for (uint256 i; i < payouts.length; ++i) {
            _push(token, claimedBy_, book, payouts[i], total);
        }
    }

    /// @inheritdoc IEpochDistributor
    function claim(IERC20 token, uint256 index, Payout calldata payout, SumNode[] calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        uint256 total = _provenTotal(token, index, payout, proof);
        uint256 before = _claimed[token][payout.payee];
        if (payout.cumulative <= before) revert NothingDue(token, payout.payee);
        address to = payoutAddressOf(payout.payee);
        if (to == address(this)) revert SafePush.PayeeIsCustodian(payout.payee);

        amount = payout.cumulative - before;
        _bookPayout(_books[token], amount, total);
        _claimed[token][payout.payee] = payout.cumulative;
        emit PaidOut(token, payout.payee, to, amount, payout.cumulative);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IEpochDistributor
    function setPayoutAddress(address to) external {
        if (to == address(this)) revert SafePush.PayeeIsCustodian(msg.sender);
        _payoutAddress[msg.sender] = to;
        emit PayoutAddressSet(msg.sender, to);
    }

    /// @inheritdoc IEpochDistributor
    function laneOf(IERC20 token) external view returns (Lane memory) {
        Book storage book = _books[token];
        return Lane(book.funded, _roots[token][book.active].total, book.claimed);
    }

    /// @inheritdoc IEpochDistributor
    function pendingRoot(IERC20 token) external view returns (PayoutRoot memory root) {
        Book storage book = _books[token];
        if (book.pending) root = _asPayoutRoot(_roots[token][1 - book.active]);
    }

    /// @inheritdoc IEpochDistributor
    function activeRoot(IERC20 token) external view returns (PayoutRoot memory) {
        return _asPayoutRoot(_roots[token][_books[token].active]);
    }

    /// @inheritdoc IEpochDistributor
    function claimedBy(IERC20 token, address payee) external view returns (uint256) {
        return _claimed[token][payee];
    }

    /// @inheritdoc IEpochDistributor
    function payoutAddressOf(address payee) public view returns (address) {
        address to = _payoutAddress[payee];
        return to == address(0) ? payee : to;
    }

    /// @dev Booked before the transfer and taken back when it fails, so that whoever looks in between sees the truth.
    function _push(
        IERC20 token,
        mapping(address => uint256) storage claimedBy_,
        Book storage book,
        Payout calldata payout,
        uint256 total
    ) private {
        address payee = payout.payee;
        uint256 cumulative = payout.cumulative;
        uint256 before = claimedBy_[payee];
        if (cumulative <= before) return;
        uint256 amount = cumulative - before;
        address to = payoutAddressOf(payee);

        _bookPayout(book, amount, total);
        claimedBy_[payee] = cumulative;
        if (SafePush.tryTransfer(token, to, amount)) {
            emit PaidOut(token, payee, to, amount, cumulative);
        } else {
            claimedBy_[payee] = before;
            book.claimed -= uint120(amount);
            emit PayoutDeferred(token, payee, amount);
        }
    }

    /// @dev A root whose leaves drop a payee already paid proves more than it commits; it cannot pay beyond its total.
    function _bookPayout(Book storage book, uint256 amount, uint256 total) private {
        uint256 claimed = book.claimed + amount;
        if (claimed > total) revert NotFunded(claimed, total);
        book.claimed = uint120(claimed);
    }

    function _pendingRootOf(IERC20 token) private view returns (Root storage) {
        Book storage book = _books[token];
        if (!book.pending) revert NoPendingRoot(token);
        return _roots[token][1 - book.active];
    }

    function _activeRootOf(IERC20 token) private view returns (Root storage root) {
        root = _roots[token][_books[token].active];
        if (root.leafCount == 0) revert NoActiveRoot(token);
    }

    function _provenTotal(IERC20 token, uint256 index, Payout calldata payout, SumNode[] calldata proof)
        private
        view
        returns (uint256 total)
    {
        Root storage root = _activeRootOf(token);
        uint256 leafCount = root.leafCount;
        if (index >= leafCount || proof.length != SumTree.depthOf(leafCount)) revert InvalidProof();
        (bytes32 hash, uint256 sum) = SumTree.rootFrom(token, index, payout, proof);
        total = root.total;
        if (hash != root.sumRoot || sum != total) revert InvalidProof();
    }

    function _provenTotalOfRange(IERC20 token, uint256 firstIndex, Payout[] calldata payouts, SumNode[] calldata upper)
        private
        view
        returns (uint256 total)
    {
        Root storage root = _activeRootOf(token);
        uint256 leafCount = root.leafCount;
        _checkRange(firstIndex, payouts.length, upper.length, leafCount);
        (bytes32 hash, uint256 sum) = SumTree.rootFromRange(token, firstIndex, leafCount, payouts, upper);
        total = root.total;
        if (hash != root.sumRoot || sum != total) revert InvalidProof();
    }

    /// @dev The range must be a node of the tree: 2^k leaves, aligned, with the path from that node and no other.
    function _checkRange(uint256 firstIndex, uint256 length, uint256 upperLength, uint256 leafCount) private pure {
        bool isPowerOfTwo = length != 0 && length & (length - 1) == 0;
        if (!isPowerOfTwo || length > _RANGE_MAX || firstIndex % length != 0 || firstIndex >= leafCount) {
            revert BadRange(firstIndex, length);
        }
        uint256 depth = SumTree.depthOf(leafCount);
        if (length > 1 << depth) revert BadRange(firstIndex, length);
        if (upperLength != depth - SumTree.depthOf(length)) revert InvalidProof();
    }

    function _asPayoutRoot(Root storage root) private view returns (PayoutRoot memory) {
        return PayoutRoot(root.sumRoot, root.total, root.leafCount, root.epoch, root.claimableFrom);
    }
}
