// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LicenceUsage} from "../../../contracts/types/Rights.sol";
import {LicenceId} from "../../../contracts/types/Identifiers.sol";
import {Actor} from "../stage/Campaign.sol";

/// @notice Three holders of a licence each, and ghosts of what they have in the lane. Plays the licence registry, which
/// says whose a licence is.
abstract contract Holders is Actor {
    uint256 internal constant HOLDERS = 3;

    /// @notice What was charged and did not come back.
    uint256 public charged;
    mapping(address holder => uint256) public credit;

    function holderAt(uint256 place) public pure returns (address) {
        return address(uint160(0x200000 + place));
    }

    function recordUsage(LicenceUsage[] calldata usage) external pure returns (address[] memory) {
        return _holdersOf(usage);
    }

    function returnUsage(LicenceUsage[] calldata usage) external pure returns (address[] memory) {
        return _holdersOf(usage);
    }

    /// @notice What all holders have left.
    function creditInAll() public view returns (uint256 sum) {
        for (uint256 i; i < HOLDERS; ++i) {
            sum += credit[holderAt(i)];
        }
    }

    /// @dev Use worth `revenue`, from as many holders as it takes, beginning with any of them.
    function _usageWorth(uint256 revenue) internal returns (LicenceUsage[] memory usage) {
        usage = new LicenceUsage[](HOLDERS);
        uint256 first = _next(0, HOLDERS - 1);
        for (uint256 i; i < HOLDERS; ++i) {
            uint256 place = (first + i) % HOLDERS;
            uint256 has = credit[holderAt(place)];
            uint256 part = has < revenue ? has : revenue;
            usage[i] = LicenceUsage(LicenceId.wrap(uint64(place + 1)), 1, uint128(part));
            revenue -= part;
        }
    }

    function _book(LicenceUsage[] memory usage) internal {
        for (uint256 i; i < usage.length; ++i) {
            credit[_holderOf(usage[i])] -= usage[i].revenue;
            charged += usage[i].revenue;
        }
    }

    function _bookReturned(LicenceUsage[] memory usage) internal {
        for (uint256 i; i < usage.length; ++i) {
            credit[_holderOf(usage[i])] += usage[i].revenue;
            charged -= usage[i].revenue;
        }
    }

    function _worthOf(LicenceUsage[] memory usage) internal pure returns (uint256 revenue) {
        for (uint256 i; i < usage.length; ++i) {
            revenue += usage[i].revenue;
        }
    }

    function _holdersOf(LicenceUsage[] calldata usage) private pure returns (address[] memory holders) {
        holders = new address[](usage.length);
        for (uint256 i; i < usage.length; ++i) {
            holders[i] = _holderOf(usage[i]);
        }
    }

    function _holderOf(LicenceUsage memory line) private pure returns (address) {
        return holderAt(LicenceId.unwrap(line.licenceId) - 1);
    }
}
