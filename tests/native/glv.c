/* The GLV split (secp256k1) and the windows, for tests/test_glv.py; with -DLIMBS_32 in 32-bit words. */
#include "machine.h"

#if CURVE_HALVES == 2
#include "scalar/glv_secp256k1.inc"
#endif
#include "scalar/recode.inc"

int native_lanes(void) { return LANES; }
int native_limb_bits(void) { return LIMB_BITS; }

#if CURVE_HALVES == 2
static void words(u64 *out, const limb *a, int n64) {
    for (int i = 0; i < n64; i++) out[i] = limbs_word(a, i);
}

/* g1, g2 (4 words each), a1 (2), a2 (3), -b1 (2), then the biases of v (3) and u (5) */
void native_constants(u64 *out) {
    words(out, GLV_G1, 4);
    words(out + 4, GLV_G2, 4);
    words(out + 8, GLV_A1, 2);
    words(out + 10, GLV_A2, 3);
    words(out + 13, GLV_MINUS_B1, 2);
    words(out + 15, RECODE_BIAS_V, 3);
    words(out + 18, RECODE_BIAS_U, 5);
}

/* k1, k2 of n scalars, three words each, two's complement */
void native_split(u64 *out, size_t n, const u64 *v) {
    for (size_t i = 0; i < n; i++) {
        limb k[2][LIMBS(192)], scalar[LIMBS(256)];
        limbs_from_words(scalar, v + 4 * i, 4);
        glv_split(k[0], k[1], scalar);
        words(out + 6 * i, k[0], 3);
        words(out + 6 * i + 3, k[1], 3);
    }
}
#endif

/* How many doublings follow on digit j + 1 of v. */
int native_doublings(int j) { return doublings_v(j); }

/* WINDOW_V, WINDOWS_V, WINDOW_U, WINDOWS_U */
void native_windows(int *out) { out[0] = WINDOW_V, out[1] = WINDOWS_V, out[2] = WINDOW_U, out[3] = WINDOWS_U; }

static void digit_store(u64 *entries, u32 *masks, digit d) {
    w_store(entries, d.entry);
    masks[0] = d.negative;
    masks[1] = d.live;
}

/* All digits of LANES pairs (u, v): the windows of k1, then of k2 (or of v), then of u; each LANES entries and two masks. */
void native_digits(u64 *entries, u32 *masks, const u64 *u, const u64 *v) {
    digits d;
    for (int l = 0; l < LANES; l++) recode(&d, l, u + 4 * l, v + 4 * l);
    for (u32 half = 0; half < CURVE_HALVES; half++)
        for (u32 j = 0; j < WINDOWS_V; j++, entries += LANES, masks += 2)
            digit_store(entries, masks, digit_v(d.v[half], j));
    for (u32 j = 0; j < WINDOWS_U; j++, entries += LANES, masks += 2)
        digit_store(entries, masks, digit_at(d.u, j, WINDOW_U));
}

MACHINE_END
