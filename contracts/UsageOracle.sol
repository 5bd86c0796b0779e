// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IEpochDistributor} from "./interfaces/IEpochDistributor.sol";
import {ILicenceRegistry} from "./interfaces/ILicenceRegistry.sol";
import {IUsageOracle} from "./interfaces/IUsageOracle.sol";
import {LicenceUsage} from "./types/Rights.sol";

/// @notice See `IUsageOracle`. Operators and threshold are set for good: another quorum is another oracle.
contract UsageOracle is IUsageOracle, EIP712 {
    bytes32 private constant _REPORT_TYPEHASH = keccak256(
        "EpochReport(uint64 epoch,bytes32 previousReport,address token,bytes32 usageRoot,uint64 eventCount,"
        "bytes32 segmentsDigest,bytes32 sumRoot,bytes32 leafRoot,uint32 leafCount,uint256 cumulativeTotal,"
        "uint64 stateBlock,bytes32 licenceUsageHash,bytes32 programHash)"
    );

    uint256 private constant _LICENCES_MAX = 64;

    /// @dev Keeps the loop over signatures short.
    uint256 private constant _OPERATORS_MAX = 32;

    ILicenceRegistry public immutable licences;
    IEpochDistributor public immutable distributor;
    uint8 public immutable threshold;

    address[] private _operators;
    mapping(address account => bool) private _isOperator;
    mapping(uint64 epoch => bytes32) private _reportHash;
    uint64 private _lastEpoch;

    /// @param operators_ Strictly ascending, none of them zero, at most 32.
    constructor(
        ILicenceRegistry licences_,
        IEpochDistributor distributor_,
        address[] memory operators_,
        uint8 threshold_
    ) EIP712("Antiphon Usage Oracle", "1") {
        if (threshold_ == 0 || threshold_ > operators_.length || operators_.length > _OPERATORS_MAX) {
            revert BadOperators();
        }
        address previous;
        for (uint256 i; i < operators_.length; ++i) {
            if (operators_[i] <= previous) revert BadOperators();
            previous = operators_[i];
            _isOperator[previous] = true;
        }
        _operators = operators_;
        licences = licences_;
        distributor = distributor_;
        threshold = threshold_;
    }

    /// @inheritdoc IUsageOracle
    function postEpoch(EpochReport calldata report, LicenceUsage[] calldata licenceUsage, bytes[] calldata signatures)
        external
    {
        bytes32 reportHash = _hash(report);
        if (_isPosted(report.epoch, reportHash)) return;
        _checkReport(report, licenceUsage);
        _checkQuorum(_hashTypedDataV4(reportHash), signatures);

        _lastEpoch = report.epoch;
        _reportHash[report.epoch] = reportHash;
        emit EpochPosted(report.epoch, reportHash, report, licenceUsage);

        if (licenceUsage.length != 0) licences.recordUsage(licenceUsage);
        distributor.propose(report.epoch, report.token, report.sumRoot, report.leafCount, report.cumulativeTotal);
    }

    /// @inheritdoc IUsageOracle
    function reportDigest(EpochReport calldata report) external view returns (bytes32) {
        return _hashTypedDataV4(_hash(report));
    }

    /// @inheritdoc IUsageOracle
    function reportHashOf(uint64 epoch) external view returns (bytes32) {
        return _reportHash[epoch];
    }

    /// @inheritdoc IUsageOracle
    function lastEpoch() external view returns (uint64) {
        return _lastEpoch;
    }

    /// @inheritdoc IUsageOracle
    function isOperator(address account) external view returns (bool) {
        return _isOperator[account];
    }

    /// @inheritdoc IUsageOracle
    function operators() external view returns (address[] memory) {
        return _operators;
    }

    /// @dev A report that arrives twice is no news; another one for the same epoch is a conflict, and is named.
    function _isPosted(uint64 epoch, bytes32 reportHash) private view returns (bool) {
        bytes32 posted = _reportHash[epoch];
        if (posted == bytes32(0)) return false;
        if (posted != reportHash) revert EpochConflict(epoch, posted, reportHash);
        return true;
    }

    function _checkReport(EpochReport calldata report, LicenceUsage[] calldata licenceUsage) private view {
        uint64 last = _lastEpoch;
        if (report.epoch != last + 1) revert EpochOutOfOrder(last + 1, report.epoch);
        bytes32 previous = _reportHash[last];
        if (report.previousReport != previous) revert PreviousReportMismatch(previous, report.previousReport);
        if (report.eventCount == 0 || report.leafCount == 0) revert EmptyReport();
        if (licenceUsage.length > _LICENCES_MAX) revert TooManyLicences(licenceUsage.length);
        if (keccak256(abi.encode(licenceUsage)) != report.licenceUsageHash) revert LicenceUsageMismatch();
    }

    /// @dev Ascending signers, each one an operator: nobody counts twice, and there are never more than operators.
    function _checkQuorum(bytes32 digest, bytes[] calldata signatures) private view {
        if (signatures.length < threshold) revert QuorumNotReached(signatures.length, threshold);
        address previous;
        for (uint256 i; i < signatures.length; ++i) {
            address signer = ECDSA.recoverCalldata(digest, signatures[i]);
            if (signer <= previous) revert SignersOutOfOrder(signer);
            if (!_isOperator[signer]) revert NotOperator(signer);
            previous = signer;
        }
    }

    function _hash(EpochReport calldata report) private pure returns (bytes32) {
        return keccak256(abi.encode(_REPORT_TYPEHASH, report));
    }
}
