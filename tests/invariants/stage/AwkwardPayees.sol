// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GasBurningPayee} from "../../../contracts/testing/GasBurningPayee.sol";
import {ReentrantPayee} from "../../../contracts/testing/ReentrantPayee.sol";
import {RejectingPayee} from "../../../contracts/testing/RejectingPayee.sol";
import {ReturnBombPayee} from "../../../contracts/testing/ReturnBombPayee.sol";

/// @notice Two payees that take their money and four that will not, or not quietly, all ascending by address.
contract AwkwardPayees {
    uint256 public constant COUNT = 6;

    address[COUNT] private _sorted;
    mapping(address payee => bool) public isHonest;
    ReentrantPayee public immutable reentrant;

    constructor() {
        reentrant = new ReentrantPayee();
        _add(address(0x100001));
        _add(address(type(uint160).max - 0x100001));
        isHonest[_sorted[0]] = true;
        isHonest[_sorted[1]] = true;
        _add(address(new RejectingPayee()));
        _add(address(new GasBurningPayee()));
        _add(address(new ReturnBombPayee()));
        _add(address(reentrant));
    }

    function payeeAt(uint256 place) external view returns (address) {
        return _sorted[place];
    }

    function _add(address payee) private {
        uint256 last;
        while (_sorted[last] != address(0)) ++last;
        for (; last != 0 && _sorted[last - 1] > payee; --last) {
            _sorted[last] = _sorted[last - 1];
        }
        _sorted[last] = payee;
    }
}
