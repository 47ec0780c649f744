#include "dispatch.h"

#include <stdatomic.h>

#include "cpu.h"
#include "selftest.h"

#if defined(__x86_64__)
#define ON_X86_64(instance) (&(instance))
#else
#define ON_X86_64(instance) NULL
#endif

typedef struct {
    const char *name;
    enum vl_cpu_set needs;
    const vl_curve_ops *secp256k1, *p256;   /* NULL: as scalar */
    const vl_hash_ops *hash[VL_HASH_COUNT]; /* NULL: as scalar */
} isa_row;

#define HASHES_SCALAR \
    { \
        [VL_SHA256] = &vl_sha256_scalar, \
        [VL_SHA256D] = &vl_sha256d_scalar, \
        [VL_SHA512] = &vl_sha512_scalar, \
        [VL_SM3] = &vl_sm3_scalar, \
    }
#define HASHES_SHA_NI \
    { \
        [VL_SHA256] = ON_X86_64(vl_sha256_sha_ni), \
        [VL_SHA256D] = ON_X86_64(vl_sha256d_sha_ni), \
    }
#define HASHES_AVX512 \
    { \
        [VL_SHA256] = ON_X86_64(vl_sha256_avx512), \
        [VL_SHA256D] = ON_X86_64(vl_sha256d_avx512), \
        [VL_SHA512] = ON_X86_64(vl_sha512_avx512), \
        [VL_SM3] = ON_X86_64(vl_sm3_avx512), \
    }

static const isa_row rows[] = {
    [VL_ISA_SCALAR] = {"scalar", VL_CPU_BASE, &vl_secp256k1_scalar, &vl_p256_scalar, HASHES_SCALAR},
    [VL_ISA_PORTABLE] = {"portable", VL_CPU_BASE, &vl_secp256k1_portable, NULL, {NULL}},
    [VL_ISA_SHA_NI] = {"sha-ni", VL_CPU_SHA_NI, NULL, NULL, HASHES_SHA_NI},
    [VL_ISA_AVX512] = {"avx512", VL_CPU_AVX512, ON_X86_64(vl_secp256k1_avx512), ON_X86_64(vl_p256_avx512),
                       HASHES_AVX512},
};

enum { ISA_COUNT = sizeof rows / sizeof rows[0] };

/* What VL_ISA_AUTO tries, in this order: the first that works and pays for n items. Each list ends with scalar. */
typedef struct {
    int isa;
    size_t from; /* n */
} preference;

/* From how many signatures on eight lanes beat one. Zen 5, gcc 12, us per signature with 33-byte keys, scalar against
 * avx512: n = 1: 32.0, 30.9; n = 2: 27.9, 15.8; n = 8: 23.9, 4.0; n = 64: 24.5, 2.9. */
enum { AVX512_SIGNATURES_FROM = 2 };

static const preference for_signatures[] = {{VL_ISA_AVX512, AVX512_SIGNATURES_FROM}, {VL_ISA_SCALAR, 0}};

/* From so many hashes on, one pass of 16 lanes beats SHA-NI. Zen 5, gcc 12, ns: a pass of 16 lanes takes 284 for prefixed
 * nodes, 418 for double ones, 200 for leaves of 33 bytes; SHA-NI takes 267, 403 and 202 for eight, 322, 491 and 245 for
 * nine. In bulk, per compression: 8.9 in 16 lanes, 16.6 by SHA-NI, 150 in scalar code. */
enum { AVX512_SHA256_FROM = 9, AVX512_HASHES_FROM = 2 };

static const preference for_sha256[] = {{VL_ISA_AVX512, AVX512_SHA256_FROM}, {VL_ISA_SHA_NI, 0}, {VL_ISA_SCALAR, 0}};
static const preference for_hashes[] = {{VL_ISA_AVX512, AVX512_HASHES_FROM}, {VL_ISA_SCALAR, 0}};

static const preference *preferences(int hash) {
    return hash == VL_SHA256 || hash == VL_SHA256D ? for_sha256 : for_hashes;
}

/* ---- Rows and what they own ---- */

/* Numbers of what is chosen and tested by itself: hash h is HASHES + h. */
enum { SECP256K1, P256, HASHES, PRIMITIVES = HASHES + VL_HASH_COUNT };

static int is_isa(int isa) { return isa >= 0 && isa < ISA_COUNT; }

/* NULL for what is no curve, too. */
static const vl_curve_ops *curve_ops(int isa, int which) {
    return which == SECP256K1 ? rows[isa].secp256k1 : which == P256 ? rows[isa].p256 : NULL;
}

static int owns(int isa, int which) {
    return which >= HASHES ? rows[isa].hash[which - HASHES] != NULL : curve_ops(isa, which) != NULL;
}

int vl_isa_count(void) { return ISA_COUNT; }

const char *vl_isa_name(int isa) { return is_isa(isa) ? rows[isa].name : NULL; }

int vl_isa_signature_lanes(int isa) { return is_isa(isa) && owns(isa, SECP256K1) ? rows[isa].secp256k1->lanes : 0; }

int vl_isa_hash_lanes(int isa) {
    return is_isa(isa) && owns(isa, HASHES + VL_SHA256) ? rows[isa].hash[VL_SHA256]->lanes : 0;
}

size_t vl_scratch_size(void) {
    size_t most = 0;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        for (int which = 0; which < HASHES; which++) {
            const vl_curve_ops *ops = curve_ops(isa, which);
            if (ops && ops->scratch_size > most) most = ops->scratch_size;
        }
    }
    return VL_SCRATCH_ALIGN - 1 + VL_SCRATCH_HOST + most;
}

/* ---- Self-tests: what they said is, beside the tables, the only state here ---- */

enum { UNTESTED = 0, PASSED, FAILED };

static _Atomic unsigned char tested[ISA_COUNT][PRIMITIVES];

/* Threads may test the same primitive at once, each on its own memory. One failure is enough, and is for good. */
static int run_selftest(int isa, int which, const vl_scratch *scratch) {
    const vl_hash_ops *sha256 = rows[owns(isa, HASHES + VL_SHA256) ? isa : VL_ISA_SCALAR].hash[VL_SHA256];
    int passed = which == SECP256K1 ? vl_selftest_secp256k1(rows[isa].secp256k1, sha256, scratch)
                 : which == P256    ? vl_selftest_p256(rows[isa].p256, scratch)
                                    : vl_selftest_hash(rows[isa].hash[which - HASHES], which - HASHES);
    unsigned char before = UNTESTED;
    if (passed) atomic_compare_exchange_strong(&tested[isa][which], &before, PASSED);
    else atomic_store(&tested[isa][which], FAILED);
    return atomic_load(&tested[isa][which]) == PASSED ? VL_SUCCESS : VL_ERROR_SELFTEST;
}

/* VL_SUCCESS unless the row can't be used here. It stands as a whole: a failure of one primitive is enough. */
static int row_error(int isa) {
    if (!is_isa(isa) || vl_cpu_missing(rows[isa].needs)) return VL_ERROR_ISA;
    for (int which = 0; which < PRIMITIVES; which++) {
        if (atomic_load(&tested[isa][which]) == FAILED) return VL_ERROR_SELFTEST;
    }
    return VL_SUCCESS;
}

const char *vl_isa_missing(int isa) {
    if (!is_isa(isa)) return "no such instruction set";
    const char *missing = vl_cpu_missing(rows[isa].needs);
    return missing ? missing : row_error(isa) == VL_ERROR_SELFTEST ? "failed its self-test" : NULL;
}

int vl_selftest(int isa, void *scratch, size_t scratch_size) {
    vl_scratch pieces;
    if (!is_isa(isa) || vl_cpu_missing(rows[isa].needs)) return VL_ERROR_ISA;
    if (vl_scratch_cut(&pieces, scratch, scratch_size) != VL_SUCCESS) return VL_ERROR_SCRATCH;
    vl_secp256k1_prepare();
    vl_p256_prepare();
    int result = VL_SUCCESS;
    for (int which = 0; which < PRIMITIVES; which++) {
        int error = owns(isa, which) ? run_selftest(isa, which, &pieces) : VL_SUCCESS;
        if (error != VL_SUCCESS) result = error;
    }
    return result;
}

/* ---- Choosing ---- */

/* *row = the row whose primitive does the work of `isa`, tested. VL_SUCCESS, or why there is none. */
static int open_row(int *row, int isa, int which, const vl_scratch *scratch) {
    int error = row_error(isa);
    if (error != VL_SUCCESS) return error;
    *row = owns(isa, which) ? isa : VL_ISA_SCALAR;
    if (*row != isa) error = row_error(*row);
    if (error == VL_SUCCESS && atomic_load(&tested[*row][which]) == UNTESTED)
        error = run_selftest(*row, which, scratch);
    return error;
}

/* The same for any isa, VL_ISA_AUTO included; *from = the fewest items that the row is chosen for. */
static int choose_row(int *row, size_t *from, int isa, size_t n, int which, const vl_scratch *scratch) {
    *from = 0;
    if (isa != VL_ISA_AUTO) return open_row(row, isa, which, scratch);
    const preference *choice = which < HASHES ? for_signatures : preferences(which - HASHES);
    for (;; choice++) {
        if (n < choice->from) continue;
        *from = choice->from;
        int error = open_row(row, choice->isa, which, scratch);
        if (error == VL_SUCCESS || choice->isa == VL_ISA_SCALAR) return error;
    }
}

const vl_curve_ops *vl_dispatch_curve(const vl_curve *curve, int isa, size_t n, const vl_scratch *scratch, int *error) {
    const int which = curve == &vl_curve_secp256k1 ? SECP256K1 : P256;
    int row;
    size_t from;
    curve->prepare();
    *error = choose_row(&row, &from, isa, n, which, scratch);
    return *error == VL_SUCCESS ? curve_ops(row, which) : NULL;
}

const vl_hash_ops *vl_dispatch_hash(int hash, int isa, size_t n, size_t *from, int *error) {
    int row;
    *error = choose_row(&row, from, isa, n, HASHES + hash, NULL);
    return *error == VL_SUCCESS ? rows[row].hash[hash] : NULL;
}
