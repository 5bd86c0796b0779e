"""Linking a derivative: once, by whom it belongs to, under live licences, to real parents."""

from __future__ import annotations

import pytest

from chain.ledger.generations import generation_of
from chain.ledger.rights import Tier, WorkKind
from tests.contracts.refusals import refused
from tests.contracts.rights import DAY, SCALE, Terms, by

SALT = bytes.fromhex("a1b2c3d4e5f60718" * 4)
SHARE = 150_000_000
MOST_PARENTS, MOST_ANCESTORS, MOST_DEPTH = 16, 32, 32


@pytest.fixture
def licensed(register_work, grant, take_licence, stablecoin, customer, platform):
    """A new work of the customer, and the platform's licence to generate from it."""

    def licensed(share=SHARE, holder=platform, **terms):
        work = register_work(customer)
        return work, license_it(work, customer, share, holder, **terms)

    def license_it(work, controller, share=SHARE, holder=platform, **terms):
        terms = Terms.generation(stablecoin, share=share, price=0, **terms)
        grant(controller, work, terms)
        return take_licence(holder, work, terms, stablecoin)

    licensed.again = license_it
    return licensed


@pytest.fixture
def derivative(register_work, platform):
    """Registers another derivative of the platform."""
    return lambda: register_work(platform, kind=WorkKind.DERIVATIVE)


@pytest.fixture
def link(graph, platform):
    """Links a child of the platform; salts count from 1."""
    numbers = iter(range(1, 10_000))

    def link(child, parents, vectors=None, salt=None, sender=platform):
        vectors = [b""] * len(parents) if vectors is None else vectors
        salt = next(numbers).to_bytes(32, "big") if salt is None else salt
        return graph.link(child, salt, parents, vectors, by(sender))

    return link


def entry(work, share):
    return work.to_bytes(8, "big") + share.to_bytes(4, "big")


def test_a_link_says_all_there_is_to_know(graph, licensed, derivative, link, platform):
    work, licence = licensed()
    child = derivative()

    tx = link(child, [(work, licence)], salt=SALT)

    generation = graph.generationOf(platform, SALT)
    event = tx.events["DerivativeLinked"]
    assert (event["child"], event["generationId"], event["depth"]) == (child, generation, 1)
    assert [tuple(parent) for parent in event["parents"]] == [(work, licence)]
    assert str(event["vector"]) == "0x" + entry(work, SHARE).hex()
    assert graph.childOfGeneration(generation) == child


def test_works_without_parents_have_no_vector(graph, licensed):
    work, _ = licensed()

    assert graph.vectorHashOf(work) == "0x" + bytes(30).hex()
    assert graph.depthOf(work) == 0
    assert graph.childOfGeneration(7) == 0


def test_only_who_owns_a_derivative_links_it(licensed, derivative, link, stranger):
    child = derivative()

    with refused("NotController", child, stranger):
        link(child, [licensed()], sender=stranger)


def test_a_work_nobody_registered_is_not_linked(licensed, link):
    with refused("WorkUnknown", 99):
        link(99, [licensed()])


def test_only_derivatives_get_parents(licensed, register_work, link, platform):
    parent = licensed()
    recording = register_work(platform)

    with refused("NotADerivative", recording):
        link(recording, [parent])


def test_a_derivative_is_linked_once(licensed, derivative, link):
    parent, other = licensed(), licensed()
    child = derivative()
    link(child, [parent])

    with refused("AlreadyLinked", child):
        link(child, [other])


def test_a_generation_names_one_derivative(graph, licensed, derivative, link, platform):
    parent = licensed()
    first, second = derivative(), derivative()
    link(first, [parent], salt=SALT)

    with refused("GenerationTaken", graph.generationOf(platform, SALT), first):
        link(second, [parent], salt=SALT)


def test_a_front_runner_with_the_same_salt_gets_another_generation(
    graph, licensed, register_work, derivative, link, stranger, platform
):
    theirs, parent = licensed(holder=stranger), licensed()
    squat, child = register_work(stranger, kind=WorkKind.DERIVATIVE), derivative()

    link(squat, [theirs], salt=SALT, sender=stranger)
    link(child, [parent], salt=SALT)

    assert graph.childOfGeneration(graph.generationOf(platform, SALT)) == child
    assert graph.childOfGeneration(graph.generationOf(stranger, SALT)) == squat


@pytest.mark.parametrize("salt", [bytes(32), SALT, b"\xff" * 32])
def test_a_generation_is_the_one_the_model_derives(graph, devnet, platform, stranger, salt):
    for linker in (platform, stranger):
        derived = generation_of(devnet.id, graph.address, linker.address, salt)

        assert graph.generationOf(linker, salt) == derived


@pytest.mark.parametrize("parents", [0, MOST_PARENTS + 1])
def test_a_derivative_has_one_to_sixteen_parents(derivative, link, parents):
    with refused("BadParentCount", parents):
        link(derivative(), [(i + 1, 1) for i in range(parents)])


def test_every_parent_comes_with_its_vector(licensed, derivative, link):
    parent = licensed()

    with refused("BadParentCount", 1):
        link(derivative(), [parent], vectors=[])
    with refused("BadParentCount", 1):
        link(derivative(), [parent], vectors=[b"", b""])


def test_parents_ascend_and_are_named_once(licensed, derivative, link):
    first, second = licensed(), licensed()
    child = derivative()

    with refused("ParentsOutOfOrder", first[0]):
        link(child, [second, first])
    with refused("ParentsOutOfOrder", first[0]):
        link(child, [first, first])
    with refused("ParentsOutOfOrder", 0):
        link(child, [(0, 1)])


def test_parents_are_older_than_their_child(licensed, derivative, link):
    child = derivative()
    younger = licensed()

    with refused("ParentsOutOfOrder", younger[0]):
        link(child, [younger])
    with refused("ParentsOutOfOrder", child):
        link(child, [(child, younger[1])])


def test_a_derivative_that_is_not_linked_is_no_parent(licensed, derivative, link):
    _, licence = licensed()
    unlinked, child = derivative(), derivative()

    with refused("ParentNotLinked", unlinked):
        link(child, [(unlinked, licence)])


def test_a_vector_is_given_back_as_it_was_stored(licensed, derivative, link, platform):
    original, middle, child = licensed(), derivative(), derivative()
    vector = bytes(link(middle, [original]).events["DerivativeLinked"]["vector"])
    parent = (middle, licensed.again(middle, platform))
    wrong = [b"", vector[:-1] + bytes([vector[-1] ^ 1]), vector + vector, entry(middle, SHARE)]

    for forged in wrong:
        with refused("VectorMismatch", middle):
            link(child, [parent], vectors=[forged])
    link(child, [parent], vectors=[vector])


def test_a_work_without_parents_has_no_vector_to_give(licensed, derivative, link):
    work, licence = licensed()

    with refused("VectorMismatch", work):
        link(derivative(), [(work, licence)], vectors=[entry(1, 1)])


def test_the_licence_is_the_callers_own(licensed, derivative, link, customer):
    work, licence = licensed(holder=customer)

    with refused("LicenceUnfit", licence, work):
        link(derivative(), [(work, licence)])


def test_the_licence_is_for_that_parent(licensed, derivative, link):
    (work, _), (_, other_licence) = licensed(), licensed()

    with refused("LicenceUnfit", other_licence, work):
        link(derivative(), [(work, other_licence)])


@pytest.mark.parametrize("tier", [Tier.TRAINING, Tier.DISTRIBUTION])
def test_the_licence_is_for_generation(
    register_work, grant, take_licence, stablecoin, derivative, link, customer, platform, tier
):
    work = register_work(customer)
    terms = Terms(tier, stablecoin.address, price=0)
    grant(customer, work, terms)
    licence = take_licence(platform, work, terms, stablecoin)

    with refused("LicenceUnfit", licence, work):
        link(derivative(), [(work, licence)])


def test_the_licence_still_runs(licensed, derivative, link, devnet, mine_at):
    work, licence = licensed(duration_seconds=DAY)
    child = derivative()
    mine_at(devnet[-1]["timestamp"] + DAY)

    with refused("LicenceUnfit", licence, work):
        link(child, [(work, licence)])


def test_a_licence_nobody_took_links_nothing(licensed, derivative, link):
    work, _ = licensed()

    with refused("LicenceUnfit", 99, work):
        link(derivative(), [(work, 99)])


def test_parents_together_take_at_most_half(licensed, derivative, link):
    half, one_more = licensed(share=SCALE // 2), licensed(share=1)
    child = derivative()

    with refused("StackTooLarge", SCALE // 2 + 1):
        link(child, [half, one_more])
    link(child, [half])


def test_a_chain_of_more_than_thirty_two_links_is_refused(licensed, derivative, link, platform):
    parent, vector = licensed(share=SCALE // 2), b""
    for _ in range(MOST_DEPTH):
        child = derivative()
        vector = link(child, [parent], [vector]).events["DerivativeLinked"]["vector"]
        parent = (child, licensed.again(child, platform))

    with refused("TooDeep", MOST_DEPTH + 1):
        link(derivative(), [parent], [vector])


def test_licences_withdrawn_from_consent_still_link(consents, licensed, derivative, link, customer):
    work, licence = licensed()
    consents.withdrawConsent(work, Tier.GENERATION, by(customer))

    link(derivative(), [(work, licence)])


def test_a_community_links_its_own_derivatives(
    found_community, register_work, licensed, link, steward, platform
):
    parent = licensed(holder=steward)
    child = register_work(steward, found_community(steward), WorkKind.DERIVATIVE)

    with refused("NotController", child, platform):
        link(child, [parent])
    link(child, [parent], sender=steward)
