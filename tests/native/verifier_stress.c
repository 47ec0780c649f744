/* A verifier under stress from native threads, for sanitizers: every door at once, then an end without draining. It needs all
 * of csrc and says what it found; tests/test_verifier_native.py and the Makefile build and run it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verilane_verifier.h"
#ifdef WITH_LOANS /* which libverilane does not export */
#include "binding.h"
#endif

/* RFC 8032 section 7.1, TEST 3; and secp256k1: 1 G, k = 1, digest 0: r = x(G), s = r. */
static const char *const ed25519_hex[] = {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                                          "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                                          "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
                                          "af82"};
static const char *const secp256k1_hex[] = {"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
                                            "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                                            "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
                                            "0000000000000000000000000000000000000000000000000000000000000000"};

typedef struct {
    vl_request request;
    uint8_t part[3][80];
    size_t size[3];
} item;

enum { ITEMS = 2, MANY = 150 };
static item items[ITEMS];
static vl_verifier *verifier;
static atomic_int wrong, counted, closed;

static void read_item(item *to, int scheme, const char *const *hex) {
    to->request.scheme = scheme;
    for (int p = 0; p < 3; p++) {
        to->size[p] = strlen(hex[p]) / 2;
        for (size_t i = 0; i < to->size[p]; i++) {
            unsigned byte;
            sscanf(hex[p] + 2 * i, "%2x", &byte);
            to->part[p][i] = (uint8_t)byte;
        }
    }
}

/* Bad ones are for another message. */
static item pick(unsigned *random, int *expected) {
    item chosen = items[rand_r(random) % ITEMS];
    const int bad = rand_r(random) % 5 == 0;
    if (bad) chosen.part[2][0] ^= 1;
    chosen.request.priority = rand_r(random) % VL_PRIORITIES;
    chosen.request.source = (uint64_t)(rand_r(random) % 4);
    chosen.request.timeout_us = rand_r(random) % 8 == 0 ? 1 + rand_r(random) % 300 : 0;
    *expected = bad ? VL_MISMATCH : VL_OK;
    return chosen;
}

static void look_at(int result, int expected) {
    atomic_fetch_add(&counted, 1);
    if (result == VL_ERROR_CLOSED) atomic_store(&closed, 1);
    const int named = result <= VL_ERROR_BUSY && result >= VL_ERROR_CLOSED;
    if (result > 0 ? result != expected : !named && result != VL_ERROR_TOO_LARGE) {
        printf("got %d, expected %d\n", result, expected);
        atomic_fetch_add(&wrong, 1);
    }
}

static void *ask_and_wait(void *seed) {
    unsigned random = (unsigned)(uintptr_t)seed;
    while (!atomic_load(&closed)) {
        int expected;
        const item i = pick(&random, &expected);
        look_at(
            vl_verifier_verify(verifier, &i.request, i.part[0], i.size[0], i.part[1], i.size[1], i.part[2], i.size[2]),
            expected);
    }
    return NULL;
}

static void *ask_for_many(void *seed) {
    unsigned random = (unsigned)(uintptr_t)seed;
    while (!atomic_load(&closed)) {
        uint8_t rows[3][MANY * 80];
        int8_t results[MANY];
        int expected;
        const item i = pick(&random, &expected);
        vl_column columns[3] = {{.data = rows[0]}, {.data = rows[1]}, {.data = rows[2]}};
        for (int p = 0; p < 3; p++) {
            columns[p].width = i.size[p];
            for (int k = 0; k < MANY; k++) memcpy(rows[p] + (size_t)k * i.size[p], i.part[p], i.size[p]);
        }
        const int error =
            vl_verifier_verify_many(verifier, results, MANY, &i.request, &columns[0], &columns[1], &columns[2]);
        if (error) look_at(error, expected);
        for (int k = 0; k < MANY && !error; k++) look_at(results[k], expected);
    }
    return NULL;
}

/* The tag is the expected verdict. */
static void *submit(void *seed) {
    unsigned random = (unsigned)(uintptr_t)seed;
    while (!atomic_load(&closed)) {
        int expected;
        uint64_t ticket;
        const item i = pick(&random, &expected);
        const int error = vl_verifier_submit(verifier, &ticket, (uint64_t)expected, &i.request, i.part[0], i.size[0],
                                             i.part[1], i.size[1], i.part[2], i.size[2]);
        if (error) look_at(error, expected);
        else if (rand_r(&random) % 4 == 0) vl_verifier_cancel(verifier, ticket);
    }
    return NULL;
}

static void *collect(void *unused) {
    vl_completion completions[16];
    int count;
    (void)unused;
    while ((count = vl_verifier_collect(verifier, completions, 16, 50000)) != VL_ERROR_CLOSED)
        for (int i = 0; i < count; i++) look_at(completions[i].result, (int)completions[i].tag);
    return NULL;
}

#ifdef WITH_LOANS

static atomic_int lent;

/* Items of this lane that were lent, by their bytes. */
static void judge(uint8_t *verdicts, size_t n, const vl_column *messages, int lane) {
    const item *known = items;
    while (vl_verifier_lane(&known->request, 0) != lane) known++;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *message = messages->data + messages->offsets[i];
        const size_t size = (size_t)(messages->offsets[i + 1] - messages->offsets[i]);
        verdicts[i] = size == known->size[2] && memcmp(message, known->part[2], size) == 0 ? VL_OK : VL_MISMATCH;
    }
}

/* A device, which sometimes takes its time, or fails. */
static void *lend(void *seed) {
    enum { MOST = 400 };
    uint64_t least[256];
    uint8_t verdicts[MOST];
    unsigned random = (unsigned)(uintptr_t)seed;
    vl_offer offer;
    vl_column columns[4];
    vl_loan *loan;
    for (int l = 0; l < 256; l++) least[l] = 20;
    for (int result; (result = vl_verifier_await(verifier, &offer, least, 20000)) != VL_ERROR_CLOSED;) {
        if (result || vl_verifier_lend(verifier, &loan, &offer, 10, MOST) || !loan) continue;
        const size_t n = vl_loan_columns(loan, columns);
        if (n == 0 || n > MOST) atomic_fetch_add(&wrong, 1);
        judge(verdicts, n, &columns[2], offer.lane);
        if (rand_r(&random) % 4 == 0) usleep(3000);
        const int error = rand_r(&random) % 8 == 0 ? VL_ERROR_SHED : VL_SUCCESS;
        if (vl_verifier_take_back(verifier, loan, error ? NULL : verdicts, error)) atomic_fetch_add(&wrong, 1);
        atomic_fetch_add(&lent, (int)n);
    }
    return NULL;
}

#endif

static void *watch(void *unused) {
    (void)unused;
    while (!atomic_load(&closed)) {
        vl_verifier_stats stats;
        if (vl_verifier_read_stats(verifier, &stats, sizeof stats)) atomic_fetch_add(&wrong, 1);
        usleep(500);
    }
    return NULL;
}

/* In a child every call says so, and the memory can be given back. */
static void fork_once(void) {
    const pid_t child = fork();
    if (child == 0) {
        int expected;
        unsigned random = 1;
        const item i = pick(&random, &expected);
        const int result =
            vl_verifier_verify(verifier, &i.request, i.part[0], i.size[0], i.part[1], i.size[1], i.part[2], i.size[2]);
        vl_verifier_free(verifier);
        _exit(result != VL_ERROR_FORKED);
    }
    int status = 1;
    waitpid(child, &status, 0);
    if (status) {
        printf("the child ended with %d\n", status);
        atomic_fetch_add(&wrong, 1);
    }
}

static void *(*const doors[])(void *) = {
    ask_and_wait, ask_and_wait, ask_and_wait, ask_and_wait, ask_for_many, submit, submit, collect, collect, watch,
#ifdef WITH_LOANS
    lend,         lend,
#endif
};
enum { DOORS = sizeof doors / sizeof doors[0] };

static void one_life(int number, int forks, int ms) {
    pthread_t threads[DOORS];
    vl_verifier_options options;
    vl_verifier_defaults(&options);
    options.threads = 1 + number % 3;
    options.cache_items = number % 2 ? 500 : 0;
    options.tickets = 300;
    options.items[VL_BULK] = 40;
    options.bytes = number % 3 ? 1 << 20 : 1 << 15;
    options.suspect_ms = 1;
    options.max_wait_us[VL_MEMPOOL] = number % 4 * 100;
    if (vl_verifier_create(&verifier, &options)) abort();
    atomic_store(&closed, 0);
    for (int t = 0; t < DOORS; t++)
        if (pthread_create(&threads[t], NULL, doors[t], (void *)(uintptr_t)(100 * number + t + 1))) abort();
    for (int f = 0; f < forks; f++) fork_once();
    usleep((unsigned)ms * 1000);
    vl_verifier_close(verifier, number % 2);
    atomic_store(&closed, 1);
    for (int t = 0; t < DOORS; t++) pthread_join(threads[t], NULL);
    vl_verifier_free(verifier);
}

static void *submit_one(void *unused) {
    (void)unused;
    const item *i = &items[1];
    if (vl_verifier_submit(verifier, NULL, 1, &i->request, i->part[0], i->size[0], i->part[1], i->size[1], i->part[2],
                           i->size[2]))
        abort();
    return NULL;
}

static void *close_it(void *unused) {
    (void)unused;
    vl_verifier_close(verifier, 1);
    return NULL;
}

/* Whoever has seen what a call did may free the verifier: the call itself may not have returned yet. */
static void free_at_once(int closing) {
    pthread_t thread;
    vl_completion completion;
    if (vl_verifier_create(&verifier, NULL)) abort();
    if (pthread_create(&thread, NULL, closing ? close_it : submit_one, NULL)) abort();
    const int count = vl_verifier_collect(verifier, &completion, 1, -1);
    vl_verifier_free(verifier);
    pthread_join(thread, NULL);
    if (closing) atomic_fetch_add(&wrong, count != VL_ERROR_CLOSED);
    else look_at(count == 1 ? completion.result : count, VL_OK);
}

int main(int argc, char **argv) {
    const int lives = argc > 1 ? atoi(argv[1]) : 6, forks = argc > 2 ? atoi(argv[2]) : 3,
              ms = argc > 3 ? atoi(argv[3]) : 150;
    read_item(&items[0], VL_ED25519, ed25519_hex);
    read_item(&items[1], VL_SECP256K1_ECDSA, secp256k1_hex);
    for (int number = 0; number < lives; number++) one_life(number, forks, ms);
    for (int number = 0; number < 50 * lives; number++) free_at_once(number % 2);
    printf("%d results, %d wrong\n", atomic_load(&counted), atomic_load(&wrong));
#ifdef WITH_LOANS
    printf("%d were lent\n", atomic_load(&lent));
    if (atomic_load(&lent) == 0) return 1;
#endif
    return atomic_load(&wrong) != 0 || atomic_load(&counted) == 0;
}
