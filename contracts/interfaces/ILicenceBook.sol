// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LicenceId, OfferId, WorkId} from "../types/Identifiers.sol";
import {LicenceUsage, Terms, Tier} from "../types/Rights.sol";

/// @notice What is known of licences, their use and their sublicences. Nothing here is ever changed but what was used.
/// Views follow ERC-5218 in shape: a licence has a holder, a work, a parent or none, and a revoker, who is nobody.
interface ILicenceBook {
    /// @param expiry Unix time, in seconds, from which the licence no longer holds.
    /// @param unitsUsed Usage events counted against the cap, and what was carved out of it for sublicences.
    /// @param parent The licence this one was carved out of; zero for one taken from the community.
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

    /// @notice What a holder passes on: never longer, and never more, than the holder has.
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

    /// @notice An offer's terms were licensed for the first time; all licences under it name it.
    event OfferOpened(OfferId indexed offer, WorkId indexed workId, Terms terms);
    event LicenceTaken(
        LicenceId indexed licenceId, WorkId indexed workId, address indexed holder, OfferId offer, uint40 expiry
    );
    /// @notice The licence just taken is a part of another. `unitsUsed` and `revenueUsed` are the parent's new totals.
    event LicenceSublicensed(
        LicenceId indexed licenceId,
        LicenceId indexed parent,
        uint48 unitCap,
        uint104 revenueCap,
        uint64 unitsUsed,
        uint128 revenueUsed
    );
    /// @notice Usage was counted against a licence's caps; totals are cumulative.
    event UsageRecorded(
        LicenceId indexed licenceId, uint64 units, uint128 revenue, uint64 unitsUsed, uint128 revenueUsed
    );
    /// @notice Usage of a rejected report no longer counts against a licence's caps; totals are cumulative.
    event UsageReturned(
        LicenceId indexed licenceId, uint64 units, uint128 revenue, uint64 unitsUsed, uint128 revenueUsed
    );

    /// @notice Counts usage against caps; only the UsageOracle and the DirectReports. Refuses what a cap does not cover.
    /// Usage is counted after an expiry too: it is the events' own dates that the settlement checks.
    function recordUsage(LicenceUsage[] calldata usage) external;

    /// @notice Takes usage back that the caller recorded for a report rejected since, once per report; only the UsageOracle
    /// and the DirectReports.
    function returnUsage(LicenceUsage[] calldata usage) external;

    function licenceOf(LicenceId licenceId) external view returns (Licence memory);

    /// @notice Whether the licence exists and has not expired in this block.
    function isActive(LicenceId licenceId) external view returns (bool);

    /// @notice The work's share, of `SHARE_SCALE`, of the income of a derivative that `holder` makes from it in this
    /// block. Reverts with `LicenceUnfit` unless the licence is a live GENERATION licence of theirs for that work.
    function royaltyShareFor(LicenceId licenceId, address holder, WorkId parent) external view returns (uint256 share);

    function holderOf(LicenceId licenceId) external view returns (address);

    /// @notice The licence that a sublicence was carved out of; zero for a licence taken from the community.
    function parentLicenceOf(LicenceId licenceId) external view returns (LicenceId);

    /// @notice Who may revoke a licence: nobody. It ends when it expires.
    function revokerOf(LicenceId licenceId) external view returns (address);

    function licenceCount() external view returns (uint64);
}
