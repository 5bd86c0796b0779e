// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice Who may do what, and after which delay: OpenZeppelin's AccessManager, unchanged, under a name of ours.
/// It decides over `restricted` functions alone. None of them moves money, and no contract takes a new authority.
contract Authority is AccessManager {
    constructor(address firstAdmin) AccessManager(firstAdmin) {}
}
