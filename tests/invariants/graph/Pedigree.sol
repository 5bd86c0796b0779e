// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Authority} from "../../../contracts/access/Authority.sol";
import {DerivativeGraph} from "../../../contracts/DerivativeGraph.sol";
import {ILicenceRegistry} from "../../../contracts/interfaces/ILicenceRegistry.sol";
import {IDerivativeGraph} from "../../../contracts/interfaces/IDerivativeGraph.sol";
import {IWorkRegistry} from "../../../contracts/interfaces/IWorkRegistry.sol";
import {WorkId} from "../../../contracts/types/Identifiers.sol";
import {Parent, WorkKind} from "../../../contracts/types/Rights.sol";
import {Actor, Cheats, cheats} from "../stage/Campaign.sol";
import {Registers} from "../stage/Registers.sol";

/// @notice Registers works and links derivatives, in the graph itself, and keeps what it was told.
abstract contract Pedigree is Actor {
    uint256 internal constant ENTRY = 12;
    uint256 internal constant STACK_MAX = 500_000_000;
    uint256 internal constant PROTECTED = 1 << 31;

    Registers public immutable registers;
    DerivativeGraph public immutable graph;
    Authority internal immutable authority;

    mapping(uint64 work => bytes) public vectorOf;

    constructor() {
        registers = new Registers();
        authority = new Authority(address(this));
        graph = new DerivativeGraph(
            IWorkRegistry(address(registers)), ILicenceRegistry(address(registers)), IAccessManager(address(authority))
        );
    }

    function _root() internal returns (uint64) {
        return WorkId.unwrap(registers.register(address(this), WorkKind.RECORDING));
    }

    /// @dev A derivative of ascending parents at shares that together are no more than the graph allows; zero when
    /// the graph refuses it, because floors or ancestors come to more than it takes.
    function _derive(uint256[] memory parents, uint256[] memory shares) internal returns (uint64 child) {
        child = WorkId.unwrap(registers.register(address(this), WorkKind.DERIVATIVE));
        Parent[] memory licensed = new Parent[](parents.length);
        bytes[] memory vectors = new bytes[](parents.length);
        for (uint256 i; i < parents.length; ++i) {
            licensed[i] = Parent(WorkId.wrap(uint64(parents[i])), registers.license(shares[i]));
            vectors[i] = vectorOf[uint64(parents[i])];
        }
        cheats.recordLogs();
        try graph.link(WorkId.wrap(child), bytes32(uint256(child)), licensed, vectors) {
            vectorOf[child] = _linkedVector();
        } catch (bytes memory reason) {
            bool isLimit = bytes4(reason) == IDerivativeGraph.StackTooLarge.selector
                || bytes4(reason) == IDerivativeGraph.TooDeep.selector
                || bytes4(reason) == bytes4(keccak256("TooManyAncestors(uint256)"));
            _expect(isLimit, "the graph refused a sound link");
            return 0;
        }
    }

    /// @dev One entry of a vector.
    function _entryAt(bytes memory vector, uint256 place)
        internal
        pure
        returns (uint64 id, uint256 share, bool isProtected)
    {
        uint256 word;
        assembly ("memory-safe") {
            word := shr(160, mload(add(add(vector, 0x20), mul(place, 12))))
        }
        return (uint64(word >> 32), word & (PROTECTED - 1), word & PROTECTED != 0);
    }

    function _shareOf(bytes memory vector, uint64 ancestor) internal pure returns (uint256) {
        for (uint256 i; i < vector.length / ENTRY; ++i) {
            (uint64 id, uint256 share,) = _entryAt(vector, i);
            if (id == ancestor) return share;
        }
        return 0;
    }

    function _linkedVector() private returns (bytes memory vector) {
        Cheats.Log[] memory logs = cheats.getRecordedLogs();
        (,, vector) = abi.decode(logs[logs.length - 1].data, (Parent[], uint8, bytes));
    }
}
