"""Who signed: secp256k1 signatures of 65 bytes (r, s, v), checked against accounts.

An account is the last 20 bytes of keccak256 of its public key. The first signature of an account
gives its key away (SEC 1, 4.1.6); the others are checked with tables of that key's multiples, all
at once, so that ten thousand take seconds. High s is refused (EIP-2).
"""

from __future__ import annotations

from keccak import keccak256

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
WINDOW = 8  # bits of a scalar that one step through a table takes
FEW = 4  # for fewer signatures of one account a table does not pay
Point = tuple[int, int] | None  # None is the point at infinity
Claim = tuple[bytes, bytes, bytes]  # account, digest, signature


def add_each(left: list[Point], right: list[Point]) -> list[Point]:
    """Sums pair by pair, with one inversion for all of them (Montgomery's trick)."""
    sums: list[Point] = []
    slopes, product = [], 1
    for i, (a, b) in enumerate(zip(left, right, strict=True)):
        sums.append(b if a is None else a)
        if a is None or b is None:
            continue
        if a[0] != b[0]:
            over, under = b[1] - a[1], b[0] - a[0]
        elif a[1] == b[1]:
            over, under = 3 * a[0] * a[0], 2 * a[1]
        else:
            sums[i] = None
            continue
        slopes.append((i, a, b[0], over, under, product))
        product = product * under % P
    inverse = pow(product, -1, P)
    for i, a, bx, over, under, before in reversed(slopes):
        slope = over * (inverse * before % P) % P
        inverse = inverse * under % P
        x = (slope * slope - a[0] - bx) % P
        sums[i] = (x, (slope * (a[0] - x) - a[1]) % P)
    return sums


def _table(point: Point) -> list[list[Point]]:
    """Row w has the multiples 0 to 2^WINDOW - 1 of 2^(WINDOW * w) times the point."""
    bases: list[Point] = [point]
    while len(bases) < 256 // WINDOW:
        base = [bases[-1]]
        for _ in range(WINDOW):
            base = add_each(base, base)
        bases += base
    columns: list[list[Point]] = [[None] * len(bases), bases]
    while len(columns) < 1 << WINDOW:
        columns.append(add_each(columns[-1], bases))
    return [list(row) for row in zip(*columns, strict=True)]


def _multiples(table: list[list[Point]], scalars: list[int], sums: list[Point]) -> list[Point]:
    for w, row in enumerate(table):
        digits = [scalar >> WINDOW * w & (1 << WINDOW) - 1 for scalar in scalars]
        sums = add_each(sums, [row[digit] for digit in digits])
    return sums


def _parts(digest: bytes, signature: bytes) -> tuple[int, int, int, int] | None:
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not 0 < r < N or not 0 < s <= N // 2:
        return None
    return int.from_bytes(digest, "big"), r, s, signature[64] - 27


class Checker:
    """Checks claims; remembers the tables of what it has met."""

    def __init__(self) -> None:
        self._base = _table(G)

    def holds(self, claims: list[Claim]) -> list[bool]:
        """Whether each claim's account signed its digest."""
        results = [False] * len(claims)
        by_account: dict[bytes, list[int]] = {}
        for i, (account, _, _) in enumerate(claims):
            by_account.setdefault(account, []).append(i)
        for account, places in by_account.items():
            key, waiting = None, list(places)
            while waiting and (key is None or len(waiting) <= FEW):
                i = waiting.pop(0)
                found = self._recover(claims[i][1], claims[i][2])
                results[i] = found is not None and _account(found) == account
                key = found if results[i] else key
            if waiting:
                for i, good in zip(waiting, self._verify(key, claims, waiting), strict=True):
                    results[i] = good
        return results

    def _recover(self, digest: bytes, signature: bytes) -> Point:
        parts = _parts(digest, signature)
        if parts is None:
            return None
        z, r, s, odd = parts
        square = (pow(r, 3, P) + 7) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P != square:
            return None
        inverse = pow(r, -1, N)
        total = _multiples(self._base, [-z * inverse % N], [None])
        power: list[Point] = [(r, y if y & 1 == odd else P - y)]
        scalar = s * inverse % N
        while scalar:
            if scalar & 1:
                total = add_each(total, power)
            power, scalar = add_each(power, power), scalar >> 1
        return total[0]

    def _verify(self, key: Point, claims: list[Claim], places: list[int]) -> list[bool]:
        parts = [_parts(claims[i][1], claims[i][2]) for i in places]
        sound = [part for part in parts if part is not None]
        inverses = [pow(s, -1, N) for _, _, s, _ in sound]
        pairs = list(zip(sound, inverses, strict=True))
        sums = _multiples(self._base, [p[0] * i % N for p, i in pairs], [None] * len(pairs))
        sums = _multiples(_table(key), [p[1] * i % N for p, i in pairs], sums)
        good = iter(
            found is not None and found[0] == r and found[1] & 1 == odd
            for (_, r, _, odd), found in zip(sound, sums, strict=True)
        )
        return [part is not None and next(good) for part in parts]


def _account(point: Point) -> bytes:
    assert point is not None
    digest: bytes = keccak256(point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))
    return digest[12:]
