/* Verifies batches from a file and compares verdicts with those in it, in several threads at once from the first call on:
 * tests/test_clib.py writes the file. Prints what differs; the exit status says whether anything does.
 *
 * A batch: scheme, encoding or rule, flags, n as int64; then columns (keys, signatures, messages) of n + 1 int64 offsets and
 * the bytes they end at; then n verdicts. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <verilane.h>

enum { THREADS = 8 };
enum scheme { SECP256K1, P256, SCHNORR, ED25519, SM2, RECOVER };

static uint8_t *file;
static size_t file_size;

static int64_t number(const uint8_t **at) {
    int64_t x;
    memcpy(&x, *at, sizeof x);
    *at += sizeof x;
    return x;
}

/* Offsets stay where they are if they are aligned, as the file has them. */
static vl_column column(const uint8_t **at, int64_t n) {
    vl_column c = {NULL, (const int64_t *)(const void *)*at, 0, 0};
    *at += sizeof(int64_t) * (size_t)(n + 1);
    c.data = *at;
    *at += c.offsets[n];
    *at += -(uintptr_t)*at & 7;
    return c;
}

static int verify(uint8_t *verdicts, size_t n, const vl_column *c, int scheme, int option, unsigned flags,
                  const uint8_t *seed, void *scratch, size_t size) {
    static const uint8_t id[] = "1234567812345678";
    const vl_column user = {id, NULL, 16, 0};
    uint8_t *keys;
    int error;
    switch (scheme) {
    case SECP256K1:
        return vl_secp256k1_ecdsa_verify(verdicts, n, &c[0], &c[1], &c[2], option, flags, VL_ISA_AUTO, scratch, size);
    case P256:
        return vl_p256_ecdsa_verify(verdicts, n, &c[0], &c[1], &c[2], option, flags, VL_ISA_AUTO, scratch, size);
    case SCHNORR:
        return vl_secp256k1_schnorr_verify(verdicts, n, &c[0], &c[1], &c[2], flags, seed, VL_ISA_AUTO, scratch, size);
    case ED25519:
        return vl_ed25519_verify(verdicts, n, &c[0], &c[1], &c[2], option, flags, seed, VL_ISA_AUTO, scratch, size);
    case SM2:
        return vl_sm2_verify(verdicts, n, &c[0], &c[1], &c[2], &user, 1, option, VL_ISA_AUTO, scratch, size);
    default:
        keys = malloc(64 * n + 1);
        if (!keys) return VL_ERROR_ARGUMENT;
        error = vl_secp256k1_ecdsa_recover(keys, verdicts, n, &c[1], &c[2], flags, VL_ISA_AUTO, scratch, size);
        for (size_t i = 0; error == VL_SUCCESS && i < n; i++) /* a batch's keys are those that come out, or zero */
            if (memcmp(keys + 64 * i, c[0].data + c[0].offsets[i], 64)) verdicts[i] = 99;
        free(keys);
        return error;
    }
}

/* Returns how many items or calls went wrong. */
static void *run(void *argument) {
    const size_t thread = *(const size_t *)argument, size = vl_scratch_size();
    uint8_t *scratch = malloc(size), seed[32];
    size_t wrong = 0;
    for (int i = 0; i < 32; i++) seed[i] = (uint8_t)(thread + 7 * (size_t)i); /* no secret: a test's items are known */
    for (const uint8_t *at = file; at < file + file_size;) {
        const int scheme = (int)number(&at), option = (int)number(&at);
        const unsigned flags = (unsigned)number(&at);
        const size_t n = (size_t)number(&at);
        vl_column columns[3];
        for (int k = 0; k < 3; k++) columns[k] = column(&at, (int64_t)n);
        uint8_t *verdicts = malloc(n + 1);
        const int error = verify(verdicts, n, columns, scheme, option, flags, thread & 1 ? seed : NULL, scratch, size);
        if (error != VL_SUCCESS) {
            printf("scheme %d: %s\n", scheme, vl_error_text(error));
            wrong++;
        }
        for (size_t i = 0; error == VL_SUCCESS && i < n; i++) {
            if (verdicts[i] == at[i]) continue;
            printf("scheme %d, option %d, item %zu: verdict %d, expected %d\n", scheme, option, i, verdicts[i], at[i]);
            wrong++;
        }
        free(verdicts);
        at += n;
        at += -(uintptr_t)at & 7;
    }
    free(scratch);
    return (void *)wrong;
}

int main(int count, char **arguments) {
    FILE *in = count == 2 ? fopen(arguments[1], "rb") : NULL;
    if (!in || fseek(in, 0, SEEK_END)) return 2;
    file_size = (size_t)ftell(in);
    rewind(in);
    file = malloc(file_size);
    if (!file || fread(file, 1, file_size, in) != file_size) return 2;
    fclose(in);
    pthread_t threads[THREADS];
    size_t numbers[THREADS], wrong = 0;
    for (size_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, run, &numbers[i])) return 2;
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *of_thread;
        pthread_join(threads[i], &of_thread);
        wrong += (size_t)of_thread;
    }
    free(file);
    return wrong != 0;
}
