// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LicenceId, OfferId, WorkId} from "../types/Identifiers.sol";
import {LicenceUsage, Terms, Tier} from "../types/Rights.sol";

/// @notice What is known of licences, their use and their sublicences. Nothing here is ever changed but what was used.
/// Views follow ERC-5218 in shape: a licence has a holder, a work, a parent or none, and a revoker, who is nobody.
interface ILicenceBook {
    /// @param expiry Unix time, in seconds, from which the licence no longer holds.
    /// @param unitsUsed Usage events counted against the cap, those under sublicences of it included.
    /// @param parent The licence this one is a sublicence of; zero for one taken from the community.
    struct Licence {
        address holder;
        uint40 expiry;
        Tier tier;
        WorkId workId;
        uint32 royaltyShare;
        uint48 unitCap;
        uint64 unitsUsed;
        uint104 revenueCap;
        uint128 revenueUsed;
        bytes32 termsHash;
        OfferId offer;
        LicenceId parent;
    }

    /// @notice What a holder lets somebody else use: no longer than the holder's own licence, under caps no higher. It is
    /// use under the holder's licence too: what both have left bounds it.
    struct Sublicence {
        address holder;
        uint40 expiry;
        uint48 unitCap;
        uint104 revenueCap;
    }

    error LicenceUnknown(LicenceId licenceId);
    /// @notice Thrown when a licence is not that holder's, not for that work, not GENERATION, or not active.
    error LicenceUnfit(LicenceId licenceId, WorkId parent);
    error UnitCapExceeded(LicenceId licenceId, uint256 wouldUse, uint64 unitCap);
    error RevenueCapExceeded(LicenceId licenceId, uint256 wouldUse, uint128 revenueCap);
    error NotRecorder(address caller);
    error NotHolder(LicenceId licenceId, address caller);
    /// @notice Thrown when a sublicence would have ended already, or later than the licence it comes from.
    error SublicenceExpiryUnfit(uint40 expiry, uint40 parentExpiry);
    /// @notice Thrown when a sublicence would have a higher cap than the licence it comes from.
    error SublicenceCapsUnfit(uint48 unitCap, uint104 revenueCap, uint48 parentUnitCap, uint104 parentRevenueCap);
    /// @notice Thrown when a path would have more than 8 licences, the one taken from the community included.
    error SublicenceTooDeep(LicenceId parent);

    /// @notice An offer's terms were licensed for the first time; all licences under it name it.
    event OfferOpened(OfferId indexed offer, WorkId indexed workId, Terms terms);
    event LicenceTaken(
        LicenceId indexed licenceId, WorkId indexed workId, address indexed holder, OfferId offer, uint40 expiry
    );
    /// @notice The licence just taken is a sublicence of another.
    event LicenceSublicensed(LicenceId indexed licenceId, LicenceId indexed parent, uint48 unitCap, uint104 revenueCap);
    /// @notice Usage was counted against a licence's caps; totals are cumulative. Once for each licence on the path, from
    /// the one used up to the one taken from the community.
    event UsageRecorded(
        LicenceId indexed licenceId, uint64 units, uint128 revenue, uint64 unitsUsed, uint128 revenueUsed
    );
    /// @notice Usage of a rejected report no longer counts against a licence's caps; totals are cumulative. Once for each
    /// licence on the path, as it was recorded.
    event UsageReturned(
        LicenceId indexed licenceId, uint64 units, uint128 revenue, uint64 unitsUsed, uint128 revenueUsed
    );

    /// @notice Counts usage of a licence against its caps and those of every licence that it comes from; only the
    /// UsageOracle and the DirectReports. Refuses what one of them does not cover. Usage is counted after an expiry too:
    /// it is the events' own dates that the settlement checks.
    /// @return holders Whose use each line was.
    function recordUsage(LicenceUsage[] calldata usage) external returns (address[] memory holders);

    /// @notice Takes usage back that the caller recorded for a report rejected since, once per report; only the UsageOracle
    /// and the DirectReports.
    /// @return holders Whose use each line was.
    function returnUsage(LicenceUsage[] calldata usage) external returns (address[] memory holders);

    function licenceOf(LicenceId licenceId) external view returns (Licence memory);

    /// @notice What pricing one use needs of `licenceOf`, at a fraction of its gas.
    function frozenOf(LicenceId licenceId)
        external
        view
        returns (address holder, uint40 expiry, WorkId workId, bytes32 termsHash);

    /// @notice Whether the licence exists and has not expired in this block.
    function isActive(LicenceId licenceId) external view returns (bool);

    /// @notice The work's share, of `SHARE_SCALE`, of the income of a derivative that `holder` makes from it in this
    /// block. Reverts with `LicenceUnfit` unless the licence is a live GENERATION licence of theirs for that work.
    function royaltyShareFor(LicenceId licenceId, address holder, WorkId parent) external view returns (uint256 share);

    function holderOf(LicenceId licenceId) external view returns (address);

    /// @notice The licence that a sublicence comes from; zero for a licence taken from the community.
    function parentLicenceOf(LicenceId licenceId) external view returns (LicenceId);

    /// @notice Who may revoke a licence: nobody. It ends when it expires.
    function revokerOf(LicenceId licenceId) external view returns (address);

    function licenceCount() external view returns (uint64);
}
