// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Authority} from "../../../contracts/access/Authority.sol";
import {DirectReports} from "../../../contracts/DirectReports.sol";
import {IDirectReports} from "../../../contracts/interfaces/IDirectReports.sol";
import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";
import {ILicenceBook} from "../../../contracts/interfaces/ILicenceBook.sol";
import {IOperatorSet} from "../../../contracts/interfaces/IOperatorSet.sol";
import {IRoyaltyLedger} from "../../../contracts/interfaces/IRoyaltyLedger.sol";
import {IUsageOracle} from "../../../contracts/interfaces/IUsageOracle.sol";
import {PlainToken} from "../../../contracts/testing/PlainToken.sol";
import {GenerationId, LicenceId} from "../../../contracts/types/Identifiers.sol";
import {Actor, cheats} from "../stage/Campaign.sol";
import {Counterparts} from "./Counterparts.sol";

/// @notice Platforms, relays, a council and accusers, each trying every step at any time; some with forged papers.
/// Steps out of turn must be refused, and those in turn must not be.
contract DirectHandler is Actor {
    uint40 private constant _WINDOW = 3 days;
    uint256 private constant _EVENTS = 12;
    bytes32 private constant _EPOCH_TYPEHASH = keccak256(
        "EpochReport(uint64 epoch,bytes32 previousReport,address token,bytes32 usageRoot,uint64 eventCount,"
        "bytes32 segmentsDigest,bytes32 sumRoot,bytes32 leafRoot,uint32 leafCount,uint256 cumulativeTotal,"
        "uint64 stateBlock,uint64 stateTime,bytes32 licenceUsageHash,bytes32 withheldHash,bytes32 programHash)"
    );

    DirectReports public immutable reports;
    PlainToken public immutable token;
    Counterparts public immutable others;

    uint256 public cameIn;
    uint256 public wentBack;
    uint256 public donated;
    uint256 public heldSum;
    mapping(address platform => uint256) public freeOf;
    mapping(uint64 licence => uint256) public usedOf;

    IDirectReports.Held[] private _posted;
    mapping(bytes32 eventId => IDirectReports.State) private _states;
    uint64 private _epochs;

    constructor() {
        cheats.warp(1_800_000_000);
        token = new PlainToken(6);
        others = new Counterparts(IERC20(address(token)));
        Authority authority = new Authority(address(this));
        reports = new DirectReports(
            IUsageOracle(address(others)),
            IEpochDistributor(address(others)),
            ILicenceBook(address(others)),
            IRoyaltyLedger(address(others)),
            IAccessManager(address(authority)),
            _WINDOW
        );
        token.approve(address(reports), type(uint256).max);
    }

    function deposit(uint256 seed) external drawing(seed) {
        address platform = _platform();
        uint256 amount = _nextAmount(20);
        token.mint(address(this), amount);
        reports.deposit(platform, IERC20(address(token)), uint128(amount));
        (cameIn, freeOf[platform]) = (cameIn + amount, freeOf[platform] + amount);
    }

    function takeBack(uint256 seed) external drawing(seed) {
        address platform = _platform();
        uint256 amount = _nextAmount(20);
        cheats.prank(platform);
        try reports.takeBack(IERC20(address(token)), uint128(amount)) {
            _expect(amount <= freeOf[platform], "I2: a platform took back what is locked, or another's");
            (wentBack, freeOf[platform]) = (wentBack + amount, freeOf[platform] - amount);
        } catch {
            _expect(amount > freeOf[platform], "I24: a platform could not take back what is unlocked");
        }
    }

    function post(uint256 seed) external drawing(seed) {
        uint64 licence = uint64(_next(1, others.LICENCES()));
        bool isQuorum = _next(0, 3) != 0;
        others.setQuorum(isQuorum);
        IDirectReports.DirectReport memory report;
        report.usageKind = 3;
        report.licenceId = LicenceId.wrap(licence);
        report.generationId = GenerationId.wrap(1);
        report.sourceKey = bytes32(_next(1, _EVENTS));
        report.occurredAt = uint64(block.timestamp - _next(0, 10));
        report.deadline = uint40(block.timestamp);
        bytes32 eventId = reports.eventIdOf(report);
        IDirectReports.Held memory held = _expected(eventId, licence);
        bool isFit = isQuorum && _states[eventId] == IDirectReports.State.UNREPORTED
            && freeOf[held.platform] >= held.amount && reports.pausedUntil() <= block.timestamp;

        try reports.post(report, others.termsOf(licence), new IOperatorSet.Signature[](0)) {
            _expect(isFit, "I15: a report was taken twice, without a quorum, a deposit, or during a pause");
            _states[eventId] = IDirectReports.State.HELD;
            _posted.push(held);
            freeOf[held.platform] -= held.amount;
            heldSum += held.amount;
            ++usedOf[licence];
        } catch {
            _expect(!isFit, "I15: a fit report was refused");
        }
    }

    function release(uint256 seed) external drawing(seed) {
        if (_posted.length == 0) return;
        (IDirectReports.Held memory held, bool isForged) = _shown();
        bool isFit = !isForged && _isHeld(held) && block.timestamp >= held.releasableFrom;
        uint256 before = token.balanceOf(address(others));
        try reports.release(held) {
            _expect(isFit, "I13: released twice, before its window, or what was never locked");
            _expect(token.balanceOf(address(others)) == before + held.amount, "I2: another sum was released");
            _end(held, IDirectReports.State.RELEASED);
        } catch {
            _expect(!isFit, "I24: what may be released was not");
        }
    }

    function reject(uint256 seed) external drawing(seed) {
        if (_posted.length == 0) return;
        (IDirectReports.Held memory held, bool isForged) = _shown();
        bool isFit = !isForged && _isHeld(held) && block.timestamp < held.releasableFrom;
        try reports.reject(held, bytes32(seed)) {
            _expect(isFit, "I15: rejected twice, after its window, or what was never locked");
            _giveBack(held);
        } catch {
            _expect(!isFit, "I15: the council could not reject");
        }
    }

    /// @notice Half of the time the epoch counted another event, or does not stand.
    function accuse(uint256 seed) external drawing(seed) {
        if (_posted.length == 0) return;
        (IDirectReports.Held memory held, bool isForged) = _shown();
        bool isCounted = _next(0, 1) == 0;
        bool stands = _next(0, 3) != 0;
        IUsageOracle.EpochReport[] memory epochs = new IUsageOracle.EpochReport[](1);
        epochs[0].epoch = ++_epochs;
        epochs[0].token = IERC20(address(token));
        bytes32 counted = isCounted ? held.eventId : bytes32(seed);
        epochs[0].usageRoot = keccak256(bytes.concat(keccak256(abi.encode(counted))));
        if (stands) others.stand(_epochs, keccak256(abi.encode(_EPOCH_TYPEHASH, epochs[0])));
        bool isFit = !isForged && _isHeld(held) && isCounted && stands;

        try reports.rejectCounted(held, epochs, new bytes32[](0)) {
            _expect(isFit, "I15: rejected for what no epoch counted, or twice");
            _giveBack(held);
        } catch {
            _expect(!isFit, "I15: a proof was refused");
        }
    }

    function pause(uint256 seed) external drawing(seed) {
        if (_next(0, 3) != 0) return;
        try reports.pause() {} catch {}
    }

    function donate(uint256 seed) external drawing(seed) {
        uint256 amount = _nextAmount(10);
        token.mint(address(reports), amount);
        donated += amount;
    }

    function wait(uint256 seed) external drawing(seed) {
        cheats.warp(block.timestamp + _next(1, _next(1, 20 days)));
    }

    /// @notice What the contract says is unlocked, against what was kept beside it.
    function freeSum() external view returns (uint256 sum, bool agrees) {
        agrees = true;
        for (uint64 licence; licence < 2; ++licence) {
            address platform = others.holderOf(licence);
            uint256 free = reports.depositOf(platform, IERC20(address(token)));
            agrees = agrees && free == freeOf[platform];
            sum += free;
        }
    }

    /// @notice Whether every event is in the state that the steps taken have left it in, and licences were charged so.
    function statesAgree() external view returns (bool) {
        for (uint256 i; i < _posted.length; ++i) {
            if (reports.stateOf(_posted[i].eventId) != _states[_posted[i].eventId]) return false;
        }
        for (uint64 licence = 1; licence <= others.LICENCES(); ++licence) {
            uint256 price = others.termsOf(licence).unitPrice;
            bool isCharged =
                others.unitsOf(licence) == usedOf[licence] && others.revenueOf(licence) == usedOf[licence] * price;
            if (!isCharged) return false;
        }
        return true;
    }

    function _giveBack(IDirectReports.Held memory held) private {
        _end(held, IDirectReports.State.REJECTED);
        freeOf[held.platform] += held.amount;
        --usedOf[LicenceId.unwrap(held.licenceId)];
    }

    function _end(IDirectReports.Held memory held, IDirectReports.State state) private {
        _states[held.eventId] = state;
        heldSum -= held.amount;
    }

    /// @dev Something that was posted once, recent ones more often; one in four is altered.
    function _shown() private returns (IDirectReports.Held memory held, bool isForged) {
        uint256 count = _posted.length;
        held = _posted[count - 1 - _next(0, _next(0, count - 1))];
        isForged = _next(0, 3) == 0;
        if (!isForged) return (held, false);
        uint256 field = _next(0, 3);
        if (field == 0) held.amount += 1;
        if (field == 1) held.platform = address(this);
        if (field == 2) held.releasableFrom = 0;
        if (field == 3) held.token = IERC20(address(others));
    }

    function _platform() private returns (address) {
        return others.holderOf(uint64(_next(0, 1)));
    }

    function _isHeld(IDirectReports.Held memory held) private view returns (bool) {
        return _states[held.eventId] == IDirectReports.State.HELD;
    }

    function _expected(bytes32 eventId, uint64 licence) private view returns (IDirectReports.Held memory) {
        return IDirectReports.Held(
            eventId,
            LicenceId.wrap(licence),
            others.workOf(licence),
            others.holderOf(licence),
            IERC20(address(token)),
            others.termsOf(licence).unitPrice,
            uint40(block.timestamp) + _WINDOW
        );
    }
}
