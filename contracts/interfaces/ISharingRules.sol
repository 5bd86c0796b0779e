// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommunityId} from "../types/Identifiers.sol";

/// @notice By which rule a community divides what its works earn in an epoch among its own payees. Rules are announced:
/// a new one takes effect with an epoch after the next one, so that everybody knows it before that epoch is reported. It
/// divides all that the epoch counts, and that may be use of long before: reports come late, by as much as 400 days.
/// Only the community decides for itself: its steward announces what its elders decided.
interface ISharingRules {
    /// PRO_RATA: in proportion, the default. FLOOR_PRO_RATA: a part equally, the rest in proportion. COMMUNITY_ROOT:
    /// between groups by the square root of their weight, within a group in proportion.
    enum SharingRule {
        PRO_RATA,
        FLOOR_PRO_RATA,
        COMMUNITY_ROOT
    }

    /// @param phiBps The part divided equally, in basis points; zero unless FLOOR_PRO_RATA.
    /// @param version Counts a community's announcements; zero while it made none.
    /// @param fromEpoch The first epoch it holds for.
    struct Announcement {
        SharingRule rule;
        uint16 phiBps;
        uint32 version;
        uint64 fromEpoch;
    }

    error NotSteward(CommunityId communityId, address caller);
    /// @notice Thrown when the elders did not decide this announcement (see `decisionHash`).
    error NotDecided(CommunityId communityId, bytes32 decisionHash);
    /// @notice Thrown when a floor is zero or more than the whole, or another rule has one.
    error BadFloor(SharingRule rule, uint16 phiBps);
    /// @notice Thrown when a rule would hold before `earliest`: two epochs after the last one posted, and not before
    /// the rule announced last.
    error TooSoon(uint64 fromEpoch, uint64 earliest);
    /// @notice Thrown when a rule would hold from an epoch more than ten thousand after the last one posted.
    error TooFar(uint64 fromEpoch, uint64 latest);

    event SharingRuleAnnounced(
        CommunityId indexed communityId, uint32 indexed version, SharingRule rule, uint16 phiBps, uint64 fromEpoch
    );

    /// @notice Announces a rule. A rule announced earlier for the same epoch is replaced before it ever holds.
    function announce(CommunityId communityId, SharingRule rule, uint16 phiBps, uint64 fromEpoch)
        external
        returns (uint32 version);

    /// @notice The rule that holds for a community in an epoch.
    function ruleAt(CommunityId communityId, uint64 epoch) external view returns (Announcement memory);

    /// @notice The rule announced last, whether it holds yet or not.
    function announcedRule(CommunityId communityId) external view returns (Announcement memory);

    /// @notice What the elders approve in the ConsentRegistry before the next announcement.
    function decisionHash(CommunityId communityId, SharingRule rule, uint16 phiBps, uint64 fromEpoch)
        external
        view
        returns (bytes32);

    /// @notice Divides a pool as PRO_RATA says, for anyone who checks a distribution; moves nothing.
    /// @param pool Base units.
    /// @param weights By payee, ascending by account.
    /// @param epochHash Decides with whom the division begins.
    /// @return amounts By payee; with `leftOver`, which is for nobody, they sum to exactly `pool`.
    function proRata(uint256 pool, uint256[] calldata weights, bytes32 epochHash)
        external
        pure
        returns (uint256[] memory amounts, uint256 leftOver);

    /// @notice The same as FLOOR_PRO_RATA says.
    function floorProRata(uint256 pool, uint256[] calldata weights, uint16 phiBps, bytes32 epochHash)
        external
        pure
        returns (uint256[] memory amounts, uint256 leftOver);

    /// @notice The same as COMMUNITY_ROOT says. A group's weights sum to less than 2^192.
    function communityRoot(uint256 pool, uint256[][] calldata groups, bytes32 epochHash)
        external
        pure
        returns (uint256[][] memory amounts, uint256 leftOver);
}
