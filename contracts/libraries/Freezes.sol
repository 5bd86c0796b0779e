// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice When a share was frozen, in one slot.
///
/// Cases that overlap freeze a share together: the freeze ends with the last of them, or by itself. Freezes less than
/// seven days apart are one stretch, and a stretch freezes for 90 days at most, and for what its free time gave back: 90
/// seconds for every seven. After that the share stays free for seven days, whatever anybody disputes. So nobody can hold
/// a share's money for ever, alone or with others, and nobody can use up a stretch, or keep one used up, without freezing.
/// Whose share it is may agree to be frozen: then a stretch begins, so that it leaves others no less by that.
library Freezes {
    /// @param from Where the latest freeze began, and `until`, where it ends or ended.
    /// @param fromBefore The freeze before that one, up to `untilBefore`; earlier ones are forgotten.
    /// @param stretchFrom Where the stretch that the latest freeze belongs to would have begun, had the share been frozen
    /// all the time since: what lies between it and `until` is how long the stretch froze, less what was given back.
    /// @param era Number of the latest freeze; tells its cases from those of an earlier one, which are over whether or
    /// not anybody said so.
    /// @param openCases Cases that keep the latest freeze going.
    struct History {
        uint40 from;
        uint40 until;
        uint40 fromBefore;
        uint40 untilBefore;
        uint40 stretchFrom;
        uint32 era;
        uint16 openCases;
    }

    uint40 internal constant STRETCH_MAX = 90 days;
    uint40 internal constant RESPITE = 7 days;

    /// @notice Thrown when a share was frozen for as long as any may be, and has not been free for seven days since.
    error FreezeSpent(uint40 notBefore);

    /// @notice What the history becomes with another case, which would freeze until then.
    function withCase(History memory past, uint40 until) internal view returns (History memory) {
        uint40 now_ = uint40(block.timestamp);
        if (past.until <= now_) {
            uint40 free = now_ - past.until;
            uint40 used = past.until - past.stretchFrom;
            if (free < RESPITE && used == STRETCH_MAX) revert FreezeSpent(past.until + RESPITE);
            uint256 givenBack = uint256(free) * STRETCH_MAX / RESPITE;
            past.stretchFrom = givenBack < used ? now_ - (used - uint40(givenBack)) : now_;
            past.fromBefore = past.from;
            past.untilBefore = past.until;
            past.from = now_;
            past.openCases = 0;
            ++past.era;
        }
        ++past.openCases;
        past.until = _latest(past, until);
        return past;
    }

    /// @notice Who is frozen agrees to a case of an era: what was frozen until now is held against no later one.
    function agree(History storage history, uint32 era) internal {
        if (_isOn(history, era)) history.stretchFrom = uint40(block.timestamp);
    }

    /// @notice A case of an era freezes until later. A freeze that is over does not come back.
    function extend(History storage history, uint32 era, uint40 until) internal returns (uint40) {
        if (_isOn(history, era)) history.until = _latest(history, until);
        return history.until;
    }

    /// @notice A case of an era is over; the last one of a freeze ends it.
    function finish(History storage history, uint32 era) internal returns (uint40) {
        if (_isOn(history, era)) {
            --history.openCases;
            if (history.openCases == 0) history.until = uint40(block.timestamp);
        }
        return history.until;
    }

    /// @notice Whether the share was frozen at that time, as far as its last two freezes tell. In the second in which a
    /// freeze began it was not: some blocks of that second may lie before it, and no honest root over one of them is to
    /// be rejected.
    function covers(History storage history, uint40 time) internal view returns (bool) {
        if (time > history.from) return time < history.until;
        return time > history.fromBefore && time < history.untilBefore;
    }

    function _isOn(History storage history, uint32 era) private view returns (bool) {
        return history.era == era && block.timestamp < history.until;
    }

    function _latest(History memory history, uint40 until) private pure returns (uint40) {
        uint40 limit = history.stretchFrom + STRETCH_MAX;
        if (until > limit) until = limit;
        return until > history.until ? until : history.until;
    }
}
