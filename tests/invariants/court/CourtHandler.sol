// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {DisputeCourt} from "../../../contracts/DisputeCourt.sol";
import {IArbiter, Ruling} from "../../../contracts/interfaces/IArbiter.sol";
import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {IDisputeCourt} from "../../../contracts/interfaces/IDisputeCourt.sol";
import {IRoyaltyLedger} from "../../../contracts/interfaces/IRoyaltyLedger.sol";
import {IWorkRegistry} from "../../../contracts/interfaces/IWorkRegistry.sol";
import {PlainToken} from "../../../contracts/testing/PlainToken.sol";
import {CommunityId, WorkId} from "../../../contracts/types/Identifiers.sol";
import {Share, WorkKind} from "../../../contracts/types/Rights.sol";
import {Actor, cheats} from "../stage/Campaign.sol";
import {Registers} from "../stage/Registers.sol";

/// @notice Plays the ledger: what a disputed share would freeze, and how many splits a work has had.
contract Dues {
    uint256 public due;
    uint32 public splits = 1;

    function set(uint256 due_) external {
        due = due_;
    }

    function correct() external {
        ++splits;
    }

    function splitCountOf(WorkId) external view returns (uint32) {
        return splits;
    }

    function noteDispute(WorkId) external view returns (uint32) {
        return splits;
    }

    function dueTo(WorkId, IERC20, uint32, Share[] calldata, address) external view returns (uint256) {
        return due;
    }
}

/// @notice An arbiter that rules as it is told.
contract Judge is IArbiter {
    mapping(bytes32 caseId => Ruling) private _rulings;

    function decide(bytes32 caseId, Ruling ruling) external {
        _rulings[caseId] = ruling;
    }

    function rulingOf(bytes32 caseId, CommunityId) external view returns (Ruling) {
        return _rulings[caseId];
    }
}

/// @notice Disputers, payees, defenders and a judge, each trying every step at any time. Steps out of turn are refused
/// by the court; what is kept here are the steps that it took.
contract CourtHandler is Actor {
    uint256 private constant _STRETCH_MAX = 90 days;
    uint256 private constant _RESPITE = 7 days;
    uint64 public constant WORKS = 3;

    DisputeCourt public immutable court;
    PlainToken public immutable token;
    address public constant TREASURY = address(0x7EA5);

    Judge private immutable _judge;
    Dues private immutable _dues;

    IDisputeCourt.Matter[] private _matters;
    /// @dev Where the latest freeze began; from when on it counts, which is then or when the payee agreed to it; and how long
    /// the earlier ones were, less what free time gave back.
    mapping(uint64 work => mapping(address payee => uint256)) private _beganAt;
    mapping(uint64 work => mapping(address payee => uint256)) private _frozenFrom;
    mapping(uint64 work => mapping(address payee => uint256)) private _frozenBefore;
    mapping(uint64 work => mapping(address payee => bool)) private _wasDisputed;
    uint256 public taken;
    uint256 public collected;

    constructor() {
        // A chain whose clock stands at the beginning of Unix time would be within a respite that nobody needs.
        cheats.warp(1_800_000_000);
        Registers registers = new Registers();
        for (uint256 i; i < WORKS; ++i) {
            registers.register(address(this), WorkKind.RECORDING);
        }
        token = new PlainToken(6);
        _judge = new Judge();
        _dues = new Dues();
        court = new DisputeCourt(
            IWorkRegistry(address(registers)),
            IConsentRegistry(address(registers)),
            IRoyaltyLedger(address(_dues)),
            _judge,
            _judge,
            token,
            1_000_001,
            TREASURY
        );
        for (uint256 i; i < 4; ++i) {
            address party = _payee(i);
            token.mint(party, type(uint128).max);
            cheats.prank(party);
            token.approve(address(court), type(uint256).max);
        }
    }

    /// @notice Somebody disputes somebody's share; the third payee of the last work is never disputed.
    function open(uint256 seed) external drawing(seed) {
        uint64 work = uint64(_next(1, WORKS));
        address payee = _payee(_next(0, 2));
        if (work == WORKS && payee == _payee(2)) return;
        _dues.set(_nextAmount(80));
        address disputer = _payee(_next(0, 3));
        bytes32 evidence = keccak256(abi.encode(_matters.length));
        IDisputeCourt.Matter memory matter = IDisputeCourt.Matter(disputer, WorkId.wrap(work), payee, evidence);
        uint256 until = court.frozenUntil(matter.workId, payee);
        uint256 before = token.balanceOf(address(court));

        cheats.prank(disputer);
        try court.open(matter.workId, payee, matter.evidence, new Share[](0), type(uint96).max) {
            if (until <= block.timestamp) {
                uint256 frozen = _wasDisputed[work][payee] ? _frozenFor(work, payee, until) : 0;
                uint256 givenBack = (block.timestamp - until) * 90 / 7;
                _frozenBefore[work][payee] = frozen > givenBack ? frozen - givenBack : 0;
                _beganAt[work][payee] = block.timestamp;
                _frozenFrom[work][payee] = block.timestamp;
            }
            _expect(_frozenBefore[work][payee] < _STRETCH_MAX, "I17: frozen after 90 days");
            _wasDisputed[work][payee] = true;
            _matters.push(matter);
            taken += token.balanceOf(address(court)) - before;
            _expect(court.isFrozen(matter.workId, payee), "I17: a disputed share is not frozen");
        } catch {
            bool isSpent = _wasDisputed[work][payee] && _frozenFor(work, payee, until) == _STRETCH_MAX
                && until <= block.timestamp && block.timestamp < until + _RESPITE;
            _expect(isSpent, "I17: a share could not be disputed");
        }
    }

    function answer(uint256 seed) external drawing(seed) {
        if (_matters.length == 0) return;
        IDisputeCourt.Matter memory matter = _some();
        address defender = _next(0, 1) == 0 ? matter.payee : _payee(_next(0, 3));
        uint256 before = token.balanceOf(address(court));
        cheats.prank(defender);
        try court.answer(matter, bytes32(uint256(1))) {
            taken += token.balanceOf(address(court)) - before;
        } catch {}
    }

    function rule(uint256 seed) external drawing(seed) {
        if (_matters.length == 0) return;
        IDisputeCourt.Matter memory matter = _some();
        _judge.decide(court.caseIdOf(matter), Ruling(_next(0, 2)));
        try court.rule(matter) {} catch {}
    }

    function concede(uint256 seed) external drawing(seed) {
        if (_matters.length == 0) return;
        IDisputeCourt.Matter memory matter = _some();
        address party = _next(0, 2) == 0 ? matter.disputer : _next(0, 1) == 0 ? matter.payee : _payee(_next(0, 3));
        bool isAgreed = party != matter.disputer && _isFreezing(matter);
        cheats.prank(party);
        try court.concede(matter) {
            _expect(party == matter.disputer || party == matter.payee, "I17: somebody gave in for the payee");
            if (isAgreed) {
                uint64 work = WorkId.unwrap(matter.workId);
                (_frozenBefore[work][matter.payee], _frozenFrom[work][matter.payee]) = (0, block.timestamp);
            }
        } catch {}
    }

    function lapse(uint256 seed) external drawing(seed) {
        if (_matters.length == 0) return;
        try court.lapse(_some()) {} catch {}
    }

    function release(uint256 seed) external drawing(seed) {
        if (_matters.length == 0) return;
        IDisputeCourt.Matter memory matter = _some();
        uint256 kind = _next(0, 2);
        if (kind == 0) _dues.correct();
        if (kind != 2) cheats.prank(kind == 0 ? address(this) : matter.disputer);
        try court.release(matter) {} catch {}
    }

    function collect(uint256 seed) external drawing(seed) {
        address account = _next(0, 4) == 4 ? TREASURY : _payee(_next(0, 3));
        uint256 owed = court.owedTo(account);
        if (owed == 0) return;
        uint256 before = token.balanceOf(account);
        court.collect(account);
        _expect(token.balanceOf(account) == before + owed, "I17: another amount was collected than owed");
        collected += owed;
    }

    function wait(uint256 seed) external drawing(seed) {
        cheats.warp(block.timestamp + _next(1, _next(1, 60 days)));
    }

    /// @notice What the court owes for cases that are over, and holds for those that are not.
    function liabilities() external view returns (uint256 sum) {
        for (uint256 i; i < 4; ++i) {
            sum += court.owedTo(_payee(i));
        }
        sum += court.owedTo(TREASURY);
        for (uint256 i; i < _matters.length; ++i) {
            IDisputeCourt.Case memory case_ = court.caseOf(court.caseIdOf(_matters[i]));
            if (case_.status == IDisputeCourt.Status.OPEN) sum += case_.bond;
            if (case_.status == IDisputeCourt.Status.ANSWERED) sum += 2 * uint256(case_.bond);
        }
    }

    /// @notice Whether no stretch freezes for more than 90 days since the payee last agreed to be frozen, and what nobody
    /// disputed is free.
    function isBounded() external view returns (bool) {
        for (uint64 work = 1; work <= WORKS; ++work) {
            for (uint256 i; i < 3; ++i) {
                address payee = _payee(i);
                uint256 until = court.frozenUntil(WorkId.wrap(work), payee);
                bool isFree = until == 0 && !court.isFrozen(WorkId.wrap(work), payee);
                bool isFit = _wasDisputed[work][payee] ? _frozenFor(work, payee, until) <= _STRETCH_MAX : isFree;
                if (!isFit) return false;
            }
        }
        return true;
    }

    /// @dev Whether a case belongs to a freeze that goes on, and nobody has ruled on it for the disputer.
    function _isFreezing(IDisputeCourt.Matter memory matter) private view returns (bool) {
        bytes32 caseId = court.caseIdOf(matter);
        IDisputeCourt.Case memory case_ = court.caseOf(caseId);
        bool isRuled = case_.status == IDisputeCourt.Status.ANSWERED
            && _judge.rulingOf(caseId, CommunityId.wrap(0)) == Ruling.UPHELD;
        return !isRuled && case_.openedAt >= _beganAt[WorkId.unwrap(matter.workId)][matter.payee]
            && court.frozenUntil(matter.workId, matter.payee) > block.timestamp;
    }

    /// @dev How long the stretch of the latest freeze froze, or will have.
    function _frozenFor(uint64 work, address payee, uint256 until) private view returns (uint256) {
        return _frozenBefore[work][payee] + (until - _frozenFrom[work][payee]);
    }

    /// @dev Recent cases more often than old ones.
    function _some() private returns (IDisputeCourt.Matter memory) {
        uint256 count = _matters.length;
        return _matters[count - 1 - _next(0, _next(0, count - 1))];
    }
}
