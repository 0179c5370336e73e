"""The tree against the published vectors, an independent implementation and its own laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from hub.audit.merkle import Tree, pack, page_digest, unpack
from hub.audit.verify import (
    Frontier,
    consistency_holds,
    inclusion_holds,
    leaf_hash,
    spans,
)

# Inputs and roots of the reference tests of Certificate Transparency (RFC 6962, 2.1).
CT_INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def entries_of(count: int) -> list[bytes]:
    return [f"entry {i}".encode() for i in range(count)]


def tree_of(count: int) -> Tree:
    return Tree(leaf_hash(entry) for entry in entries_of(count))


@pytest.mark.parametrize("size", range(1, 9))
def test_root_equals_the_published_vector(size: int) -> None:
    """The first ``size`` inputs of the reference tests give the published root."""
    leaves = [leaf_hash(entry) for entry in CT_INPUTS[:size]]

    assert Frontier().extend(leaves).root().hex() == CT_ROOTS[size - 1]
    assert Tree(leaves).root(size).hex() == CT_ROOTS[size - 1]


def test_root_of_nothing_is_the_hash_of_the_empty_string() -> None:
    """RFC 6962, 2.1: MTH({}) = SHA-256()."""
    assert Frontier().root().hex() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=80), st.data())
def test_root_and_inclusion_path_equal_those_of_an_independent_implementation(
    entries: list[bytes], data: st.DataObject
) -> None:
    """pymerkle, written by others, gives the same root and the same inclusion path."""
    oracle = InmemoryTree(algorithm="sha256")
    for entry in entries:
        oracle.append_entry(entry)
    tree, size = Tree(leaf_hash(entry) for entry in entries), len(entries)
    index = data.draw(st.integers(0, size - 1))

    theirs = oracle.prove_inclusion(index + 1, size)

    assert tree.root(size) == oracle.get_root()
    assert tree.inclusion(index, size) == theirs.path[1:]
    assert theirs.path[0] == leaf_hash(entries[index])


@given(st.lists(st.integers(0, 40), max_size=8))
def test_appending_in_any_groups_gives_the_same_tree(groups: list[int]) -> None:
    """However the sequencer groups the leaves, frontier and root are those of one append."""
    leaves = [leaf_hash(entry) for entry in entries_of(sum(groups))]
    frontier, done = Frontier(), 0

    for count in groups:
        frontier = frontier.extend(leaves[done : done + count])
        done += count

    assert frontier == Frontier().extend(leaves)
    assert frontier.root() == Tree(leaves).root(len(leaves))
    assert unpack(frontier.size, pack(frontier)) == frontier


@given(st.integers(0, 70), st.integers(0, 70), st.integers(0, 70))
def test_a_range_and_the_subtrees_around_it_give_the_root(a: int, b: int, c: int) -> None:
    """Subtrees left and right of a range stand for the entries that a range export leaves out."""
    first, end, size = sorted((a, b, c))
    tree = tree_of(size)
    leaves = [leaf_hash(entry) for entry in entries_of(size)]

    frontier = Frontier()
    for (level, _), node in zip(spans(0, first), tree.nodes(0, first), strict=True):
        frontier = frontier.extend([node], level)
    frontier = frontier.extend(leaves[first:end])
    for (level, _), node in zip(spans(end, size), tree.nodes(end, size), strict=True):
        frontier = frontier.extend([node], level)

    assert frontier == Frontier().extend(leaves)


@given(st.integers(1, 70), st.data())
def test_inclusion_proof_holds_for_its_entry_and_for_no_other(
    size: int, data: st.DataObject
) -> None:
    """The proof of one entry verifies, and fails for another entry, index, size or root."""
    tree, root = tree_of(size), tree_of(size).root(size)
    index = data.draw(st.integers(0, size - 1))
    other = (index + data.draw(st.integers(1, size))) % (size + 1)
    proof, entry = tree.inclusion(index, size), entries_of(size)[index]

    assert inclusion_holds(entry, index, size, proof, root)
    assert not inclusion_holds(b"forged", index, size, proof, root)
    assert not inclusion_holds(entry, other, size, proof, root)
    assert not inclusion_holds(entry, index, size, proof, leaf_hash(b""))
    assert not inclusion_holds(entry, index, size, [*proof, root], root)


@given(st.integers(1, 70), st.integers(1, 70), st.data())
def test_consistency_proof_holds_only_between_its_own_trees(
    a: int, b: int, data: st.DataObject
) -> None:
    """A tree proves that it continues an older one, and can't for a root it never had."""
    old, new = sorted((a, b))
    tree = tree_of(new)
    proof = tree.consistency(old, new)
    forged = data.draw(st.binary(min_size=32, max_size=32))

    assert consistency_holds((old, tree.root(old)), (new, tree.root(new)), proof)
    assert not consistency_holds((old, forged), (new, tree.root(new)), proof)
    assert not consistency_holds((old, tree.root(old)), (new, forged), proof)
    assert not consistency_holds((old, tree.root(old)), (new, tree.root(new)), [*proof, forged])


@given(st.integers(2, 70), st.data())
def test_any_flipped_bit_of_a_proof_is_noticed(size: int, data: st.DataObject) -> None:
    """No single bit of an inclusion or consistency proof is without effect."""
    tree = tree_of(size)
    old = data.draw(st.integers(1, size - 1))
    inclusion, consistency = tree.inclusion(old, size), tree.consistency(old, size)

    for proof in (inclusion, consistency):
        place = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        proof[place] = (int.from_bytes(proof[place]) ^ 1 << bit).to_bytes(32)

    ends = (old, tree.root(old)), (size, tree.root(size))
    assert not inclusion_holds(entries_of(size)[old], old, size, inclusion, tree.root(size))
    assert not consistency_holds(*ends, consistency)


def test_an_unfitting_frontier_is_refused() -> None:
    """A frontier cut short in the database is noticed when it is read."""
    with pytest.raises(ValueError, match="2 peaks"):
        unpack(3, b"\0" * 32)


def test_page_digest_depends_on_every_row_its_order_and_the_key() -> None:
    """Changing one row, the order or the key changes the digest of the page."""
    rows = [(b"1", b"a" * 32), (b"2", b"b" * 32)]

    digests = {
        page_digest(b"key", rows),
        page_digest(b"key", rows[::-1]),
        page_digest(b"other", rows),
        page_digest(b"key", [rows[0], (b"2", b"c" * 32)]),
    }

    assert len(digests) == 4
