// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {TimedPause} from "./access/TimedPause.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IDerivativeGraph} from "./interfaces/IDerivativeGraph.sol";
import {ILicenceRegistry} from "./interfaces/ILicenceRegistry.sol";
import {IRoyaltyLedger} from "./interfaces/IRoyaltyLedger.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {LicenceBook} from "./licences/LicenceBook.sol";
import {SignedOnce} from "./signing/SignedOnce.sol";
import {LicenceId, OfferId, WorkId} from "./types/Identifiers.sol";
import {Authorization, Terms, Tier, WorkKind} from "./types/Rights.sol";

/// @notice The part of the RoyaltyLedger that says whose ancestor vectors it pays by.
interface IFollowsGraph {
    function graph() external view returns (IDerivativeGraph);
}

/// @notice See `ILicenceRegistry`. No allowance is ever given to this contract: permits and money go to the ledger.
/// While the ledger takes no new money no licence is taken either: one switch, so that two cannot be used in turn.
contract LicenceRegistry is ILicenceRegistry, LicenceBook, SignedOnce {
    /// @dev A single parent may not take more of a derivative's income than all parents together.
    uint256 private constant _ROYALTY_SHARE_MAX = 500_000_000;
    uint256 private constant _LICENCES_MAX = 64;
    bytes32 private constant _VOUCHER = keccak256(
        "LicenceVoucher(uint64 workId,bytes32 termsHash,address holder,uint32 count,uint40 deadline,uint256 nonce)"
    );
    bytes32 private constant _ORDER = keccak256(
        "LicenceOrder(uint64 workId,bytes32 termsHash,address holder,uint128 maxPrice,uint32 maxShare,uint40 deadline,uint256 nonce)"
    );

    IWorkRegistry public immutable works;
    IRoyaltyLedger public immutable ledger;

    constructor(
        IWorkRegistry works_,
        IConsentRegistry consents_,
        IRoyaltyLedger ledger_,
        address usageOracle_,
        address directReports_
    ) LicenceBook(consents_, usageOracle_, directReports_) EIP712("Antiphon Licence Registry", "1") {
        works = works_;
        ledger = ledger_;
    }

    /// @inheritdoc ILicenceRegistry
    function takeLicence(WorkId workId, Terms calldata terms, Permit calldata permit)
        external
        returns (LicenceId licenceId)
    {
        licenceId = _take(msg.sender, workId, terms, hashTerms(terms), false);
        _pay(msg.sender, workId, terms.token, terms.price, permit);
    }

    /// @inheritdoc ILicenceRegistry
    function takeLicences(WorkId workId, Terms calldata terms, address[] calldata holders, Permit calldata permit)
        external
        returns (LicenceId firstLicenceId)
    {
        uint256 length = holders.length;
        if (length == 0 || length > _LICENCES_MAX) revert BadLicenceCount(length);

        (OfferId offer, uint40 expiry) = _agree(workId, terms, hashTerms(terms), false);
        firstLicenceId = _issueEach(holders, offer, workId, expiry);
        _pay(msg.sender, workId, terms.token, SafeCast.toUint128(length * terms.price), permit);
    }

    /// @inheritdoc ILicenceRegistry
    function redeemVoucher(
        LicenceVoucher calldata voucher,
        bytes calldata signature,
        Terms calldata terms,
        Permit calldata permit
    ) external returns (LicenceId licenceId) {
        bool isBearers = voucher.holder == address(0);
        if (!isBearers && voucher.holder != msg.sender) revert NotVoucherHolder(voucher.holder, msg.sender);
        WorkId workId = voucher.workId;
        address controller = works.controllerOf(workId);
        _checkSigned(controller, hashVoucher(voucher), voucher.deadline, signature);
        uint256 uses = _use(controller, voucher.nonce, voucher.count);
        licenceId = _take(msg.sender, workId, terms, _named(voucher.termsHash, workId, terms), true);
        emit VoucherRedeemed(licenceId, controller, voucher.nonce, uses);
        _pay(msg.sender, workId, terms.token, terms.price, permit);
    }

    /// @inheritdoc ILicenceRegistry
    function takeLicenceFor(
        LicenceOrder calldata order,
        bytes calldata signature,
        Terms calldata terms,
        Permit calldata permit
    ) external returns (LicenceId licenceId) {
        address holder = order.holder;
        _checkSigned(holder, hashOrder(order), order.deadline, signature);
        _use(holder, order.nonce, 1);
        licenceId = _takeOrdered(order, terms);
        _pay(holder, order.workId, terms.token, terms.price, permit);
    }

    /// @inheritdoc ILicenceRegistry
    function takeLicenceAuthorized(
        LicenceOrder calldata order,
        Terms calldata terms,
        Authorization calldata authorization
    ) external returns (LicenceId licenceId) {
        if (block.timestamp > order.deadline) {
            revert SignatureExpired(order.deadline);
        }
        bytes32 orderHash = hashOrder(order);
        if (authorization.nonce != orderHash) revert AuthorizationUnfit(authorization.nonce, orderHash);
        // The token knows whether the authorization was used; only the nonce says that its signer took it back.
        if (usesOf(order.holder, order.nonce) != 0) revert NonceSpent(order.holder, order.nonce);
        if (terms.price == 0) revert NothingToPay(order.workId);

        licenceId = _takeOrdered(order, terms);
        ledger.payFromAuthorized(order.holder, order.workId, terms.token, terms.price, authorization);
    }

    /// @inheritdoc ILicenceRegistry
    function sublicense(LicenceId parent, Terms calldata terms, Sublicence calldata sublicence)
        external
        returns (LicenceId licenceId)
    {
        _checkNotPaused();
        Record memory record = _recordOf(parent);
        if (record.holder != msg.sender) revert NotHolder(parent, msg.sender);
        if (sublicence.holder == address(0)) revert NotHolder(parent, address(0));
        bytes32 termsHash = hashTerms(terms);
        bytes32 frozen = consents.termsHashOf(record.offer);
        WorkId workId = _workOf(record);
        if (frozen != termsHash) revert TermsNotConsented(workId, frozen, termsHash);
        if (!terms.sublicensable) revert NotSublicensable(parent);
        _checkConsent(workId, terms.tier, termsHash);
        licenceId = _descend(parent, workId, sublicence);
    }

    /// @inheritdoc ILicenceRegistry
    /// @dev keccak256(abi.encode(terms)), which lie in calldata as they are encoded. Terms with dirty bits have another
    /// hash than any that were consented to.
    function hashTerms(Terms calldata terms) public pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            calldatacopy(start, terms, 0x140)
            hash := keccak256(start, 0x140)
        }
    }

    /// @inheritdoc ILicenceRegistry
    function hashOrder(LicenceOrder calldata order) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(_ORDER, order)));
    }

    /// @inheritdoc ILicenceRegistry
    function hashVoucher(LicenceVoucher calldata voucher) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(_VOUCHER, voucher)));
    }

    function _takeOrdered(LicenceOrder calldata order, Terms calldata terms) private returns (LicenceId) {
        if (terms.price > order.maxPrice) revert PriceTooHigh(terms.price, order.maxPrice);
        if (terms.royaltyShare > order.maxShare) revert ShareTooHigh(terms.royaltyShare, order.maxShare);
        return _take(order.holder, order.workId, terms, _named(order.termsHash, order.workId, terms), false);
    }

    function _take(address holder, WorkId workId, Terms calldata terms, bytes32 termsHash, bool hasVoucher)
        private
        returns (LicenceId)
    {
        (OfferId offer, uint40 expiry) = _agree(workId, terms, termsHash, hasVoucher);
        return _issue(holder, offer, workId, expiry);
    }

    /// @dev What every licence under these terms has in common: the offer, opened now if need be, and its expiry.
    function _agree(WorkId workId, Terms calldata terms, bytes32 termsHash, bool hasVoucher)
        private
        returns (OfferId offer, uint40 expiry)
    {
        bool byVoucher;
        (offer, byVoucher) = _checkConsent(workId, terms.tier, termsHash);
        if (byVoucher && !hasVoucher) revert VoucherNeeded(workId, terms.tier);
        expiry = _checkTerms(terms);
        if (terms.price == 0) _checkUnpaid(workId);
        _open(offer, workId, terms);
    }

    function _pay(address payer, WorkId workId, IERC20 token, uint128 price, Permit calldata permit) private {
        if (price == 0) return;
        if (permit.deadline != 0) _usePermit(payer, token, price, permit);
        ledger.payFrom(payer, workId, token, price);
    }

    /// @dev Whoever saw the permit may have sent it first, to make this call fail; then the allowance is already there.
    /// A low-level call, so that a token without permits, or no token at all, ends in the same place.
    function _usePermit(address payer, IERC20 token, uint256 price, Permit calldata permit) private {
        bytes memory call = abi.encodeCall(
            IERC20Permit.permit, (payer, address(ledger), permit.value, permit.deadline, permit.v, permit.r, permit.s)
        );
        (bool done, bytes memory reason) = address(token).call(call);
        if (done || token.allowance(payer, address(ledger)) >= price) return;
        LowLevelCall.bubbleRevert(reason);
    }

    function _checkNotPaused() private view {
        uint40 until = TimedPause(address(ledger)).pausedUntil();
        if (block.timestamp < until) revert TimedPause.NewMoneyPaused(until);
    }

    /// @dev The reason is worked out only when there is something to refuse.
    function _checkConsent(WorkId workId, Tier tier, bytes32 termsHash)
        private
        view
        returns (OfferId offer, bool byVoucher)
    {
        bytes32 consented;
        (offer, consented, byVoucher) = consents.liveOffer(workId, tier);
        if (consented == termsHash) return (offer, byVoucher);
        WorkId by = works.displacedBy(workId);
        if (WorkId.unwrap(by) != 0) revert IConsentRegistry.Displaced(workId, by);
        works.workOf(workId);
        IConsentRegistry.ConsentState state = consents.consentOf(workId, tier).state;
        if (state == IConsentRegistry.ConsentState.REFUSED) revert TierRefused(workId, tier);
        if (consented == 0) revert ConsentNotLive(workId, tier, state);
        revert TermsNotConsented(workId, consented, termsHash);
    }

    function _checkTerms(Terms calldata terms) private view returns (uint40) {
        uint256 duration = terms.durationSeconds;
        uint256 expiry = block.timestamp + duration;
        uint256 share = terms.royaltyShare;
        bool shareFits = share <= _ROYALTY_SHARE_MAX && (share == 0 || terms.tier == Tier.GENERATION);
        bool durationFits = duration != 0 && expiry <= type(uint40).max;
        if (!shareFits || !durationFits) revert BadTerms();
        return uint40(expiry);
    }

    /// @dev What the ledger asks of every payment: no pause, and that a derivative has parents, or it would keep the income
    /// that it owes to them. A licence that costs nothing now may still be paid per use later.
    function _checkUnpaid(WorkId workId) private view {
        _checkNotPaused();
        if (works.kindOf(workId) != WorkKind.DERIVATIVE) return;
        IDerivativeGraph graph = IFollowsGraph(address(ledger)).graph();
        if (graph.vectorHashOf(workId) == 0) revert IRoyaltyLedger.DerivativeNotLinked(workId);
    }

    function _named(bytes32 signedHash, WorkId workId, Terms calldata terms) private pure returns (bytes32 termsHash) {
        termsHash = hashTerms(terms);
        if (termsHash != signedHash) revert TermsNotConsented(workId, signedHash, termsHash);
    }
}
