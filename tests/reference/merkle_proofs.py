"""Inclusion and consistency proofs of Merkle trees, straight from their definitions."""

from collections.abc import Sequence

from reference.merkle import Hash, rfc6962_root, rlp_index


def rfc6962_path(
    leaves: Sequence[bytes], i: int, hash: Hash, prefixes: tuple[bytes, bytes]
) -> list[bytes]:
    """RFC 6962 section 2.1.1: PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    near, far, inside = (leaves[:k], leaves[k:], i) if i < k else (leaves[k:], leaves[:k], i - k)
    return [*rfc6962_path(near, inside, hash, prefixes), rfc6962_root(far, hash, *prefixes)]


def rfc6962_verify(
    root: bytes, leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], node: Hash
) -> bool:
    """RFC 9162 section 2.1.3.2. node: of left || right."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf_hash
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p + r)
            if not fn & 1:
                while not (fn & 1 or fn == 0):
                    fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r + p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def full_verify(
    root: bytes, leaf: bytes, index: int, size: int, path: Sequence[bytes], node: Hash
) -> bool:
    """A binary tree in which every node has a neighbour: Bitcoin's, SSZ's up to its limit."""
    if index >= size or len(path) != (size - 1).bit_length():
        return False
    for p in path:
        leaf = node(p + leaf) if index & 1 else node(leaf + p)
        index >>= 1
    return leaf == root


def fisco_verify(
    root: bytes, leaf: bytes, index: int, size: int, path: Sequence[bytes], hash: Hash, width: int
) -> bool:
    """Level by level, as calculateMerkleProofRoot (width 16) and generateMerkle (width 2) hash."""
    if index >= size:
        return False
    path, level = list(path), 0

    def form(node: bytes, number: int) -> bytes:
        return rlp_index(number) + node if width == 16 and level == 0 else node

    while size > 1:
        first = index - index % width
        group = range(first, min(first + width, size))
        if len(path) < len(group) - 1:
            return False
        parts = [form(leaf if j == index else path.pop(0), j) for j in group]
        leaf = hash(b"".join(parts))
        index, size, level = index // width, -(-size // width), level + 1
    if width == 16:
        leaf = hash(form(leaf, 0))
    return not path and leaf == root


def sorted_verify(root: bytes, leaf: bytes, path: Sequence[bytes], hash: Hash) -> bool:
    """OpenZeppelin's MerkleProof.sol: processProof."""
    for p in path:
        leaf = hash(min(leaf, p) + max(leaf, p))
    return leaf == root


def rfc6962_consistency(leaves: Sequence[bytes], m: int) -> list[bytes]:
    """RFC 6962 section 2.1.2: PROOF(m, D[n])."""
    return _subproof(leaves, m, True)


def _subproof(leaves: Sequence[bytes], m: int, is_old_root: bool) -> list[bytes]:
    n = len(leaves)
    if m == n:
        return [] if is_old_root else [rfc6962_root(leaves)]
    k = 1
    while 2 * k < n:
        k *= 2
    if m <= k:
        return [*_subproof(leaves[:k], m, is_old_root), rfc6962_root(leaves[k:])]
    return [*_subproof(leaves[k:], m - k, False), rfc6962_root(leaves[:k])]


def rfc9162_consistency_verify(
    first_root: bytes,
    second_root: bytes,
    path: Sequence[bytes],
    first: int,
    second: int,
    node: Hash,
) -> bool:
    """RFC 9162 section 2.1.4.2, and equal trees with an empty proof."""
    if first == second > 0:
        return not path and first_root == second_root
    if not 0 < first < second or not path:
        return False
    path = list(path)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c + fr), node(c + sr)
            if not fn & 1:
                while not (fn & 1 or fn == 0):
                    fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr + c)
        fn, sn = fn >> 1, sn >> 1
    return fr == first_root and sr == second_root and sn == 0
