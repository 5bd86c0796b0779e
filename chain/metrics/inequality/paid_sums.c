/* Every sum that inequality is measured from, in one pass over amounts in ascending order.
 *
 * Whole sums are exact in 128 bits and more; sums of floats carry what each addition lost (Knuth's
 * two-sum), in eight lanes whatever the processor's width, so that every width comes to the same
 * bits. Little-endian only: the caller checks. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 8, TERMS = 6 };

typedef unsigned __int128 wide;

/* Sum of the amounts, of rank times amount (from 1), and of squares: 128 bits each, low word
 * first, and the squares' carries. With n below 2^31 nothing else can overflow. */
static void whole_sums(const uint64_t *amounts, size_t n, uint64_t out[7])
{
    wide total = 0, ranked = 0, squares = 0;
    uint64_t carries = 0;
    for (size_t i = 0; i < n; i++) {
        wide amount = amounts[i], square = amount * amounts[i];
        total += amount;
        ranked += amount * (i + 1);
        squares += square;
        carries += squares < square;
    }
    wide sums[3] = {total, ranked, squares};
    memcpy(out, sums, sizeof sums);
    out[6] = carries;
}

typedef double numbers __attribute__((vector_size(8 * LANES)));
typedef uint64_t words __attribute__((vector_size(8 * LANES)));

struct compensated {
    numbers sum, lost;
};

/* Eight amounts, scaled, to six terms each; see PaidSums and MeanSums in sums.py for what they are.
 * Inlined into a function for each set of instructions. */
static inline __attribute__((always_inline)) void
float_sums(const uint64_t *amounts, size_t n, double scale, double *out)
{
    /* Taylor's series of 2 artanh(s) / s in the square of s: at |s| <= 0.1716 what is left out is
     * below 2^-60 of the whole. */
    static const double series[11] = {2.0,     2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,
                                      2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
    /* The upper half of ln 2 with room for an exponent, and the rest. */
    const double ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
    const double two_52 = 0x1p52;
    const words two_52_bits = (words){} + 0x4330000000000000u;
    struct compensated sums[TERMS];
    memset(sums, 0, sizeof sums);
    for (size_t at = 0; at < n; at += LANES) {
        words whole, used;
        if (n - at >= LANES) {
            memcpy(&whole, amounts + at, sizeof whole);
            used = (words){} - 1;
        } else {
            uint64_t some[LANES], all[LANES];
            for (size_t lane = 0; lane < LANES; lane++) {
                some[lane] = at + lane < n ? amounts[at + lane] : 1;
                all[lane] = at + lane < n ? ~(uint64_t)0 : 0;
            }
            memcpy(&whole, some, sizeof whole);
            memcpy(&used, all, sizeof used);
        }
        /* To floats by halves of 32 bits, each put into the fraction of 2^52: one rounding. */
        numbers high = (numbers)((whole >> 32) | two_52_bits) - two_52;
        numbers low = (numbers)((whole & 0xffffffffu) | two_52_bits) - two_52;
        numbers y = (high * 0x1p32 + low) * scale;

        /* y = 2^exponent * fraction, the fraction from about root(1/2) to root(2). */
        words bits = (words)y + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
        numbers exponent = (numbers)((bits >> 52) | two_52_bits) - (two_52 + 1023);
        numbers fraction = (numbers)((bits & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu);
        numbers s = (fraction - 1.0) / (fraction + 1.0), square = s * s;
        numbers polynomial = (numbers){} + series[10];
        for (int k = 9; k >= 0; k--)
            polynomial = polynomial * square + series[k];
        numbers ln_y = exponent * ln2_high + (exponent * ln2_low + s * polynomial);

        numbers root;
        for (size_t lane = 0; lane < LANES; lane++)
            root[lane] = __builtin_sqrt(y[lane]);
        numbers y_ln_y = y * ln_y, off = 1.0 - y, root_off = 1.0 - root;
        const words magnitude = (words){} + 0x7fffffffffffffffu;
        numbers terms[TERMS] = {
            y_ln_y - y + 1.0,
            y - 1.0 - ln_y,
            root_off * root_off,
            off * off / y,
            (numbers)((words)y_ln_y & magnitude),
            (numbers)((words)ln_y & magnitude),
        };
        for (int k = 0; k < TERMS; k++) {
            numbers term = (numbers)((words)terms[k] & used);
            numbers sum = sums[k].sum + term, part = sum - sums[k].sum;
            sums[k].lost += (sums[k].sum - (sum - part)) + (term - part);
            sums[k].sum = sum;
        }
    }
    memcpy(out, sums, sizeof sums);
}

#ifdef __x86_64__
__attribute__((target("avx512f,avx512dq"))) static void
float_sums_512(const uint64_t *amounts, size_t n, double scale, double *out)
{
    float_sums(amounts, n, scale, out);
}

__attribute__((target("avx2"))) static void float_sums_256(const uint64_t *amounts, size_t n,
                                                           double scale, double *out)
{
    float_sums(amounts, n, scale, out);
}
#endif

/* `whole` has room for 7 words; `floats` for 6 sums, each 8 lanes and what they lost, 8 lanes. */
void antiphon_paid_sums(const uint64_t *amounts, size_t n, double scale, uint64_t *whole, double *floats)
{
    whole_sums(amounts, n, whole);
#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512dq")) {
        float_sums_512(amounts, n, scale, floats);
        return;
    }
    if (__builtin_cpu_supports("avx2")) {
        float_sums_256(amounts, n, scale, floats);
        return;
    }
#endif
    float_sums(amounts, n, scale, floats);
}
