// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LicenceId, WorkId} from "../types/Identifiers.sol";
import {LicenceUsage, Terms, Tier} from "../types/Rights.sol";
import {IConsentRegistry} from "./IConsentRegistry.sol";

/// @notice Licences: taken by a platform under terms the community consents to in that block, frozen from then on.
/// The price goes straight to the RoyaltyLedger; this contract never holds money.
interface ILicenceRegistry {
    /// @notice An ERC-2612 permit for the RoyaltyLedger. `deadline` zero means: none, the allowance is there already.
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @param expiry Unix time, in seconds, from which the licence no longer holds.
    struct Licence {
        address holder;
        uint40 expiry;
        Tier tier;
        WorkId workId;
        uint32 royaltyShare;
        uint64 unitCap;
        uint64 unitsUsed;
        uint128 revenueCap;
        uint128 revenueUsed;
        bytes32 termsHash;
    }

    /// @notice Thrown when the community said never.
    error TierRefused(WorkId workId, Tier tier);
    /// @notice Thrown when no consent is live: not asked, waiting for elders, suspended, withdrawn or lapsed.
    error ConsentNotLive(WorkId workId, Tier tier, IConsentRegistry.ConsentState state);
    /// @notice Thrown when the terms in the call are not those consented to: another price, share or text.
    error TermsNotConsented(WorkId workId, bytes32 consented, bytes32 named);
    /// @notice Thrown when terms contradict themselves: a share without GENERATION, no duration, or a share too large.
    error BadTerms();
    error LicenceUnknown(LicenceId licenceId);
    error UnitCapExceeded(LicenceId licenceId, uint256 wouldUse, uint64 unitCap);
    error RevenueCapExceeded(LicenceId licenceId, uint256 wouldUse, uint128 revenueCap);
    error NotUsageOracle(address caller);
    /// @notice Thrown when a licence is not that holder's, not for that work, not GENERATION, or not active.
    error LicenceUnfit(LicenceId licenceId, WorkId parent);

    event LicenceTaken(
        LicenceId indexed licenceId, WorkId indexed workId, address indexed holder, uint40 expiry, Terms terms
    );
    /// @notice Usage was counted against a licence's caps; totals are cumulative.
    event UsageRecorded(
        LicenceId indexed licenceId, uint64 units, uint128 revenue, uint64 unitsUsed, uint128 revenueUsed
    );
    /// @notice Usage of a rejected report no longer counts against a licence's caps; totals are cumulative.
    event UsageReturned(
        LicenceId indexed licenceId, uint64 units, uint128 revenue, uint64 unitsUsed, uint128 revenueUsed
    );

    /// @notice Takes a licence for the caller and pays its price to the work, all or nothing.
    /// A failing permit is not an error when the allowance suffices (somebody may have sent the permit first).
    function takeLicence(WorkId workId, Terms calldata terms, Permit calldata permit)
        external
        returns (LicenceId licenceId);

    /// @notice Counts usage against caps; only the UsageOracle. Refuses what a cap does not cover.
    /// Usage is counted after an expiry too: it is the events' own dates that the settlement checks.
    function recordUsage(LicenceUsage[] calldata usage) external;

    /// @notice Takes usage back that was recorded for a report rejected since; only the UsageOracle, once per report.
    function returnUsage(LicenceUsage[] calldata usage) external;

    function licenceOf(LicenceId licenceId) external view returns (Licence memory);

    /// @notice Whether the licence exists and has not expired in this block.
    function isActive(LicenceId licenceId) external view returns (bool);

    /// @notice The work's share, of `SHARE_SCALE`, of the income of a derivative that `holder` makes from it in this
    /// block. Reverts with `LicenceUnfit` unless the licence is a live GENERATION licence of theirs for that work.
    function royaltyShareFor(LicenceId licenceId, address holder, WorkId parent) external view returns (uint256 share);

    /// @notice keccak256 of the ABI-encoded terms: what consent names.
    function hashTerms(Terms calldata terms) external pure returns (bytes32);
    function licenceCount() external view returns (uint64);
}
