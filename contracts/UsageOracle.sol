// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Managed} from "./access/Managed.sol";
import {TimedPause} from "./access/TimedPause.sol";
import {IEpochDistributor} from "./interfaces/IEpochDistributor.sol";
import {IFrozenShares} from "./interfaces/IFrozenShares.sol";
import {ILicenceRegistry} from "./interfaces/ILicenceRegistry.sol";
import {IUsageOracle} from "./interfaces/IUsageOracle.sol";
import {EpochReports} from "./libraries/EpochReports.sol";
import {OperatorSet} from "./oracle/OperatorSet.sol";
import {WorkId} from "./types/Identifiers.sol";
import {Charge, LicenceUsage} from "./types/Rights.sol";

/// @notice See `IUsageOracle`. Which report was posted and stands is the distributor's to say: it holds the roots.
///
/// The order of the bases puts the operators, the pause and the last epoch into one slot, which every report reads.
contract UsageOracle is IUsageOracle, EIP712, OperatorSet, TimedPause {
    uint256 private constant _LICENCES_MAX = 64;

    ILicenceRegistry public immutable licences;
    IEpochDistributor public immutable distributor;
    IFrozenShares public immutable court;

    /// @dev Forty bits, so that it fits the slot: an epoch a second for thirty thousand years.
    uint40 private _lastEpoch;
    mapping(uint64 epoch => bool) private _isUsageReturned;

    constructor(
        ILicenceRegistry licences_,
        IEpochDistributor distributor_,
        IFrozenShares court_,
        IAccessManager authority_,
        OperatorPlan memory plan,
        BondTerms memory bond
    ) EIP712("Antiphon Usage Oracle", "1") Managed(authority_) OperatorSet(plan, bond) {
        licences = licences_;
        distributor = distributor_;
        court = court_;
    }

    /// @inheritdoc IUsageOracle
    function postEpoch(
        EpochReport calldata report,
        LicenceUsage[] calldata licenceUsage,
        Signature[] calldata signatures
    ) external whenNotPaused {
        bytes32 reportHash = EpochReports.hash(report);
        if (report.epoch <= _lastEpoch) return _checkSame(report, reportHash);
        _checkReport(report, licenceUsage);
        _checkQuorum(_hashTypedDataV4(reportHash), signatures);

        _lastEpoch = uint40(report.epoch);
        emit EpochPosted(report.epoch, reportHash, report, licenceUsage);

        if (licenceUsage.length != 0) {
            address[] memory holders = licences.recordUsage(licenceUsage);
            distributor.charge(report.token, _charges(licenceUsage, holders));
        }
        bytes32 previous = distributor.propose(
            report.epoch, reportHash, report.token, report.sumRoot, report.leafCount, report.cumulativeTotal
        );
        if (report.previousReport != previous) revert PreviousReportMismatch(previous, report.previousReport);
    }

    /// @inheritdoc IUsageOracle
    function returnUsage(EpochReport calldata report, LicenceUsage[] calldata licenceUsage) external {
        bytes32 reportHash = EpochReports.hash(report);
        if (distributor.rejectedReport(report.epoch) != reportHash) revert NotRejected(report.epoch, reportHash);
        _checkUsage(report, licenceUsage);
        if (_isUsageReturned[report.epoch]) revert UsageAlreadyReturned(report.epoch);

        _isUsageReturned[report.epoch] = true;
        emit RejectedUsageReturned(report.epoch);
        address[] memory holders = licences.returnUsage(licenceUsage);
        distributor.returnCharges(report.token, _charges(licenceUsage, holders));
    }

    /// @inheritdoc IUsageOracle
    function rejectOmission(EpochReport calldata report, Withheld[] calldata withheld, WorkId workId, address payee)
        external
    {
        bytes32 reportHash = EpochReports.hash(report);
        if (distributor.standingReport(report.token, report.epoch) != reportHash) {
            revert NotStanding(report.epoch, reportHash);
        }
        if (keccak256(abi.encode(withheld)) != report.withheldHash) revert WithheldMismatch();
        for (uint256 i; i < withheld.length; ++i) {
            if (withheld[i].workId == workId && withheld[i].payee == payee) revert NotOmitted(workId, payee);
        }
        bool wasFrozen = address(court) != address(0) && court.frozenAt(workId, payee, uint40(report.stateTime));
        if (!wasFrozen) revert NotFrozen(workId, payee, report.stateTime);
        distributor.rejectOmission(report.token, report.epoch, payee);
    }

    /// @inheritdoc IUsageOracle
    function proveEquivocation(
        EpochReport calldata first,
        Signature calldata firstSignature,
        EpochReport calldata second,
        Signature calldata secondSignature
    ) external {
        (bytes32 hash, bytes32 other) = (EpochReports.hash(first), EpochReports.hash(second));
        bool isSamePlace =
            first.epoch == second.epoch && first.token == second.token && first.previousReport == second.previousReport;
        address signer = _signerOf(_hashTypedDataV4(hash), firstSignature);
        bool isSameSigner = signer == _signerOf(_hashTypedDataV4(other), secondSignature);
        if (!isSamePlace || !isSameSigner || hash == other) revert NoEquivocation();
        _slash(signer, first.epoch);
    }

    /// @inheritdoc IUsageOracle
    function reportDigest(EpochReport calldata report) external view returns (bytes32) {
        return _hashTypedDataV4(EpochReports.hash(report));
    }

    /// @inheritdoc IUsageOracle
    function lastEpoch() external view returns (uint64) {
        return _lastEpoch;
    }

    /// @inheritdoc IUsageOracle
    function isUsageReturned(uint64 epoch) external view returns (bool) {
        return _isUsageReturned[epoch];
    }

    /// @dev Each line to the licence's own holder; a line that earned nothing costs nothing.
    function _charges(LicenceUsage[] calldata licenceUsage, address[] memory holders)
        private
        pure
        returns (Charge[] memory charges)
    {
        charges = new Charge[](licenceUsage.length);
        uint256 count;
        for (uint256 i; i < licenceUsage.length; ++i) {
            uint256 revenue = licenceUsage[i].revenue;
            if (revenue != 0) charges[count++] = Charge(holders[i], revenue);
        }
        assembly ("memory-safe") {
            mstore(charges, count)
        }
    }

    /// @dev A report that arrives twice is no news; another one for the same epoch is a conflict, and is named.
    function _checkSame(EpochReport calldata report, bytes32 reportHash) private view {
        bytes32 posted = distributor.standingReport(report.token, report.epoch);
        if (posted == bytes32(0)) posted = distributor.rejectedReport(report.epoch);
        if (posted != reportHash) revert EpochConflict(report.epoch, posted, reportHash);
    }

    function _checkReport(EpochReport calldata report, LicenceUsage[] calldata licenceUsage) private view {
        uint64 expected = uint64(_lastEpoch) + 1;
        if (report.epoch != expected) revert EpochOutOfOrder(expected, report.epoch);
        if (report.eventCount == 0 || report.leafCount == 0) revert EmptyReport();
        if (report.stateTime > block.timestamp) revert StateAhead(report.stateTime);
        if (licenceUsage.length > _LICENCES_MAX) revert TooManyLicences(licenceUsage.length);
        _checkUsage(report, licenceUsage);
    }

    function _checkUsage(EpochReport calldata report, LicenceUsage[] calldata licenceUsage) private pure {
        if (keccak256(abi.encode(licenceUsage)) != report.licenceUsageHash) revert LicenceUsageMismatch();
    }
}
