// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {ISharingRules} from "./interfaces/ISharingRules.sol";
import {IUsageOracle} from "./interfaces/IUsageOracle.sol";
import {Allocation} from "./libraries/Allocation.sol";
import {CommunityId} from "./types/Identifiers.sol";
import {BPS_WHOLE} from "./types/Rights.sol";

/// @notice See `ISharingRules`. Nothing is ever rewritten that held: the rule of a past epoch stays what it was.
contract SharingRules is ISharingRules {
    using Checkpoints for Checkpoints.Trace208;

    /// @dev The epoch after the one that is being counted.
    uint64 private constant _NOTICE_EPOCHS = 2;

    /// @dev A rule cannot hold before the one announced last: one from an epoch that never comes would be the last.
    uint64 private constant _AHEAD_EPOCHS = 10_000;

    IConsentRegistry public immutable consents;
    IUsageOracle public immutable usageOracle;

    /// @dev By first epoch; the value packs the announcement, from its last field to its first.
    mapping(CommunityId communityId => Checkpoints.Trace208) private _announced;

    constructor(IConsentRegistry consents_, IUsageOracle usageOracle_) {
        consents = consents_;
        usageOracle = usageOracle_;
    }

    /// @inheritdoc ISharingRules
    function announce(CommunityId communityId, SharingRule rule, uint16 phiBps, uint64 fromEpoch)
        external
        returns (uint32 version)
    {
        if (consents.stewardOf(communityId) != msg.sender) revert NotSteward(communityId, msg.sender);
        bool isFloored = rule == SharingRule.FLOOR_PRO_RATA;
        if (isFloored ? phiBps == 0 || phiBps > BPS_WHOLE : phiBps != 0) revert BadFloor(rule, phiBps);
        Announcement memory last = announcedRule(communityId);
        _checkStart(fromEpoch, last.fromEpoch);
        bytes32 decision = decisionHash(communityId, rule, phiBps, fromEpoch);
        if (!consents.isDecided(communityId, decision)) revert NotDecided(communityId, decision);

        version = last.version + 1;
        uint48 key = uint48(fromEpoch); // An oracle's epochs have forty bits.
        uint208 packed = (uint208(key) << 56) | (uint208(version) << 24) | (uint208(phiBps) << 8) | uint208(rule);
        _announced[communityId].push(key, packed);
        emit SharingRuleAnnounced(communityId, version, rule, phiBps, fromEpoch);
    }

    /// @inheritdoc ISharingRules
    function ruleAt(CommunityId communityId, uint64 epoch) external view returns (Announcement memory) {
        uint48 key = epoch > type(uint48).max ? type(uint48).max : uint48(epoch);
        return _unpacked(_announced[communityId].upperLookupRecent(key));
    }

    /// @inheritdoc ISharingRules
    function proRata(uint256 pool, uint256[] calldata weights, bytes32 epochHash)
        external
        pure
        returns (uint256[] memory amounts, uint256 leftOver)
    {
        return Allocation.telescoped(pool, weights, uint256(epochHash));
    }

    /// @inheritdoc ISharingRules
    function floorProRata(uint256 pool, uint256[] calldata weights, uint16 phiBps, bytes32 epochHash)
        external
        pure
        returns (uint256[] memory amounts, uint256 leftOver)
    {
        if (phiBps > BPS_WHOLE) revert BadFloor(SharingRule.FLOOR_PRO_RATA, phiBps);
        return Allocation.floorProRata(pool, weights, phiBps, uint256(epochHash));
    }

    /// @inheritdoc ISharingRules
    function communityRoot(uint256 pool, uint256[][] calldata groups, bytes32 epochHash)
        external
        pure
        returns (uint256[][] memory amounts, uint256 leftOver)
    {
        return Allocation.communityRoot(pool, groups, uint256(epochHash));
    }

    /// @inheritdoc ISharingRules
    function announcedRule(CommunityId communityId) public view returns (Announcement memory) {
        return _unpacked(_announced[communityId].latest());
    }

    /// @inheritdoc ISharingRules
    function decisionHash(CommunityId communityId, SharingRule rule, uint16 phiBps, uint64 fromEpoch)
        public
        view
        returns (bytes32)
    {
        uint32 version = announcedRule(communityId).version + 1;
        return keccak256(abi.encode(block.chainid, address(this), communityId, version, rule, phiBps, fromEpoch));
    }

    function _checkStart(uint64 fromEpoch, uint64 lastStart) private view {
        uint64 lastEpoch = usageOracle.lastEpoch();
        uint64 earliest = lastEpoch + _NOTICE_EPOCHS;
        if (lastStart > earliest) earliest = lastStart;
        if (fromEpoch < earliest) revert TooSoon(fromEpoch, earliest);
        uint64 latest = lastEpoch + _AHEAD_EPOCHS;
        if (fromEpoch > latest) revert TooFar(fromEpoch, latest);
    }

    function _unpacked(uint208 packed) private pure returns (Announcement memory) {
        return Announcement({
            rule: SharingRule(uint8(packed)),
            phiBps: uint16(packed >> 8),
            version: uint32(packed >> 24),
            fromEpoch: uint48(packed >> 56)
        });
    }
}
