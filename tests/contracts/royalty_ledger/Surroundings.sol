// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface INotesDisputes {
    function noteDispute(uint64 workId) external returns (uint32 splits);
}

/// @notice Plays what stands around the contracts that hold money: registers, graph, court and licence registry.
/// Says what a test told it to, so that a test about money is about money alone.
contract Surroundings {
    struct Community {
        address steward;
        uint8 approvalsRequired;
        uint8 elderCount;
        uint32 council;
        bytes32 profileDigest;
    }

    struct Consent {
        uint8 state;
        uint8 approvals;
        uint40 until;
        bytes32 termsHash;
        uint48 offer;
        uint40 liveUntil;
        uint40 reaffirmSeconds;
        bool byVoucher;
        bytes32 labels;
    }

    struct LicenceUsage {
        uint64 licenceId;
        uint64 units;
        uint128 revenue;
    }

    error WorkUnknown(uint64 workId);
    error UnitCapExceeded(uint64 licenceId, uint256 wouldUse, uint64 unitCap);

    event UsageRecorded(uint64 indexed licenceId, uint64 units, uint128 revenue, uint64 unitsUsed, uint128 revenueUsed);

    mapping(uint64 workId => address) private _controller;
    mapping(uint64 workId => uint8) private _kind;
    mapping(uint64 workId => bytes30) public vectorHashOf;
    mapping(uint64 workId => uint64) public compositionOf;
    mapping(uint64 workId => mapping(uint8 tier => uint8)) private _consent;
    mapping(uint64 workId => uint32) private _community;
    mapping(uint64 workId => uint64) public displacedBy;
    mapping(uint32 communityId => uint8) private _approvals;
    mapping(uint32 communityId => mapping(bytes32 decision => bool)) public isDecided;
    mapping(address caller => bool) private _permitted;
    mapping(uint64 workId => mapping(address payee => bool)) public isFrozen;
    mapping(uint64 licenceId => uint64) public unitsUsed;
    uint64 public unitCap = type(uint64).max;
    address private _holder;
    mapping(uint64 licenceId => address) private _ownHolder;
    INotesDisputes private _ledger;

    function register(uint64 workId, address controller, uint8 kind) external {
        _controller[workId] = controller;
        _kind[workId] = kind;
    }

    function registerMany(uint64 first, uint64 count, address controller, uint8 kind) external {
        for (uint64 i; i < count; ++i) {
            _controller[first + i] = controller;
            _kind[first + i] = kind;
        }
    }

    function link(uint64 workId, bytes calldata vector) external {
        vectorHashOf[workId] = bytes30(keccak256(vector));
    }

    function record(uint64 workId, uint64 composition) external {
        compositionOf[workId] = composition;
    }

    function consent(uint64 workId, uint8 tier, uint8 state) external {
        _consent[workId][tier] = state;
    }

    /// @dev The work belongs to a community; where approvals are required, its elders have a say.
    function belong(uint64 workId, uint32 communityId, uint8 approvals) external {
        _community[workId] = communityId;
        _approvals[communityId] = approvals;
    }

    function displace(uint64 workId, uint64 by) external {
        displacedBy[workId] = by;
    }

    function decide(uint32 communityId, bytes32 decision) external {
        isDecided[communityId][decision] = true;
    }

    function permit(address caller) external {
        _permitted[caller] = true;
    }

    /// @dev As a court: whose shares it freezes.
    function preside(INotesDisputes ledger) external {
        _ledger = ledger;
    }

    function freeze(uint64 workId, address payee, bool frozen) external {
        isFrozen[workId][payee] = frozen;
        if (address(_ledger) != address(0)) _ledger.noteDispute(workId);
    }

    function frozenAt(uint64 workId, address payee, uint40) external view returns (bool) {
        return isFrozen[workId][payee];
    }

    function setUnitCap(uint64 cap) external {
        unitCap = cap;
    }

    /// @dev Who holds every licence that nobody else was said to hold.
    function hold(address holder) external {
        _holder = holder;
    }

    function hold(uint64 licenceId, address holder) external {
        _ownHolder[licenceId] = holder;
    }

    function holderOf(uint64 licenceId) public view returns (address) {
        address holder = _ownHolder[licenceId];
        return holder == address(0) ? _holder : holder;
    }

    function recordUsage(LicenceUsage[] calldata usage) external returns (address[] memory holders) {
        holders = _holdersOf(usage);
        for (uint256 i; i < usage.length; ++i) {
            LicenceUsage calldata used = usage[i];
            unitsUsed[used.licenceId] += used.units;
            uint64 total = unitsUsed[used.licenceId];
            if (total > unitCap) revert UnitCapExceeded(used.licenceId, total, unitCap);
            emit UsageRecorded(used.licenceId, used.units, used.revenue, total, used.revenue);
        }
    }

    function returnUsage(LicenceUsage[] calldata usage) external returns (address[] memory holders) {
        holders = _holdersOf(usage);
        for (uint256 i; i < usage.length; ++i) {
            unitsUsed[usage[i].licenceId] -= usage[i].units;
        }
    }

    function _holdersOf(LicenceUsage[] calldata usage) private view returns (address[] memory holders) {
        holders = new address[](usage.length);
        for (uint256 i; i < usage.length; ++i) {
            holders[i] = holderOf(usage[i].licenceId);
        }
    }

    /// @dev Where consent is kept: here.
    function consents() external view returns (Surroundings) {
        return this;
    }

    function consentOf(uint64 workId, uint8 tier) external view returns (Consent memory asked) {
        asked.state = _consent[workId][tier];
    }

    function controllerOf(uint64 workId) external view returns (address) {
        if (_controller[workId] == address(0)) revert WorkUnknown(workId);
        return _controller[workId];
    }

    function communityIdOf(uint64 workId) external view returns (uint32) {
        return _community[workId];
    }

    function communityOf(uint32 communityId) external view returns (Community memory) {
        return Community(address(1), _approvals[communityId], _approvals[communityId], 0, 0);
    }

    /// @dev As an authority: whoever is permitted may call everything, at once.
    function canCall(address caller, address, bytes4) external view returns (bool, uint32) {
        return (_permitted[caller], 0);
    }

    function kindOf(uint64 workId) external view returns (uint8) {
        if (_controller[workId] == address(0)) revert WorkUnknown(workId);
        return _kind[workId];
    }

    /// @dev Everybody holds a licence for everything; its number is its share.
    function royaltyShareFor(uint64 licenceId, address, uint64) external pure returns (uint256) {
        return licenceId;
    }
}

/// @notice A token whose transfers fail with as much data as the gas it is given can buy.
contract BombToken {
    mapping(address account => uint256) public balanceOf;

    function transferFrom(address, address to, uint256 amount) external returns (bool) {
        balanceOf[to] += amount;
        return true;
    }

    function transfer(address, uint256) external pure returns (bool) {
        assembly ("memory-safe") {
            revert(0, 200000)
        }
    }
}
