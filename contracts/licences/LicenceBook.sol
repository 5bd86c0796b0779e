// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {ILicenceBook} from "../interfaces/ILicenceBook.sol";
import {LicenceId, OfferId, WorkId} from "../types/Identifiers.sol";
import {LicenceUsage, Terms, Tier} from "../types/Rights.sol";

/// @notice See `ILicenceBook`. A licence is one word; what all licences under an offer have in common is another.
abstract contract LicenceBook is ILicenceBook {
    /// @param depth How many licences lie above it on its path; zero for one taken from the community.
    struct Record {
        address holder;
        uint40 expiry;
        OfferId offer;
        uint8 depth;
    }

    struct Offer {
        WorkId workId;
        Tier tier;
        uint32 royaltyShare;
        uint48 unitCap;
        uint104 revenueCap;
    }

    /// @dev Where a sublicence came from, and its own caps in place of the offer's.
    struct Descent {
        LicenceId parent;
        uint48 unitCap;
        uint104 revenueCap;
    }

    struct Usage {
        uint64 units;
        uint128 revenue;
    }

    /// @dev So that what one use costs to count is bounded.
    uint256 private constant _PATH_MAX = 8;

    IConsentRegistry public immutable consents;
    address public immutable usageOracle;
    address public immutable directReports;

    /// @dev A word of its own, which is written without being read for what else it holds.
    uint256 private _licenceCount;
    mapping(LicenceId licenceId => Record) private _records;
    mapping(OfferId offer => Offer) private _offers;
    mapping(LicenceId licenceId => Descent) private _descents;
    mapping(LicenceId licenceId => Usage) private _usage;

    constructor(IConsentRegistry consents_, address usageOracle_, address directReports_) {
        consents = consents_;
        usageOracle = usageOracle_;
        directReports = directReports_;
    }

    modifier onlyRecorder() {
        if (msg.sender != usageOracle && msg.sender != directReports) revert NotRecorder(msg.sender);
        _;
    }

    /// @inheritdoc ILicenceBook
    function recordUsage(LicenceUsage[] calldata usage) external onlyRecorder returns (address[] memory holders) {
        holders = new address[](usage.length);
        for (uint256 i; i < usage.length; ++i) {
            LicenceUsage calldata line = usage[i];
            LicenceId licenceId = line.licenceId;
            Record memory record = _recordOf(licenceId);
            holders[i] = record.holder;
            for (uint256 above = record.depth; above != 0; --above) {
                Descent storage descent = _descents[licenceId];
                _count(licenceId, line, descent.unitCap, descent.revenueCap);
                licenceId = descent.parent;
            }
            Offer storage shared = _offers[record.offer];
            _count(licenceId, line, shared.unitCap, shared.revenueCap);
        }
    }

    /// @inheritdoc ILicenceBook
    function returnUsage(LicenceUsage[] calldata usage) external onlyRecorder returns (address[] memory holders) {
        holders = new address[](usage.length);
        for (uint256 i; i < usage.length; ++i) {
            LicenceUsage calldata line = usage[i];
            LicenceId licenceId = line.licenceId;
            Record memory record = _recordOf(licenceId);
            holders[i] = record.holder;
            for (uint256 above = record.depth; above != 0; --above) {
                _countBack(licenceId, line);
                licenceId = _descents[licenceId].parent;
            }
            _countBack(licenceId, line);
        }
    }

    /// @inheritdoc ILicenceBook
    function licenceOf(LicenceId licenceId) external view returns (Licence memory) {
        Record memory record = _recordOf(licenceId);
        OfferId offer = record.offer;
        Offer storage shared = _offers[offer];
        (uint48 unitCap, uint104 revenueCap) = _capsOf(licenceId);
        return Licence({
            holder: record.holder,
            expiry: record.expiry,
            tier: shared.tier,
            workId: shared.workId,
            royaltyShare: shared.royaltyShare,
            unitCap: unitCap,
            unitsUsed: _usage[licenceId].units,
            revenueCap: revenueCap,
            revenueUsed: _usage[licenceId].revenue,
            termsHash: consents.termsHashOf(offer),
            offer: offer,
            parent: _descents[licenceId].parent
        });
    }

    /// @inheritdoc ILicenceBook
    function frozenOf(LicenceId licenceId)
        external
        view
        returns (address holder, uint40 expiry, WorkId workId, bytes32 termsHash)
    {
        Record memory record = _recordOf(licenceId);
        return (record.holder, record.expiry, _workOf(record), consents.termsHashOf(record.offer));
    }

    /// @inheritdoc ILicenceBook
    function isActive(LicenceId licenceId) external view returns (bool) {
        return block.timestamp < _records[licenceId].expiry;
    }

    /// @inheritdoc ILicenceBook
    function royaltyShareFor(LicenceId licenceId, address holder, WorkId parent) external view returns (uint256) {
        Record storage record = _records[licenceId];
        Offer storage shared = _offers[record.offer];
        bool isFit = record.holder == holder && block.timestamp < record.expiry && shared.workId == parent
            && shared.tier == Tier.GENERATION;
        if (!isFit) revert LicenceUnfit(licenceId, parent);
        return shared.royaltyShare;
    }

    /// @inheritdoc ILicenceBook
    function holderOf(LicenceId licenceId) external view returns (address) {
        return _recordOf(licenceId).holder;
    }

    /// @inheritdoc ILicenceBook
    function parentLicenceOf(LicenceId licenceId) external view returns (LicenceId) {
        _recordOf(licenceId);
        return _descents[licenceId].parent;
    }

    /// @inheritdoc ILicenceBook
    function revokerOf(LicenceId licenceId) external view returns (address) {
        _recordOf(licenceId);
        return address(0);
    }

    /// @inheritdoc ILicenceBook
    function licenceCount() external view returns (uint64) {
        return uint64(_licenceCount);
    }

    /// @dev Writes down what licences under an offer have in common, once.
    function _open(OfferId offer, WorkId workId, Terms calldata terms) internal {
        if (WorkId.unwrap(_offers[offer].workId) != 0) return;

        _offers[offer] = Offer(workId, terms.tier, terms.royaltyShare, terms.unitCap, terms.revenueCap);
        emit OfferOpened(offer, workId, terms);
    }

    function _issue(address holder, OfferId offer, WorkId workId, uint40 expiry)
        internal
        returns (LicenceId licenceId)
    {
        licenceId = LicenceId.wrap(_number(1));
        _write(licenceId, Record(holder, expiry, offer, 0), workId);
    }

    /// @return first The first of as many consecutive licences as there are holders.
    function _issueEach(address[] calldata holders, OfferId offer, WorkId workId, uint40 expiry)
        internal
        returns (LicenceId first)
    {
        uint64 number = _number(holders.length);
        first = LicenceId.wrap(number);
        for (uint256 i; i < holders.length; ++i) {
            _write(LicenceId.wrap(number++), Record(holders[i], expiry, offer, 0), workId);
        }
    }

    /// @dev By induction no licence outlives, or covers more than, any of those above it.
    function _descend(LicenceId parent, WorkId workId, Sublicence calldata sublicence)
        internal
        returns (LicenceId licenceId)
    {
        Record storage record = _records[parent];
        uint40 expiry = sublicence.expiry;
        uint40 parentExpiry = record.expiry;
        bool expiryFits = block.timestamp < expiry && expiry <= parentExpiry;
        if (!expiryFits) revert SublicenceExpiryUnfit(expiry, parentExpiry);
        uint48 unitCap = sublicence.unitCap;
        uint104 revenueCap = sublicence.revenueCap;
        (uint48 parentUnitCap, uint104 parentRevenueCap) = _capsOf(parent);
        bool capsFit = unitCap <= parentUnitCap && revenueCap <= parentRevenueCap;
        if (!capsFit) revert SublicenceCapsUnfit(unitCap, revenueCap, parentUnitCap, parentRevenueCap);
        uint8 depth = record.depth + 1;
        if (depth == _PATH_MAX) revert SublicenceTooDeep(parent);

        licenceId = LicenceId.wrap(_number(1));
        _write(licenceId, Record(sublicence.holder, expiry, record.offer, depth), workId);
        _descents[licenceId] = Descent(parent, unitCap, revenueCap);
        emit LicenceSublicensed(licenceId, parent, unitCap, revenueCap);
    }

    function _workOf(Record memory record) internal view returns (WorkId) {
        return _offers[record.offer].workId;
    }

    function _recordOf(LicenceId licenceId) internal view returns (Record memory record) {
        record = _records[licenceId];
        if (record.holder == address(0)) revert LicenceUnknown(licenceId);
    }

    /// @dev The first of as many numbers that no licence has.
    function _number(uint256 count) private returns (uint64 first) {
        uint256 taken = _licenceCount;
        _licenceCount = taken + count;
        return uint64(taken + 1);
    }

    function _write(LicenceId licenceId, Record memory record, WorkId workId) private {
        _records[licenceId] = record;
        emit LicenceTaken(licenceId, workId, record.holder, record.offer, record.expiry);
    }

    /// @dev Adds one line's use to the totals of a licence on its path.
    function _count(LicenceId licenceId, LicenceUsage calldata line, uint48 unitCap, uint104 revenueCap) private {
        Usage memory total = _usage[licenceId];
        uint256 units = uint256(total.units) + line.units;
        if (units > unitCap) revert UnitCapExceeded(licenceId, units, unitCap);
        uint256 revenue = uint256(total.revenue) + line.revenue;
        if (revenue > revenueCap) revert RevenueCapExceeded(licenceId, revenue, revenueCap);

        (total.units, total.revenue) = (uint64(units), uint128(revenue));
        _usage[licenceId] = total;
        emit UsageRecorded(licenceId, line.units, line.revenue, total.units, total.revenue);
    }

    /// @dev What is returned was recorded before, so neither total falls below zero.
    function _countBack(LicenceId licenceId, LicenceUsage calldata line) private {
        Usage memory total = _usage[licenceId];
        total.units -= line.units;
        total.revenue -= line.revenue;
        _usage[licenceId] = total;
        emit UsageReturned(licenceId, line.units, line.revenue, total.units, total.revenue);
    }

    function _capsOf(LicenceId licenceId) private view returns (uint48, uint104) {
        Record storage record = _records[licenceId];
        if (record.depth != 0) {
            Descent storage descent = _descents[licenceId];
            return (descent.unitCap, descent.revenueCap);
        }
        Offer storage shared = _offers[record.offer];
        return (shared.unitCap, shared.revenueCap);
    }
}
