// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {Managed} from "./access/Managed.sol";
import {TimedPause} from "./access/TimedPause.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IDerivativeGraph} from "./interfaces/IDerivativeGraph.sol";
import {IFrozenShares} from "./interfaces/IFrozenShares.sol";
import {IRoyaltyLedger} from "./interfaces/IRoyaltyLedger.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {AncestorVectors} from "./libraries/AncestorVectors.sol";
import {SafePush} from "./libraries/SafePush.sol";
import {SplitVersions} from "./splits/SplitVersions.sol";
import {WorkId} from "./types/Identifiers.sol";
import {Authorization, BPS_WHOLE, SHARE_SCALE, Share, WorkKind} from "./types/Rights.sol";

/// @notice See `IRoyaltyLedger`. No owner, no upgrade, no way out for money but the payees of a split.
/// Nobody's decision is asked for between a payment and its payout: `settle`, `claim` and `push` depend on the graph's
/// stored hash and on the court's answer alone. Split versions count from 1; the first one owns all earlier income.
contract RoyaltyLedger is IRoyaltyLedger, SplitVersions, TimedPause {
    using SafeERC20 for IERC20;

    uint256 private constant _TOKENS_MAX = 16;

    IDerivativeGraph public immutable graph;
    address public immutable licenceRegistry;
    IFrozenShares public immutable court;

    IERC20[] private _tokens;
    mapping(IERC20 token => bool) public isAccepted;
    mapping(WorkId workId => mapping(IERC20 token => Flow)) private _flow;
    mapping(WorkId workId => mapping(IERC20 token => uint256)) private _accrued;
    mapping(WorkId workId => mapping(IERC20 token => mapping(uint32 version => uint256))) private _segmentStart;
    mapping(WorkId workId => mapping(IERC20 token => mapping(uint32 version => mapping(address payee => uint256))))
        private _paid;
    mapping(address payee => address) private _payoutAddress;

    modifier onlyLicenceRegistry() {
        if (msg.sender != licenceRegistry) revert NotLicenceRegistry(msg.sender);
        _;
    }

    constructor(
        IWorkRegistry works_,
        IConsentRegistry consents_,
        IDerivativeGraph graph_,
        address licenceRegistry_,
        IFrozenShares court_,
        IAccessManager authority_
    ) SplitVersions(works_, consents_) Managed(authority_) {
        graph = graph_;
        licenceRegistry = licenceRegistry_;
        court = court_;
    }

    /// @inheritdoc IRoyaltyLedger
    function acceptToken(IERC20 token) external restricted {
        if (isAccepted[token]) revert TokenAlreadyAccepted(token);
        if (_tokens.length == _TOKENS_MAX) revert TooManyTokens(_TOKENS_MAX + 1);
        if (address(token).code.length == 0) revert TokenNotAccepted(token);

        isAccepted[token] = true;
        _tokens.push(token);
        emit TokenAccepted(token);
    }

    /// @inheritdoc IRoyaltyLedger
    function pay(WorkId workId, IERC20 token, uint128 amount) external nonReentrant whenNotPaused {
        uint256 before = _book(msg.sender, workId, token, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
        _checkReceived(token, before, amount);
    }

    /// @inheritdoc IRoyaltyLedger
    function payFrom(address payer, WorkId workId, IERC20 token, uint128 amount)
        external
        onlyLicenceRegistry
        nonReentrant
        whenNotPaused
    {
        uint256 before = _book(payer, workId, token, amount);
        token.safeTransferFrom(payer, address(this), amount);
        _checkReceived(token, before, amount);
    }

    /// @inheritdoc IRoyaltyLedger
    function payFromAuthorized(
        address payer,
        WorkId workId,
        IERC20 token,
        uint128 amount,
        Authorization calldata authorization
    ) external onlyLicenceRegistry nonReentrant whenNotPaused {
        uint256 before = _book(payer, workId, token, amount);
        IERC3009(address(token))
            .receiveWithAuthorization(
                payer,
                address(this),
                amount,
                authorization.validAfter,
                authorization.validBefore,
                authorization.nonce,
                authorization.v,
                authorization.r,
                authorization.s
            );
        _checkReceived(token, before, amount);
    }

    /// @inheritdoc IRoyaltyLedger
    function settle(WorkId workId, IERC20 token, bytes calldata vector) external nonReentrant {
        _checkVector(workId, vector);
        _settle(workId, token, vector);
    }

    /// @inheritdoc IRoyaltyLedger
    function claim(WorkId workId, IERC20 token, uint32 version, Share[] calldata shares, address payee)
        external
        nonReentrant
        returns (uint256 amount)
    {
        uint256 income = _incomeOf(workId, token, version, shares);
        uint256 bps = shares[_placeOf(shares, payee)].bps;
        if (_isFrozen(workId, payee)) revert ShareFrozen(workId, payee);
        mapping(address => uint256) storage paid = _paid[workId][token][version];
        uint256 before = paid[payee];
        amount = _entitlement(income, bps) - before;
        // Somebody else may have sent the same call first.
        if (amount == 0) return 0;

        paid[payee] = before + amount;
        address to = payoutAddressOf(payee);
        emit PaidOut(workId, token, payee, version, to, amount, before + amount);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IRoyaltyLedger
    function push(WorkId workId, IERC20 token, uint32 version, Share[] calldata shares) external nonReentrant {
        uint256 income = _incomeOf(workId, token, version, shares);
        for (uint256 i; i < shares.length; ++i) {
            _push(workId, token, version, income, shares[i]);
        }
    }

    /// @inheritdoc IRoyaltyLedger
    function noteDispute(WorkId workId) external returns (uint32 splits) {
        if (msg.sender != address(court)) revert NotCourt(msg.sender);
        Book storage book = _books[workId];
        if (!book.wasDisputed) book.wasDisputed = true;
        return book.splits;
    }

    /// @inheritdoc IRoyaltyLedger
    function setPayoutAddress(address to) external {
        if (to == address(this)) revert SafePush.PayeeIsCustodian(msg.sender);
        _payoutAddress[msg.sender] = to;
        emit PayoutAddressSet(msg.sender, to);
    }

    /// @inheritdoc IRoyaltyLedger
    function flowOf(WorkId workId, IERC20 token) external view returns (Flow memory) {
        return _flow[workId][token];
    }

    /// @inheritdoc IRoyaltyLedger
    function accruedOf(WorkId workId, IERC20 token) external view returns (uint256) {
        return _accrued[workId][token];
    }

    /// @inheritdoc IRoyaltyLedger
    function segmentStartOf(WorkId workId, IERC20 token, uint32 version) external view returns (uint256) {
        return _segmentStart[workId][token][version];
    }

    /// @inheritdoc IRoyaltyLedger
    function paidTo(WorkId workId, IERC20 token, uint32 version, address payee) external view returns (uint256) {
        return _paid[workId][token][version][payee];
    }

    /// @inheritdoc IRoyaltyLedger
    function dueTo(WorkId workId, IERC20 token, uint32 version, Share[] calldata shares, address payee)
        external
        view
        returns (uint256)
    {
        uint256 income = _incomeOf(workId, token, version, shares);
        uint256 bps = shares[_placeOf(shares, payee)].bps;
        return _entitlement(income, bps) - _paid[workId][token][version][payee];
    }

    /// @inheritdoc IRoyaltyLedger
    function payoutAddressOf(address payee) public view returns (address) {
        address to = _payoutAddress[payee];
        return to == address(0) ? payee : to;
    }

    /// @dev Booked before the money comes, so that a token that calls back finds the books true; a token that delivers
    /// less undoes it all.
    /// @return before What the ledger held of the token.
    function _book(address payer, WorkId workId, IERC20 token, uint128 amount) private returns (uint256 before) {
        if (amount == 0) revert ZeroAmount();
        if (!isAccepted[token]) revert TokenNotAccepted(token);
        Lineage lineage = _lineageOf(workId);

        Flow storage flow = _flow[workId][token];
        uint128 gross = flow.gross + amount;
        if (lineage == Lineage.DERIVED) {
            flow.gross = gross;
        } else {
            _flow[workId][token] = Flow(gross, gross);
            _accrued[workId][token] += amount * SHARE_SCALE;
        }
        emit Paid(workId, token, payer, amount, gross);
        return token.balanceOf(address(this));
    }

    function _lineageOf(WorkId workId) private returns (Lineage lineage) {
        lineage = _books[workId].lineage;
        if (lineage != Lineage.UNKNOWN) return lineage;
        if (graph.vectorHashOf(workId) != 0) {
            lineage = Lineage.DERIVED;
        } else {
            if (works.kindOf(workId) == WorkKind.DERIVATIVE) revert DerivativeNotLinked(workId);
            lineage = Lineage.ORIGINAL;
        }
        _books[workId].lineage = lineage;
    }

    function _settle(WorkId workId, IERC20 token, bytes calldata vector) private {
        Flow storage flow = _flow[workId][token];
        uint128 gross = flow.gross;
        uint128 amount = gross - flow.settled;
        if (amount == 0) return;

        flow.settled = gross;
        _passOn(workId, token, amount, vector);
        emit Settled(workId, token, amount, gross);
    }

    /// @dev The vector is the one stored at linking, so its ids ascend and its shares stay below the whole.
    function _passOn(WorkId workId, IERC20 token, uint256 amount, bytes calldata vector) private {
        uint256 kept = SHARE_SCALE;
        for (uint256 from; from < vector.length; from += AncestorVectors.ENTRY_BYTES) {
            uint256 entry = AncestorVectors.entryAt(vector, from);
            uint256 share = entry & AncestorVectors.SHARE_MASK;
            kept -= share;
            _accrued[WorkId.wrap(uint64(entry >> 32))][token] += amount * share;
        }
        _accrued[workId][token] += amount * kept;
    }

    function _closeSegments(WorkId workId, uint32 version, bytes calldata vector) internal override {
        _checkVector(workId, vector);
        uint256 tokens = _tokens.length;
        for (uint256 i; i < tokens; ++i) {
            IERC20 token = _tokens[i];
            _settle(workId, token, vector);
            uint256 accrued = _accrued[workId][token];
            if (accrued != 0) _segmentStart[workId][token][version] = accrued;
        }
    }

    /// @dev Booked before the transfer and taken back when it fails, so that whoever looks in between sees the truth.
    function _push(WorkId workId, IERC20 token, uint32 version, uint256 income, Share calldata share) private {
        address payee = share.payee;
        mapping(address => uint256) storage paid = _paid[workId][token][version];
        uint256 before = paid[payee];
        uint256 amount = _entitlement(income, share.bps) - before;
        if (amount == 0 || _isFrozen(workId, payee)) return;
        address to = payoutAddressOf(payee);

        paid[payee] = before + amount;
        if (SafePush.tryTransfer(token, to, amount)) {
            emit PaidOut(workId, token, payee, version, to, amount, before + amount);
        } else {
            paid[payee] = before;
            emit PayoutDeferred(workId, token, payee, version, amount);
        }
    }

    /// @dev The court notes a dispute in the transaction in which a freeze begins, so of a work without a note no share
    /// is frozen, and nobody has to ask.
    function _isFrozen(WorkId workId, address payee) private view returns (bool) {
        return _books[workId].wasDisputed && court.isFrozen(workId, payee);
    }

    function _checkVector(WorkId workId, bytes calldata vector) private view {
        bytes30 stored = graph.vectorHashOf(workId);
        bool matches = stored == 0 ? vector.length == 0 : bytes30(keccak256(vector)) == stored;
        if (!matches) revert VectorMismatch(workId);
    }

    function _checkReceived(IERC20 token, uint256 before, uint256 amount) private view {
        uint256 held = token.balanceOf(address(this));
        if (held != before + amount) revert AmountMismatch(amount, held > before ? held - before : 0);
    }

    /// @dev What a version's segment took in so far, as a numerator of `SHARE_SCALE`; it ends where the next begins.
    function _incomeOf(WorkId workId, IERC20 token, uint32 version, Share[] calldata shares)
        private
        view
        returns (uint256)
    {
        bool isLast = _checkSplit(workId, version, shares);
        uint256 end = isLast ? _accrued[workId][token] : _segmentStart[workId][token][version + 1];
        // The first segment begins at zero; not asking the store is worth 2,000 gas to every payee of a first split.
        return version == 1 ? end : end - _segmentStart[workId][token][version];
    }

    /// @dev Below 2^158 times 2^14: no product here overflows. What is left of a unit stays with the payee's segment.
    function _entitlement(uint256 income, uint256 bps) private pure returns (uint256) {
        return income * bps / (SHARE_SCALE * BPS_WHOLE);
    }
}
