// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

// Ids are types, so that a work can never be passed where a licence is meant. Zero is never issued.
type CommunityId is uint32;
type WorkId is uint64;
type LicenceId is uint64;
// One set of terms put forward for one tier of one work; numbered over all works.
type OfferId is uint48;
// The 64 bits a watermark carries: a hash of who links the run's derivative and a salt of its choice.
type GenerationId is uint64;

using {eqCommunity as ==, neCommunity as !=} for CommunityId global;
using {eqWork as ==, neWork as !=, ltWork as <, leWork as <=} for WorkId global;
using {eqLicence as ==, neLicence as !=} for LicenceId global;
using {eqOffer as ==, neOffer as !=} for OfferId global;

function eqCommunity(CommunityId a, CommunityId b) pure returns (bool) {
    return CommunityId.unwrap(a) == CommunityId.unwrap(b);
}

function neCommunity(CommunityId a, CommunityId b) pure returns (bool) {
    return CommunityId.unwrap(a) != CommunityId.unwrap(b);
}

function eqWork(WorkId a, WorkId b) pure returns (bool) {
    return WorkId.unwrap(a) == WorkId.unwrap(b);
}

function neWork(WorkId a, WorkId b) pure returns (bool) {
    return WorkId.unwrap(a) != WorkId.unwrap(b);
}

function ltWork(WorkId a, WorkId b) pure returns (bool) {
    return WorkId.unwrap(a) < WorkId.unwrap(b);
}

function leWork(WorkId a, WorkId b) pure returns (bool) {
    return WorkId.unwrap(a) <= WorkId.unwrap(b);
}

function eqLicence(LicenceId a, LicenceId b) pure returns (bool) {
    return LicenceId.unwrap(a) == LicenceId.unwrap(b);
}

function neLicence(LicenceId a, LicenceId b) pure returns (bool) {
    return LicenceId.unwrap(a) != LicenceId.unwrap(b);
}

function eqOffer(OfferId a, OfferId b) pure returns (bool) {
    return OfferId.unwrap(a) == OfferId.unwrap(b);
}

function neOffer(OfferId a, OfferId b) pure returns (bool) {
    return OfferId.unwrap(a) != OfferId.unwrap(b);
}
