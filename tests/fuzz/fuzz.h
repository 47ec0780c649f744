/* What all harnesses share: items out of bytes, columns on the heap, a random source, and how a finding is told.
 *
 * An input of signatures: FUZZ_HEADER bytes that pick options, then items, each three lengths (a byte each), key, signature and
 * message. Bytes that end too early make the last item's parts short: every input means something. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "scheme/column.h"
#include "verilane.h"

/* ---- Findings ---- */

/* Says what is wrong, and ends as libFuzzer wants it: it writes the input to a file. */
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

#define FUZZ_CHECK(condition) \
    do { \
        if (!(condition)) fuzz_fail(__FILE__, __LINE__, #condition); \
    } while (0)

/* One line that says, once per run, what could not be compared. Returns 0. */
int fuzz_skip(const char *what);

/* ---- Inputs ---- */

enum { FUZZ_ITEMS = 8, FUZZ_PARTS = 3, FUZZ_LONGEST = 255, FUZZ_HEADER = 3, FUZZ_MOST = 24 };
enum { FUZZ_KEY = 0, FUZZ_SIGNATURE = 1, FUZZ_MESSAGE = 2 };

typedef struct {
    size_t size;
    uint8_t data[FUZZ_LONGEST];
} fuzz_bytes;

typedef struct {
    fuzz_bytes part[FUZZ_PARTS];
} fuzz_item;

typedef struct {
    uint8_t header[FUZZ_HEADER];
    size_t n; /* at least 1 */
    fuzz_item item[FUZZ_ITEMS];
} fuzz_input;

/* Returns 0 if there is no item. */
int fuzz_read(fuzz_input *in, const uint8_t *data, size_t size);
/* Returns how many bytes it took; whole items only. */
size_t fuzz_write(uint8_t *data, size_t most, const fuzz_input *in);

void fuzz_set(fuzz_bytes *to, const void *data, size_t size);
void fuzz_append(fuzz_bytes *to, const void *data, size_t size);

/* ---- Columns: exactly as large as they must be, so that AddressSanitizer sees a byte too many ---- */

typedef struct {
    vl_column column;
    uint8_t *data;
    int64_t *offsets;
} fuzz_column;

void fuzz_column_make(fuzz_column *column, size_t n, const vl_bytes *items, int ragged);
void fuzz_column_free(fuzz_column *column);

/* ---- Every way to the same verdicts ---- */

extern uint8_t *fuzz_scratch;
extern size_t fuzz_scratch_size;

/* Makes the scratch; every harness calls it first. */
void fuzz_begin(void);

/* Fills verdicts of n items by one way: an instruction set, and `way` from 0 on, which the harness counts. */
typedef void (*fuzz_verify)(uint8_t *verdicts, size_t n, const vl_column columns[FUZZ_PARTS], const fuzz_input *in,
                            int isa, int way);

/* verdicts = those of the items, found to be the same on every instruction set that there is, by every way, in batches where
 * items come again in other lanes (header[2] says how many), and one by one. */
void fuzz_agree(uint8_t verdicts[FUZZ_ITEMS], const fuzz_input *in, fuzz_verify verify, int ways);

/* Fails unless the verdict is what a peer or a plain text of the standard says, and says which item it was. */
void fuzz_expect(const fuzz_item *item, int verdict, int expected, const char *who);

/* ---- Mutation ---- */

typedef struct {
    uint64_t state;
} fuzz_random;

uint64_t fuzz_next(fuzz_random *random);
size_t fuzz_below(fuzz_random *random, size_t n);

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* Changes one item into a near-valid or a valid one. */
typedef void (*fuzz_change)(fuzz_input *in, fuzz_item *item, fuzz_random *random);

/* What LLVMFuzzerCustomMutator() does: bytes at random, or items added, removed and swapped, or `change`. */
size_t fuzz_mutate(uint8_t *data, size_t size, size_t most, unsigned seed, fuzz_change change);

#endif
