/* What every machine's field does, for the tests: one function an operation, on fe as they lie in memory. Included after the
 * machine. */

/* alias: the input (1, 2, ...) that the result shares its object with; 0: none */
#define OPERATION(name, call) \
    void native_##name(void *out, const void *in, int count, int alias) { \
        fe x[12], *r = &x[alias]; \
        memset(x, 0, sizeof x); \
        memcpy(x + 1, in, (size_t)count * sizeof(fe)); \
        call; \
        memcpy(out, r, sizeof(fe)); \
    }
#define A (&x[1])
#define B (&x[2])

OPERATION(zero, fe_zero(r))
OPERATION(one, fe_one(r))
OPERATION(mul, fe_mul(r, A, B))
OPERATION(sqr, fe_sqr(r, A))
OPERATION(add, fe_add(r, A, B))
OPERATION(sub, fe_sub(r, A, B))
OPERATION(neg, fe_neg(r, A))
OPERATION(weak, fe_weak(r, A))
OPERATION(normalize, fe_normalize(r, A))

int native_lanes(void) { return LANES; }
int native_size(void) { return (int)sizeof(fe); }

u32 native_is_zero(const void *in) {
    fe a;
    memcpy(&a, in, sizeof a);
    return fe_is_zero(&a);
}

u32 native_is_odd(const void *in) {
    fe a;
    memcpy(&a, in, sizeof a);
    return fe_is_odd(&a);
}

void native_first(u64 *words, const void *in) {
    fe a;
    memcpy(&a, in, sizeof a);
    fe_first(words, &a);
}
