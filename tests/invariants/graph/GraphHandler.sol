// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WorkId} from "../../../contracts/types/Identifiers.sol";
import {cheats} from "../stage/Campaign.sol";
import {Pedigree} from "./Pedigree.sol";

/// @notice Links derivatives of every shape: many parents, long chains, floors under roots. After each link it works
/// out, from the parents' vectors alone, what the new vector must hold.
contract GraphHandler is Pedigree {
    uint256 private constant _PARENTS_MAX = 16;
    uint256 private constant _ANCESTORS_MAX = 32;
    uint256 private constant _DEPTH_MAX = 32;
    uint256 private constant _NOTICE = 7 days;

    uint64[] private _roots;
    uint64[] private _usable;
    mapping(uint64 work => uint256) private _depth;
    mapping(uint64 root => uint256) private _floor;
    mapping(uint64 root => uint256) private _bindsFrom;
    mapping(uint64 work => bytes32) private _hashAtLink;

    constructor() {
        for (uint256 i; i < 20; ++i) {
            uint64 root = _root();
            _roots.push(root);
            _usable.push(root);
        }
    }

    /// @notice A derivative of up to 16 works, whichever.
    function linkMany(uint256 seed) external drawing(seed) {
        _link(_next(1, _PARENTS_MAX), 0);
    }

    /// @notice A derivative of the youngest works: chains grow long.
    function linkYoungest(uint256 seed) external drawing(seed) {
        _link(_next(1, 3), _usable.length > 6 ? _usable.length - 6 : 0);
    }

    /// @notice Time passes: floors begin to bind.
    function wait(uint256 seed) external drawing(seed) {
        cheats.warp(block.timestamp + _next(0, _NOTICE));
    }

    /// @notice Puts a floor under a root, of whose community consent was asked or not, or lowers it.
    function declareFloor(uint256 seed) external drawing(seed) {
        uint64 root = _roots[_next(0, _roots.length - 1)];
        uint256 before = _floor[root];
        if (before == 1) return;
        uint256 floor = _next(1, before == 0 ? 60_000_000 : before - 1);
        bool isAsked = _next(0, 1) == 0;
        if (isAsked) registers.ask(WorkId.wrap(root));
        graph.declareFloor(WorkId.wrap(root), uint32(floor));
        _floor[root] = floor;
        if (before == 0) _bindsFrom[root] = block.timestamp + (isAsked ? _NOTICE : 0);
    }

    /// @notice Raising a floor is refused.
    function raiseFloor(uint256 seed) external drawing(seed) {
        uint64 root = _roots[_next(0, _roots.length - 1)];
        if (_floor[root] == 0) return;
        try graph.declareFloor(WorkId.wrap(root), uint32(_next(_floor[root], STACK_MAX))) {
            _expect(false, "I7: a floor was raised");
        } catch {}
    }

    function workCount() external view returns (uint256) {
        return _usable.length;
    }

    /// @notice Whether the graph still stands by what it said when the work was linked.
    function stands(uint256 place) external view returns (bool) {
        uint64 work = _usable[place % _usable.length];
        return graph.vectorHashOf(WorkId.wrap(work)) == bytes30(_hashAtLink[work])
            && graph.depthOf(WorkId.wrap(work)) == _depth[work];
    }

    function _link(uint256 count, uint256 from) private {
        uint256[] memory parents = _parents(count, from);
        uint256[] memory shares = new uint256[](parents.length);
        uint256 left = STACK_MAX;
        uint256 licensed;
        for (uint256 i; i < parents.length; ++i) {
            shares[i] = _next(1, 1 + left / (parents.length - i));
            if (shares[i] > left) shares[i] = left;
            left -= shares[i];
            licensed += shares[i];
        }
        uint64 child = _derive(parents, shares);
        if (child == 0) return;
        bytes memory vector = vectorOf[child];
        _hashAtLink[child] = keccak256(vector);
        _usable.push(child);
        _checkVector(child, vector, licensed);
        _checkDepth(child, parents);
        _checkFloors(vector, parents);
    }

    /// @dev Ascending and distinct; from `from` on.
    function _parents(uint256 count, uint256 from) private returns (uint256[] memory parents) {
        uint256 room = _usable.length - from;
        if (count > room) count = room;
        parents = new uint256[](count);
        uint256 place = from;
        for (uint256 i; i < count; ++i) {
            uint256 slack = _usable.length - place - (count - i);
            place += _next(0, slack / (count - i));
            parents[i] = _usable[place++];
        }
    }

    function _checkVector(uint64 child, bytes memory vector, uint256 licensed) private {
        uint256 entries = vector.length / ENTRY;
        uint256 sum;
        uint64 previous;
        bool hasFloors;
        for (uint256 i; i < entries; ++i) {
            (uint64 id, uint256 share, bool isProtected) = _entryAt(vector, i);
            _expect(share != 0, "I4: an ancestor with no share");
            _expect(id > previous, "I4: ids do not ascend");
            _expect(id < child, "I5: an ancestor is not older than its descendant");
            previous = id;
            sum += share;
            hasFloors = hasFloors || isProtected;
        }
        _expect(entries <= _ANCESTORS_MAX, "I6: too many ancestors");
        _expect(sum >= licensed, "I4: less than the licensed shares");
        _expect(sum <= STACK_MAX, "I4: more than may be owed");
        _expect(hasFloors || sum == licensed, "I4: not exactly the licensed shares");
    }

    function _checkDepth(uint64 child, uint256[] memory parents) private {
        uint256 deepest;
        for (uint256 i; i < parents.length; ++i) {
            uint256 depth = _depth[uint64(parents[i])];
            if (depth > deepest) deepest = depth;
        }
        _depth[child] = deepest + 1;
        _expect(graph.depthOf(WorkId.wrap(child)) == deepest + 1, "I6: a depth is wrong");
        _expect(deepest + 1 <= _DEPTH_MAX, "I6: too deep");
    }

    /// @dev Each protected ancestor has its floor, or what the parent that owes it less was itself bound to. A line
    /// begins in protection when its root's floor binds by then.
    function _checkFloors(bytes memory vector, uint256[] memory parents) private {
        for (uint256 i; i < parents.length; ++i) {
            uint64 parent = uint64(parents[i]);
            bool isBound = _floor[parent] != 0 && block.timestamp >= _bindsFrom[parent];
            bool mayBe = isBound || _comesProtected(parent, parents);
            _expect(!_isProtectedIn(vector, parent) || mayBe, "I7: a floor bound without notice");
            _expect(!isBound || _isProtectedIn(vector, parent), "I7: a floor did not bind");
            bytes memory ofParent = vectorOf[parent];
            for (uint256 j; j < ofParent.length / ENTRY; ++j) {
                (uint64 root, uint256 owed, bool isProtected) = _entryAt(ofParent, j);
                if (!isProtected) continue;
                uint256 bound = owed < _floor[root] ? owed : _floor[root];
                _expect(_shareOf(vector, root) >= bound, "I7: a floor gave way");
            }
        }
    }

    function _comesProtected(uint64 work, uint256[] memory parents) private view returns (bool) {
        for (uint256 i; i < parents.length; ++i) {
            if (_isProtectedIn(vectorOf[uint64(parents[i])], work)) return true;
        }
        return false;
    }

    function _isProtectedIn(bytes memory vector, uint64 ancestor) private pure returns (bool) {
        for (uint256 i; i < vector.length / ENTRY; ++i) {
            (uint64 id,, bool isProtected) = _entryAt(vector, i);
            if (id == ancestor) return isProtected;
        }
        return false;
    }
}
