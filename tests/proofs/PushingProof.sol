// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafePush} from "../../contracts/libraries/SafePush.sol";
import {Proof} from "./Proof.sol";

/// @notice A token that answers a transfer with as many bytes of one word as it was told to.
contract AnsweringToken {
    uint256 private immutable _word;
    uint256 private immutable _length;
    bool private immutable _fails;

    constructor(uint256 word, uint256 length, bool fails) {
        _word = word;
        _length = length;
        _fails = fails;
    }

    fallback() external {
        (uint256 word, uint256 length, bool fails) = (_word, _length, _fails);
        assembly ("memory-safe") {
            mstore(0, word)
            if fails { revert(0, length) }
            return(0, length)
        }
    }
}

/// @notice Whatever a token answers, `SafePush` says "delivered" only when it was told so.
contract PushingProof is Proof {
    address private constant _PAYEE = address(0xFA1EE);

    function check_nothing_goes_to_nobody(uint256 amount) external {
        IERC20 token = IERC20(address(new AnsweringToken(1, 32, false)));
        assert(!SafePush.tryTransfer(token, address(0), amount));
    }

    function check_nothing_goes_to_the_custodian(uint256 amount) external {
        IERC20 token = IERC20(address(new AnsweringToken(1, 32, false)));
        assert(!SafePush.tryTransfer(token, address(this), amount));
    }

    function check_any_word_but_one_is_a_no(uint256 word, uint256 amount) external {
        IERC20 token = IERC20(address(new AnsweringToken(word, 32, false)));
        assert(SafePush.tryTransfer(token, _PAYEE, amount) == (word == 1));
    }

    function check_half_an_answer_is_a_no(uint256 word, uint256 amount) external {
        IERC20 token = IERC20(address(new AnsweringToken(word, 31, false)));
        assert(!SafePush.tryTransfer(token, _PAYEE, amount));
    }

    function check_a_revert_is_a_no(uint256 word, uint256 amount) external {
        IERC20 token = IERC20(address(new AnsweringToken(word, 32, true)));
        assert(!SafePush.tryTransfer(token, _PAYEE, amount));
    }

    function check_silence_of_a_contract_is_a_yes(uint256 amount) external {
        IERC20 token = IERC20(address(new AnsweringToken(0, 0, false)));
        assert(SafePush.tryTransfer(token, _PAYEE, amount));
    }

    function check_silence_of_no_contract_is_a_no(uint256 amount) external {
        assert(!SafePush.tryTransfer(IERC20(address(0xDEAD)), _PAYEE, amount));
    }
}
