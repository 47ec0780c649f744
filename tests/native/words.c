/* Every operation of a word in lanes, for tests/test_words.py to compare what a CPU has with word_emulated.h: `in` holds
 * vectors of eight words, of which the first LANES count; n is a count or a mask. */
#include "machine.h"
#include "machine_call.h"

enum { ROW = 8 };

static word vector(const u64 *in, int i) { return w_load(in + ROW * i); }

/* Any number of vectors, and then as many numbers. */
static void arithmetic(u64 *out, const u64 *in, u32 n) {
    word a = vector(in, 0), b = vector(in, 1), c = vector(in, 2);
    const word results[] = {w_zero(),
                            w_set1(in[0]),
                            w_add(a, b),
                            w_sub(a, b),
                            w_and(a, b),
                            w_or(a, b),
                            w_choose(a, b, c),
                            w_shr_by(a, n),
                            w_shl_by(a, n),
                            w_madd_lo(c, a, b),
                            w_madd_hi(c, a, b),
                            w_mul_small(w_and(a, w_set1(0xffff)), 0x1000003D1),
                            w_select(n & MASK_ALL, a, b),
                            w_swap_lanes(a, 1),
                            w_swap_lanes(a, 2),
                            w_swap_lanes(a, LANES / 2)};
    const size_t count = sizeof results / sizeof *results;
    for (size_t i = 0; i < count; i++) w_store(out + ROW * i, results[i]);
    u64 *scalars = out + ROW * count;
    scalars[0] = w_is_zero(a);
    scalars[1] = w_less(a, b);
    scalars[2] = w_bit0(a);
    scalars[3] = w_first(a);
}

static void shifts(u64 *out, const u64 *in) {
    word a = vector(in, 0), b = vector(in, 1);
    const word results[] = {
        w_shr(a, 1),           w_shr(a, 12),           w_shr(a, 52),           w_shr(a, 63),
        w_shl(a, 1),           w_shl(a, 16),           w_shl(a, 52),           w_shl(a, 63),
        w_sar(a, 1),           w_sar(a, 12),           w_sar(a, 52),           w_sar(a, 63),
        w_funnel_shr(a, b, 1), w_funnel_shr(a, b, 28), w_funnel_shr(a, b, 52), w_funnel_shr(a, b, 63)};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) w_store(out + ROW * i, results[i]);
}

static void memory(u64 *out, const u64 *in, const u64 *offset, size_t stride) {
    word r[8];
    w_load8(r, in, offset);
    w_transpose(r);
    for (int i = 0; i < 8; i++) w_store(out + ROW * i, r[i]);
    w_load4(r, in, stride);
    w_store4(out + 64, stride, r);
    w_load8(r, in, offset);
    w_store8(out + 64 + 8 * stride, stride, r);
}

void native_words_arithmetic(u64 *out, const u64 *in, u32 n) { MACHINE_CALL(arithmetic(out, in, n)); }
void native_words_shifts(u64 *out, const u64 *in) { MACHINE_CALL(shifts(out, in)); }
void native_words_memory(u64 *out, const u64 *in, const u64 *offset, size_t stride) {
    MACHINE_CALL(memory(out, in, offset, stride));
}

#if defined(__x86_64__)
/* What a call over a word must give back as it was. */
u32 native_words_mode(void) {
    u32 mode;
    __asm__("stmxcsr %0" : "=m"(mode));
    return mode;
}
#endif

MACHINE_END
