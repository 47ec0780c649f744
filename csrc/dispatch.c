#include "dispatch.h"

#include <stdatomic.h>

#include "cpu.h"
#include "selftest.h"

#if defined(__x86_64__)
#define ON_X86_64(instance) (&(instance))
#else
#define ON_X86_64(instance) NULL
#endif
#if defined(__aarch64__)
#define ON_ARM64(instance) (&(instance))
#else
#define ON_ARM64(instance) NULL
#endif

typedef struct {
    const char *name;
    enum vl_cpu_set needs;
    const vl_curve_ops *secp256k1, *p256, *sm2; /* NULL: as scalar */
    const vl_edwards_ops *ed25519;              /* NULL: as scalar */
    const vl_hash_ops *hash[VL_HASH_COUNT];     /* NULL: as scalar */
} isa_row;

#define HASHES_SCALAR \
    { \
        [VL_SHA256] = &vl_sha256_scalar,           [VL_SHA256D] = &vl_sha256d_scalar, \
        [VL_SHA512] = &vl_sha512_scalar,           [VL_SM3] = &vl_sm3_scalar, \
        [VL_KECCAK256] = &vl_keccak256_scalar,     [VL_SHA3_256] = &vl_sha3_256_scalar, \
        [VL_BLAKE2B_256] = &vl_blake2b_256_scalar, \
    }
#define HASHES_SHA_NI \
    { \
        [VL_SHA256] = ON_X86_64(vl_sha256_sha_ni), \
        [VL_SHA256D] = ON_X86_64(vl_sha256d_sha_ni), \
    }
#define HASHES_ARM64_SHA2 \
    { \
        [VL_SHA256] = ON_ARM64(vl_sha256_arm64), \
        [VL_SHA256D] = ON_ARM64(vl_sha256d_arm64), \
    }
#define HASHES_AVX512 \
    { \
        [VL_SHA256] = ON_X86_64(vl_sha256_avx512),           [VL_SHA256D] = ON_X86_64(vl_sha256d_avx512), \
        [VL_SHA512] = ON_X86_64(vl_sha512_avx512),           [VL_SM3] = ON_X86_64(vl_sm3_avx512), \
        [VL_KECCAK256] = ON_X86_64(vl_keccak256_avx512),     [VL_SHA3_256] = ON_X86_64(vl_sha3_256_avx512), \
        [VL_BLAKE2B_256] = ON_X86_64(vl_blake2b_256_avx512), \
    }
#define HASHES_AVX2 \
    { \
        [VL_SHA256] = ON_X86_64(vl_sha256_avx2),           [VL_SHA256D] = ON_X86_64(vl_sha256d_avx2), \
        [VL_SHA512] = ON_X86_64(vl_sha512_avx2),           [VL_SM3] = ON_X86_64(vl_sm3_avx2), \
        [VL_KECCAK256] = ON_X86_64(vl_keccak256_avx2),     [VL_SHA3_256] = ON_X86_64(vl_sha3_256_avx2), \
        [VL_BLAKE2B_256] = ON_X86_64(vl_blake2b_256_avx2), \
    }

static const isa_row rows[] = {
    [VL_ISA_SCALAR] = {"scalar", VL_CPU_BASE, &vl_secp256k1_scalar, &vl_p256_scalar, &vl_sm2_scalar, &vl_ed25519_scalar,
                       HASHES_SCALAR},
    [VL_ISA_PORTABLE] = {"portable", VL_CPU_BASE, &vl_secp256k1_portable, NULL, NULL, NULL, {NULL}},
    [VL_ISA_SHA_NI] = {"sha-ni", VL_CPU_SHA_NI, NULL, NULL, NULL, NULL, HASHES_SHA_NI},
    [VL_ISA_AVX512] = {"avx512", VL_CPU_AVX512, ON_X86_64(vl_secp256k1_avx512), ON_X86_64(vl_p256_avx512),
                       ON_X86_64(vl_sm2_avx512), ON_X86_64(vl_ed25519_avx512), HASHES_AVX512},
    [VL_ISA_AVX2] = {"avx2", VL_CPU_AVX2, ON_X86_64(vl_secp256k1_avx2), ON_X86_64(vl_p256_avx2), ON_X86_64(vl_sm2_avx2),
                     ON_X86_64(vl_ed25519_avx2), HASHES_AVX2},
    [VL_ISA_ARM64_SHA2] = {"arm64-sha2", VL_CPU_ARM64_SHA2, NULL, NULL, NULL, NULL, HASHES_ARM64_SHA2},
};

enum { ISA_COUNT = sizeof rows / sizeof rows[0] };

/* What VL_ISA_AUTO tries, in this order: the first that works and pays for n items. Each list ends with scalar. */
typedef struct {
    int isa;
    size_t from; /* n */
} preference;

/* From how many signatures on eight lanes beat one. Zen 5, gcc 12, us per signature with 33-byte keys, scalar against
 * avx512: n = 1: 32.0, 30.9; n = 2: 27.9, 15.8; n = 8: 23.9, 4.0; n = 64: 24.5, 2.9. And four: Zen 4, gcc 12, scalar against
 * avx2, secp256k1: n = 1: 51, 75; n = 2: 39.8, 37.7; n = 3: 35.9, 25.2; n = 1024: 29.5, 13.6; Ed25519: n = 2: 46.8, 37.7. */
enum { AVX512_SIGNATURES_FROM = 2, AVX2_SIGNATURES_FROM = 2 };

static const preference for_signatures[] = {
    {VL_ISA_AVX512, AVX512_SIGNATURES_FROM}, {VL_ISA_AVX2, AVX2_SIGNATURES_FROM}, {VL_ISA_SCALAR, 0}};

/* From so many hashes on, one pass of 16 lanes beats SHA-NI. Zen 5, gcc 12, ns: a pass of 16 lanes takes 284 for prefixed
 * nodes, 418 for double ones, 200 for leaves of 33 bytes; SHA-NI takes 267, 403 and 202 for eight, 322, 491 and 245 for
 * nine. In bulk, per compression: 8.9 in 16 lanes, 16.6 by SHA-NI, 150 in scalar code. */
enum { AVX512_SHA256_FROM = 9, AVX2_SHA256_FROM = 3 };

/* The other hashes against scalar code, ns for a message of 40 bytes, and for one of 1,000: a pass of SM3's 16 lanes 322 and
 * 4000, of 8 lanes 400 and 5192, scalar 166 and 1892. Of SHA-512's 8 lanes 254 and 1677, of 4 lanes 428 and 2700, scalar 225
 * and 1398; the others of 64-bit words lie close to it. */
enum { SM3_FROM = 3, HASHES_64_FROM = 2 };

static const preference for_sha256[] = {{VL_ISA_AVX512, AVX512_SHA256_FROM},
                                        {VL_ISA_SHA_NI, 0},
                                        {VL_ISA_ARM64_SHA2, 0},
                                        {VL_ISA_AVX2, AVX2_SHA256_FROM},
                                        {VL_ISA_SCALAR, 0}};
/* Where 512-bit instructions run in halves. Zen 4, gcc 12, ns a leaf of a large tree by SHA-NI, in 16 lanes: Bitcoin 45, 52;
 * RFC 6962 54, 62. */
static const preference for_sha256_in_halves[] = {
    {VL_ISA_SHA_NI, 0}, {VL_ISA_AVX512, AVX512_SHA256_FROM}, {VL_ISA_AVX2, AVX2_SHA256_FROM}, {VL_ISA_SCALAR, 0}};
static const preference for_sm3[] = {{VL_ISA_AVX512, SM3_FROM}, {VL_ISA_AVX2, SM3_FROM}, {VL_ISA_SCALAR, 0}};
static const preference for_hashes_64[] = {
    {VL_ISA_AVX512, HASHES_64_FROM}, {VL_ISA_AVX2, HASHES_64_FROM}, {VL_ISA_SCALAR, 0}};

static const preference *preferences(int hash) {
    if (hash == VL_SHA256 || hash == VL_SHA256D) return vl_cpu_halves_512() ? for_sha256_in_halves : for_sha256;
    return hash == VL_SM3 ? for_sm3 : for_hashes_64;
}

/* ---- Rows and what they own ---- */

/* Numbers of what is chosen and tested by itself: hash h is HASHES + h. */
enum { SECP256K1, P256, SM2, ED25519, HASHES, PRIMITIVES = HASHES + VL_HASH_COUNT };

static int is_isa(int isa) { return isa >= 0 && isa < ISA_COUNT; }

/* NULL for what is no curve, too. */
static const vl_curve_ops *curve_ops(int isa, int which) {
    return which == SECP256K1 ? rows[isa].secp256k1
           : which == P256    ? rows[isa].p256
           : which == SM2     ? rows[isa].sm2
                              : NULL;
}

static int owns(int isa, int which) {
    if (which == ED25519) return rows[isa].ed25519 != NULL;
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
        for (int which = 0; which < ED25519; which++) {
            const vl_curve_ops *ops = curve_ops(isa, which);
            if (ops && ops->scratch_size > most) most = ops->scratch_size;
        }
        if (owns(isa, ED25519) && rows[isa].ed25519->scratch_size > most) most = rows[isa].ed25519->scratch_size;
    }
    return VL_SCRATCH_ALIGN - 1 + VL_SCRATCH_HOST + most;
}

/* ---- Self-tests: what they said is, beside the tables, the only state here ---- */

enum { UNTESTED = 0, PASSED, FAILED };

static _Atomic unsigned char tested[ISA_COUNT][PRIMITIVES];

/* The hash that a row's signatures are made with. */
static const vl_hash_ops *row_hash(int isa, int hash) {
    return rows[owns(isa, HASHES + hash) ? isa : VL_ISA_SCALAR].hash[hash];
}

static int passes_selftest(int isa, int which, const vl_scratch *scratch) {
    if (which == SECP256K1) return vl_selftest_secp256k1(rows[isa].secp256k1, row_hash(isa, VL_SHA256), scratch);
    if (which == P256) return vl_selftest_p256(rows[isa].p256, scratch);
    if (which == SM2) return vl_selftest_sm2(rows[isa].sm2, row_hash(isa, VL_SM3), scratch);
    if (which == ED25519) return vl_selftest_ed25519(rows[isa].ed25519, row_hash(isa, VL_SHA512), scratch);
    return vl_selftest_hash(rows[isa].hash[which - HASHES], which - HASHES);
}

/* Threads may test the same primitive at once, each on its own memory. One failure is enough, and is for good. */
static int run_selftest(int isa, int which, const vl_scratch *scratch) {
    int passed = passes_selftest(isa, which, scratch);
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
    vl_ed25519_prepare();
    vl_p256_prepare();
    vl_sm2_prepare();
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
    const int which = curve == &vl_curve_secp256k1 ? SECP256K1 : curve == &vl_curve_p256 ? P256 : SM2;
    int row;
    size_t from;
    curve->prepare();
    *error = choose_row(&row, &from, isa, n, which, scratch);
    return *error == VL_SUCCESS ? curve_ops(row, which) : NULL;
}

const vl_edwards_ops *vl_dispatch_ed25519(int isa, size_t n, const vl_scratch *scratch, int *error) {
    int row;
    size_t from;
    vl_ed25519_prepare();
    *error = choose_row(&row, &from, isa, n, ED25519, scratch);
    return *error == VL_SUCCESS ? rows[row].ed25519 : NULL;
}

const vl_hash_ops *vl_dispatch_hash(int hash, int isa, size_t n, size_t *from, int *error) {
    int row;
    *error = choose_row(&row, from, isa, n, HASHES + hash, NULL);
    return *error == VL_SUCCESS ? rows[row].hash[hash] : NULL;
}
