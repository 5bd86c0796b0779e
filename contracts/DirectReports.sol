// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Managed} from "./access/Managed.sol";
import {TimedPause} from "./access/TimedPause.sol";
import {IDirectReports} from "./interfaces/IDirectReports.sol";
import {IEpochDistributor} from "./interfaces/IEpochDistributor.sol";
import {ILicenceBook} from "./interfaces/ILicenceBook.sol";
import {IOperatorSet} from "./interfaces/IOperatorSet.sol";
import {IRoyaltyLedger} from "./interfaces/IRoyaltyLedger.sol";
import {IUsageOracle} from "./interfaces/IUsageOracle.sol";
import {CountedEvents} from "./oracle/CountedEvents.sol";
import {LicenceId, WorkId} from "./types/Identifiers.sol";
import {LicenceUsage, Terms} from "./types/Rights.sol";

/// @notice See `IDirectReports`. No owner, no upgrade, no way out for money but to the licence's work or back to the
/// platform whose it was. A pause stops new reports; it never stops a release, a rejection, or what a platform takes back.
contract DirectReports is IDirectReports, EIP712, TimedPause, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant _REPORT_TYPEHASH = keccak256(
        "DirectReport(uint8 usageKind,uint64 licenceId,uint64 generationId,bytes32 sourceKey,uint64 occurredAt,"
        "bytes32 evidence,bytes32 programHash,uint40 deadline)"
    );
    bytes16 private constant _USAGE_ID_DOMAIN = "antiphon.usage.2";

    /// @dev What stands in the place of a hash once the event is through. No hash is found that is so small.
    bytes32 private constant _RELEASED = bytes32(uint256(1));
    bytes32 private constant _REJECTED = bytes32(uint256(2));

    IUsageOracle public immutable oracle;
    IEpochDistributor public immutable distributor;
    ILicenceBook public immutable licences;
    IRoyaltyLedger public immutable ledger;
    uint40 public immutable windowSeconds;

    mapping(bytes32 eventId => bytes32) private _held;
    mapping(address platform => mapping(IERC20 token => uint256)) private _free;

    constructor(
        IUsageOracle oracle_,
        IEpochDistributor distributor_,
        ILicenceBook licences_,
        IRoyaltyLedger ledger_,
        IAccessManager authority_,
        uint40 windowSeconds_
    ) EIP712("Antiphon Direct Reports", "1") Managed(authority_) {
        oracle = oracle_;
        distributor = distributor_;
        licences = licences_;
        ledger = ledger_;
        windowSeconds = windowSeconds_;
    }

    /// @inheritdoc IDirectReports
    function deposit(address platform, IERC20 token, uint128 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        // The ledger never stops taking a token, so what is locked later can always be released.
        if (!ledger.isAccepted(token)) revert TokenNotAccepted(token);
        uint256 free = _free[platform][token] + amount;
        _free[platform][token] = free;
        emit Deposited(platform, token, msg.sender, amount, free);

        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 held = token.balanceOf(address(this));
        if (held != before + amount) revert AmountMismatch(amount, held > before ? held - before : 0);
    }

    /// @inheritdoc IDirectReports
    function takeBack(IERC20 token, uint128 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        uint256 free = _take(msg.sender, token, amount);
        emit TakenBack(msg.sender, token, amount, free);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IDirectReports
    function post(DirectReport calldata report, Terms calldata terms, IOperatorSet.Signature[] calldata signatures)
        external
        whenNotPaused
    {
        bytes32 eventId = eventIdOf(report);
        if (_held[eventId] != bytes32(0)) revert AlreadyReported(eventId);
        if (block.timestamp > report.deadline) revert ReportExpired(report.deadline);
        if (block.timestamp < report.occurredAt) revert UseAhead(report.occurredAt);
        oracle.checkQuorum(reportDigest(report), signatures);

        Held memory held = _priced(eventId, report, terms);
        uint256 free = _take(held.platform, held.token, held.amount);
        _held[eventId] = keccak256(abi.encode(held));
        emit DirectReportPosted(eventId, report, held, free);
        licences.recordUsage(_usage(held.licenceId, held.amount));
    }

    /// @inheritdoc IDirectReports
    function release(Held calldata held) external nonReentrant {
        _checkHeld(held);
        if (block.timestamp < held.releasableFrom) revert WindowOpen(held.eventId, held.releasableFrom);

        _held[held.eventId] = _RELEASED;
        emit DirectReportReleased(held.eventId, held.workId, held.token, held.amount);
        held.token.forceApprove(address(ledger), held.amount);
        ledger.pay(held.workId, held.token, held.amount);
    }

    /// @inheritdoc IDirectReports
    function reject(Held calldata held, bytes32 reasonDigest) external restricted {
        _checkHeld(held);
        if (block.timestamp >= held.releasableFrom) revert WindowClosed(held.eventId, held.releasableFrom);
        _reject(held, 0, reasonDigest);
    }

    /// @inheritdoc IDirectReports
    function rejectCounted(Held calldata held, IUsageOracle.EpochReport[] calldata epochs, bytes32[] calldata proof)
        external
    {
        _checkHeld(held);
        bytes32 reportHash = CountedEvents.check(distributor, held.eventId, epochs, proof);
        _reject(held, epochs[epochs.length - 1].epoch, reportHash);
    }

    /// @inheritdoc IDirectReports
    function depositOf(address platform, IERC20 token) external view returns (uint256) {
        return _free[platform][token];
    }

    /// @inheritdoc IDirectReports
    function stateOf(bytes32 eventId) external view returns (State) {
        bytes32 held = _held[eventId];
        if (held == bytes32(0)) return State.UNREPORTED;
        if (held == _RELEASED) return State.RELEASED;
        return held == _REJECTED ? State.REJECTED : State.HELD;
    }

    /// @inheritdoc IDirectReports
    function reportDigest(DirectReport calldata report) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(_REPORT_TYPEHASH, report)));
    }

    /// @inheritdoc IDirectReports
    function eventIdOf(DirectReport calldata report) public pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                _USAGE_ID_DOMAIN, report.usageKind, report.licenceId, report.generationId, report.sourceKey
            )
        );
    }

    /// @dev The price is the licence's own: the terms given must be those whose hash it froze.
    function _priced(bytes32 eventId, DirectReport calldata report, Terms calldata terms)
        private
        view
        returns (Held memory)
    {
        LicenceId licenceId = report.licenceId;
        (address holder, uint40 expiry, WorkId workId, bytes32 frozen) = licences.frozenOf(licenceId);
        bytes32 termsHash = keccak256(abi.encode(terms));
        if (termsHash != frozen) revert TermsMismatch(frozen, termsHash);
        if (report.occurredAt >= expiry) revert LicenceExpired(licenceId, expiry);
        if (terms.unitPrice == 0) revert NoUnitPrice(licenceId);
        return Held({
            eventId: eventId,
            licenceId: licenceId,
            workId: workId,
            platform: holder,
            token: terms.token,
            amount: terms.unitPrice,
            releasableFrom: uint40(block.timestamp) + windowSeconds
        });
    }

    function _take(address platform, IERC20 token, uint256 amount) private returns (uint256 free) {
        free = _free[platform][token];
        if (free < amount) revert DepositTooSmall(platform, token, free, amount);
        unchecked {
            free -= amount;
        }
        _free[platform][token] = free;
    }

    /// @dev The platform has its money back, and the licence its use; the event stays reported.
    function _reject(Held calldata held, uint64 epoch, bytes32 reason) private {
        uint256 free = _free[held.platform][held.token] + held.amount;
        _held[held.eventId] = _REJECTED;
        _free[held.platform][held.token] = free;
        emit DirectReportRejected(held.eventId, epoch, reason, free);
        licences.returnUsage(_usage(held.licenceId, held.amount));
    }

    function _checkHeld(Held calldata held) private view {
        if (_held[held.eventId] != keccak256(abi.encode(held))) revert NotHeld(held.eventId);
    }

    function _usage(LicenceId licenceId, uint128 amount) private pure returns (LicenceUsage[] memory usage) {
        usage = new LicenceUsage[](1);
        usage[0] = LicenceUsage(licenceId, 1, amount);
    }
}
