// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The cheats of forge that are used here.
interface Cheats {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function addr(uint256 key) external pure returns (address);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function getNonce(address account) external view returns (uint64);
    function getRecordedLogs() external returns (Log[] memory);
    function prank(address sender) external;
    function recordLogs() external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function warp(uint256 time) external;
}

Cheats constant cheats = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));

/// @notice Whoever acts in a campaign. What it finds wrong it remembers, since forge forgets a call that reverts.
abstract contract Actor {
    uint256 private _draw;

    /// @notice The first thing that was found wrong; empty while all is well.
    string public violation;

    /// @dev From here on `_next` draws from this seed.
    modifier drawing(uint256 seed) {
        _draw = seed;
        _;
    }

    function _expect(bool holds, string memory what) internal {
        if (!holds && bytes(violation).length == 0) violation = what;
    }

    /// @dev A number from `least` to `most`.
    function _next(uint256 least, uint256 most) internal returns (uint256) {
        _draw = uint256(keccak256(abi.encode(_draw)));
        return least + _draw % (most - least + 1);
    }

    /// @dev An amount of any order of magnitude, at least one unit.
    function _nextAmount(uint256 bitsMost) internal returns (uint256) {
        uint256 bits = _next(1, bitsMost);
        return _next(1, (1 << bits) - 1);
    }

    function _payee(uint256 number) internal pure returns (address) {
        return address(uint160(0x100000 + number));
    }
}

/// @notice A campaign: forge calls the handler's acts at random, and after every one asks whether all still holds.
abstract contract Campaign {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address private _handler;
    bytes4[] private _acts;

    error Broken(string what);

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = _handler;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory selectors) {
        selectors = new FuzzSelector[](1);
        selectors[0] = FuzzSelector(_handler, _acts);
    }

    function _play(address handler, bytes4[] memory acts) internal {
        _handler = handler;
        _acts = acts;
    }

    function _require(bool holds, string memory what) internal pure {
        if (!holds) revert Broken(what);
    }
}
