// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IDerivativeGraph} from "./interfaces/IDerivativeGraph.sol";
import {ILicenceRegistry} from "./interfaces/ILicenceRegistry.sol";
import {IRoyaltyLedger} from "./interfaces/IRoyaltyLedger.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {LicenceId, WorkId} from "./types/Identifiers.sol";
import {LicenceUsage, Terms, Tier, WorkKind} from "./types/Rights.sol";

/// @notice The part of the RoyaltyLedger that says whose ancestor vectors it pays by.
interface IFollowsGraph {
    function graph() external view returns (IDerivativeGraph);
}

/// @notice See `ILicenceRegistry`. No allowance is ever given to this contract: permits and money go to the ledger.
contract LicenceRegistry is ILicenceRegistry {
    /// @dev Three slots are written when a licence is taken; what it was used for has its own, written later.
    struct Record {
        address holder;
        uint40 expiry;
        Tier tier;
        uint32 royaltyShare;
        WorkId workId;
        uint64 unitCap;
        uint128 revenueCap;
        bytes32 termsHash;
        uint64 unitsUsed;
        uint128 revenueUsed;
    }

    /// @dev A single parent may not take more of a derivative's income than all parents together.
    uint256 private constant _ROYALTY_SHARE_MAX = 500_000_000;

    IWorkRegistry public immutable works;
    IConsentRegistry public immutable consents;
    IRoyaltyLedger public immutable ledger;
    address public immutable usageOracle;

    uint64 private _licenceCount;
    mapping(LicenceId licenceId => Record) private _records;

    constructor(IWorkRegistry works_, IConsentRegistry consents_, IRoyaltyLedger ledger_, address usageOracle_) {
        works = works_;
        consents = consents_;
        ledger = ledger_;
        usageOracle = usageOracle_;
    }

    /// @inheritdoc ILicenceRegistry
    function takeLicence(WorkId workId, Terms calldata terms, Permit calldata permit)
        external
        returns (LicenceId licenceId)
    {
        bytes32 termsHash = hashTerms(terms);
        _checkConsent(workId, terms.tier, termsHash);
        uint40 expiry = _checkTerms(terms);
        if (terms.price == 0) _checkLinked(workId);

        licenceId = LicenceId.wrap(++_licenceCount);
        _record(licenceId, workId, terms, termsHash, expiry);
        emit LicenceTaken(licenceId, workId, msg.sender, expiry, terms);

        if (terms.price == 0) return licenceId;
        if (permit.deadline != 0) _usePermit(terms.token, terms.price, permit);
        ledger.payFrom(msg.sender, workId, terms.token, terms.price);
    }

    /// @inheritdoc ILicenceRegistry
    function recordUsage(LicenceUsage[] calldata usage) external {
        if (msg.sender != usageOracle) revert NotUsageOracle(msg.sender);
        for (uint256 i; i < usage.length; ++i) {
            _recordUsage(usage[i]);
        }
    }

    /// @inheritdoc ILicenceRegistry
    function returnUsage(LicenceUsage[] calldata usage) external {
        if (msg.sender != usageOracle) revert NotUsageOracle(msg.sender);
        for (uint256 i; i < usage.length; ++i) {
            _returnUsage(usage[i]);
        }
    }

    /// @inheritdoc ILicenceRegistry
    function licenceOf(LicenceId licenceId) external view returns (Licence memory) {
        Record storage record = _recordOf(licenceId);
        return Licence({
            holder: record.holder,
            expiry: record.expiry,
            tier: record.tier,
            workId: record.workId,
            royaltyShare: record.royaltyShare,
            unitCap: record.unitCap,
            unitsUsed: record.unitsUsed,
            revenueCap: record.revenueCap,
            revenueUsed: record.revenueUsed,
            termsHash: record.termsHash
        });
    }

    /// @inheritdoc ILicenceRegistry
    function isActive(LicenceId licenceId) external view returns (bool) {
        return block.timestamp < _records[licenceId].expiry;
    }

    /// @inheritdoc ILicenceRegistry
    function royaltyShareFor(LicenceId licenceId, address holder, WorkId parent) external view returns (uint256) {
        Record storage record = _records[licenceId];
        bool isFit = record.holder == holder && record.workId == parent && record.tier == Tier.GENERATION
            && block.timestamp < record.expiry;
        if (!isFit) revert LicenceUnfit(licenceId, parent);
        return record.royaltyShare;
    }

    /// @inheritdoc ILicenceRegistry
    function licenceCount() external view returns (uint64) {
        return _licenceCount;
    }

    /// @inheritdoc ILicenceRegistry
    function hashTerms(Terms calldata terms) public pure returns (bytes32) {
        return keccak256(abi.encode(terms));
    }

    function _record(LicenceId licenceId, WorkId workId, Terms calldata terms, bytes32 termsHash, uint40 expiry)
        private
    {
        _records[licenceId] = Record({
            holder: msg.sender,
            expiry: expiry,
            tier: terms.tier,
            royaltyShare: terms.royaltyShare,
            workId: workId,
            unitCap: terms.unitCap,
            revenueCap: terms.revenueCap,
            termsHash: termsHash,
            unitsUsed: 0,
            revenueUsed: 0
        });
    }

    function _recordUsage(LicenceUsage calldata usage) private {
        LicenceId licenceId = usage.licenceId;
        Record storage record = _recordOf(licenceId);
        uint256 units = uint256(record.unitsUsed) + usage.units;
        if (units > record.unitCap) revert UnitCapExceeded(licenceId, units, record.unitCap);
        uint256 revenue = uint256(record.revenueUsed) + usage.revenue;
        if (revenue > record.revenueCap) revert RevenueCapExceeded(licenceId, revenue, record.revenueCap);

        record.unitsUsed = uint64(units);
        record.revenueUsed = uint128(revenue);
        emit UsageRecorded(licenceId, usage.units, usage.revenue, uint64(units), uint128(revenue));
    }

    /// @dev What is returned was recorded before, so neither total can fall below zero.
    function _returnUsage(LicenceUsage calldata usage) private {
        LicenceId licenceId = usage.licenceId;
        Record storage record = _recordOf(licenceId);
        uint64 units = record.unitsUsed - usage.units;
        uint128 revenue = record.revenueUsed - usage.revenue;
        record.unitsUsed = units;
        record.revenueUsed = revenue;
        emit UsageReturned(licenceId, usage.units, usage.revenue, units, revenue);
    }

    /// @dev Whoever saw the permit may have sent it first, to make this call fail; then the allowance is already there.
    /// A low-level call, so that a token without permits, or no token at all, ends in the same place.
    function _usePermit(IERC20 token, uint256 price, Permit calldata permit) private {
        bytes memory call = abi.encodeCall(
            IERC20Permit.permit,
            (msg.sender, address(ledger), permit.value, permit.deadline, permit.v, permit.r, permit.s)
        );
        (bool done, bytes memory reason) = address(token).call(call);
        if (done || token.allowance(msg.sender, address(ledger)) >= price) return;
        LowLevelCall.bubbleRevert(reason);
    }

    /// @dev The reason is worked out only when there is something to refuse.
    function _checkConsent(WorkId workId, Tier tier, bytes32 termsHash) private view {
        bytes32 consented = consents.liveTermsHash(workId, tier);
        if (consented == termsHash) return;
        works.workOf(workId);
        IConsentRegistry.ConsentState state = consents.consentOf(workId, tier).state;
        if (state == IConsentRegistry.ConsentState.REFUSED) revert TierRefused(workId, tier);
        if (consented == 0) revert ConsentNotLive(workId, tier, state);
        revert TermsNotConsented(workId, consented, termsHash);
    }

    function _checkTerms(Terms calldata terms) private view returns (uint40) {
        uint256 expiry = block.timestamp + terms.durationSeconds;
        bool shareFits = terms.royaltyShare <= _ROYALTY_SHARE_MAX
            && (terms.royaltyShare == 0 || terms.tier == Tier.GENERATION);
        bool durationFits = terms.durationSeconds != 0 && expiry <= type(uint40).max;
        if (!shareFits || !durationFits) revert BadTerms();
        return uint40(expiry);
    }

    /// @dev A derivative without parents would keep the income that it owes to them. The ledger refuses payments for
    /// one itself; a licence that costs nothing now may still be paid per use later.
    function _checkLinked(WorkId workId) private view {
        if (works.workOf(workId).kind != WorkKind.DERIVATIVE) return;
        IDerivativeGraph graph = IFollowsGraph(address(ledger)).graph();
        if (graph.vectorHashOf(workId) == 0) revert IRoyaltyLedger.DerivativeNotLinked(workId);
    }

    function _recordOf(LicenceId licenceId) private view returns (Record storage record) {
        record = _records[licenceId];
        if (record.holder == address(0)) revert LicenceUnknown(licenceId);
    }
}
