/* One width of the hash; keccak_lanes.c includes this once for each, with LANES, TARGET and NAMED
 * defined: messages hashed at a time, the instructions allowed, and how to name the functions. */

typedef uint64_t NAMED(word) __attribute__((vector_size(8 * LANES)));

#define ROTATED(x, n) (((x) << (n)) | ((x) >> (64 - (n))))

/* Keccak-f[1600]: theta, then rho and pi along the one cycle that pi is, then chi and iota. */
TARGET static void NAMED(permute)(NAMED(word) a[25])
{
    for (int round = 0; round < 24; round++) {
        NAMED(word) sums[5];
#pragma GCC unroll 5
        for (int x = 0; x < 5; x++)
            sums[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 5
        for (int x = 0; x < 5; x++) {
            NAMED(word) change = sums[(x + 4) % 5] ^ ROTATED(sums[(x + 1) % 5], 1);
#pragma GCC unroll 5
            for (int y = 0; y < 25; y += 5)
                a[x + y] ^= change;
        }
        NAMED(word) moving = a[1];
#pragma GCC unroll 24
        for (int step = 0; step < 24; step++) {
            NAMED(word) displaced = a[GOES_TO[step]];
            a[GOES_TO[step]] = ROTATED(moving, TURNS[step]);
            moving = displaced;
        }
#pragma GCC unroll 5
        for (int y = 0; y < 25; y += 5) {
            NAMED(word) first = a[y], second = a[y + 1];
            a[y] ^= ~second & a[y + 2];
            a[y + 1] ^= ~a[y + 2] & a[y + 3];
            a[y + 2] ^= ~a[y + 3] & a[y + 4];
            a[y + 3] ^= ~a[y + 4] & first;
            a[y + 4] ^= ~first & second;
        }
        a[0] ^= ROUND_CONSTANTS[round];
    }
}

TARGET static void NAMED(absorb)(NAMED(word) state[25], uint64_t block[RATE_WORDS][LANES])
{
    for (int k = 0; k < RATE_WORDS; k++) {
        NAMED(word) words;
        memcpy(&words, block[k], sizeof words);
        state[k] ^= words;
    }
    NAMED(permute)(state);
}

TARGET static void NAMED(write)(const NAMED(word) state[25], size_t used, uint8_t *out, size_t stride)
{
    for (size_t lane = 0; lane < used; lane++)
        for (int k = 0; k < DIGEST_WORDS; k++) {
            uint64_t word = state[k][lane];
            memcpy(out + lane * stride + 8 * k, &word, 8);
        }
}

/* Up to LANES messages; lanes beyond `used` hash zeros that nobody reads. */
TARGET static void NAMED(hash_some)(const uint8_t *in, size_t in_stride, size_t length, size_t used,
                                    uint8_t *out, size_t out_stride)
{
    NAMED(word) state[25];
    uint64_t block[RATE_WORDS][LANES];
    size_t at = 0;
    memset(state, 0, sizeof state);
    memset(block, 0, sizeof block);
    for (; length - at >= RATE_BYTES; at += RATE_BYTES) {
        for (size_t lane = 0; lane < used; lane++)
            for (int k = 0; k < RATE_WORDS; k++)
                memcpy(&block[k][lane], in + lane * in_stride + at + 8 * k, 8);
        NAMED(absorb)(state, block);
    }
    size_t whole = (length - at) / 8, rest = (length - at) % 8;
    memset(block, 0, sizeof block);
    for (size_t lane = 0; lane < used; lane++) {
        const uint8_t *tail = in + lane * in_stride + at;
        for (size_t k = 0; k < whole; k++)
            memcpy(&block[k][lane], tail + 8 * k, 8);
        uint64_t last = (uint64_t)1 << (8 * rest);
        for (size_t i = 0; i < rest; i++)
            last |= (uint64_t)tail[8 * whole + i] << (8 * i);
        block[whole][lane] = last;
        block[RATE_WORDS - 1][lane] ^= (uint64_t)1 << 63;
    }
    NAMED(absorb)(state, block);
    NAMED(write)(state, used, out, out_stride);
}

TARGET static void NAMED(hash_pairs)(const uint8_t *in, size_t used, uint8_t *out)
{
    NAMED(word) state[25];
    uint64_t block[RATE_WORDS][LANES];
    memset(state, 0, sizeof state);
    memset(block, 0, sizeof block);
    for (size_t lane = 0; lane < used; lane++) {
        const uint8_t *left = in + 64 * lane, *right = left + 32;
        int swap = is_greater(left, right);
        for (int k = 0; k < DIGEST_WORDS; k++) {
            memcpy(&block[k][lane], (swap ? right : left) + 8 * k, 8);
            memcpy(&block[k + DIGEST_WORDS][lane], (swap ? left : right) + 8 * k, 8);
        }
        block[2 * DIGEST_WORDS][lane] = 1;
        block[RATE_WORDS - 1][lane] = (uint64_t)1 << 63;
    }
    NAMED(absorb)(state, block);
    NAMED(write)(state, used, out, 32);
}

#undef ROTATED
