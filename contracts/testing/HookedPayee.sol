// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ITokenReceiver} from "./ITokenReceiver.sol";

/// @notice What the awkward payees have in common: they ask to be told of money.
abstract contract HookedPayee is ITokenReceiver {
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == ITokenReceiver.onTokenReceived.selector;
    }
}
