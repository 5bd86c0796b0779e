/* Keccak-256 (as the EVM pads it) of many messages of one length, one message per vector lane.
 *
 * Three widths are compiled, each with the instructions it needs; the widest that the processor at
 * hand knows is chosen when called, so a library built on one machine runs on any of its kind.
 * Little-endian only: the caller checks. Source of the permutation: FIPS 202, 3.2. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { RATE_BYTES = 136, RATE_WORDS = 17, DIGEST_WORDS = 4 };

static const uint64_t ROUND_CONSTANTS[24] = {
    0x0000000000000001u, 0x0000000000008082u, 0x800000000000808au, 0x8000000080008000u,
    0x000000000000808bu, 0x0000000080000001u, 0x8000000080008081u, 0x8000000000008009u,
    0x000000000000008au, 0x0000000000000088u, 0x0000000080008009u, 0x000000008000000au,
    0x000000008000808bu, 0x800000000000008bu, 0x8000000000008089u, 0x8000000000008003u,
    0x8000000000008002u, 0x8000000000000080u, 0x000000000000800au, 0x800000008000000au,
    0x8000000080008081u, 0x8000000000008080u, 0x0000000080000001u, 0x8000000080008008u,
};

/* Pi moves every word but the first along one cycle, from word 1: where each step goes, and by how
 * many bits rho turns what arrives there. */
static const int GOES_TO[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
static const int TURNS[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                              27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

static int is_greater(const uint8_t *left, const uint8_t *right)
{
    for (int k = 0; k < DIGEST_WORDS; k++) {
        uint64_t l, r;
        memcpy(&l, left + 8 * k, 8);
        memcpy(&r, right + 8 * k, 8);
        if (l != r)
            return __builtin_bswap64(l) > __builtin_bswap64(r);
    }
    return 0;
}

#define LANES 2
#define TARGET
#define NAMED(name) name##_2
#include "keccak_lanes.h"
#undef LANES
#undef TARGET
#undef NAMED

#ifdef __x86_64__
#define LANES 4
#define TARGET __attribute__((target("avx2")))
#define NAMED(name) name##_4
#include "keccak_lanes.h"
#undef LANES
#undef TARGET
#undef NAMED

#define LANES 8
#define TARGET __attribute__((target("avx512f")))
#define NAMED(name) name##_8
#include "keccak_lanes.h"
#undef LANES
#undef TARGET
#undef NAMED
#endif

typedef void hash_some_t(const uint8_t *, size_t, size_t, size_t, uint8_t *, size_t);
typedef void hash_pairs_t(const uint8_t *, size_t, uint8_t *);

/* How many messages are hashed at a time here: the widest that the processor knows. */
int antiphon_lanes(void)
{
#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return 8;
    if (__builtin_cpu_supports("avx2"))
        return 4;
#endif
    return 2;
}

/* n messages of `length` bytes, `in_stride` bytes apart, to n digests, `out_stride` bytes apart.
 * `lanes` is what antiphon_lanes returned, or less. */
void antiphon_keccak256(size_t lanes, const uint8_t *in, size_t in_stride, size_t length, uint8_t *out,
                        size_t out_stride, size_t n)
{
    hash_some_t *hash_some = hash_some_2;
#ifdef __x86_64__
    if (lanes == 8)
        hash_some = hash_some_8;
    else if (lanes == 4)
        hash_some = hash_some_4;
#endif
    for (size_t i = 0; i < n; i += lanes)
        hash_some(in + i * in_stride, in_stride, length, n - i < lanes ? n - i : lanes,
                  out + i * out_stride, out_stride);
}

/* n pairs of digests, 64 bytes each, to n digests: keccak256 of the smaller, then the larger. */
void antiphon_keccak256_pairs(size_t lanes, const uint8_t *in, uint8_t *out, size_t n)
{
    hash_pairs_t *hash_pairs = hash_pairs_2;
#ifdef __x86_64__
    if (lanes == 8)
        hash_pairs = hash_pairs_8;
    else if (lanes == 4)
        hash_pairs = hash_pairs_4;
#endif
    for (size_t i = 0; i < n; i += lanes)
        hash_pairs(in + 64 * i, n - i < lanes ? n - i : lanes, out + 32 * i);
}
