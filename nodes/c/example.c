/* Verifies three Ed25519 signatures, one of them a forgery, and makes a Merkle root of the messages:
 *
 *     cc example.c $(python3 -m verilane.clib --cflags --libs) && ./a.out
 */
#include <stdio.h>
#include <stdlib.h>
#include <verilane.h>

typedef struct {
    uint8_t key[32], signature[64], message[2];
} row;

/* RFC 8032, section 7.1: test 3, and the same with another message and with another S. */
#define KEY \
    {0xfc, 0x51, 0xcd, 0x8e, 0x62, 0x18, 0xa1, 0xa3, 0x8d, 0xa4, 0x7e, 0xd0, 0x02, 0x30, 0xf0, 0x58, \
     0x08, 0x16, 0xed, 0x13, 0xba, 0x33, 0x03, 0xac, 0x5d, 0xeb, 0x91, 0x15, 0x48, 0x90, 0x80, 0x25}
#define SIGNATURE(last) \
    {0x62, 0x91, 0xd6, 0x57, 0xde, 0xec, 0x24, 0x02, 0x48, 0x27, 0xe6, 0x9c, 0x3a, 0xbe, 0x01, 0xa3, \
     0x0c, 0xe5, 0x48, 0xa2, 0x84, 0x74, 0x3a, 0x44, 0x5e, 0x36, 0x80, 0xd7, 0xdb, 0x5a, 0xc3, 0xac, \
     0x18, 0xff, 0x9b, 0x53, 0x8d, 0x16, 0xf2, 0x90, 0xae, 0x67, 0xf7, 0x60, 0x98, 0x4d, 0xc6, 0x59, \
     0x4a, 0x7c, 0x15, 0xe9, 0x71, 0x6e, 0xd2, 0x8d, 0xc0, 0x27, 0xbe, 0xce, 0xea, 0x1e, 0xc4, last}
static const row rows[] = {
    {KEY, SIGNATURE(0x0a), {0xaf, 0x82}},
    {KEY, SIGNATURE(0x0a), {0xaf, 0x83}},
    {KEY, SIGNATURE(0xff), {0xaf, 0x82}},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

int main(void) {
    if (vl_abi_version() / 65536 != VL_ABI_MAJOR) return 2;
    const size_t size = vl_scratch_size();
    void *scratch = malloc(size); /* one for each thread */
    if (!scratch) return 2;

    /* Columns that lie in the rows of one table. */
    const vl_column keys = {rows[0].key, NULL, 32, sizeof(row)};
    const vl_column signatures = {rows[0].signature, NULL, 64, sizeof(row)};
    const vl_column messages = {rows[0].message, NULL, 2, sizeof(row)};

    /* No seed: every item by its own equation. With 32 secret random bytes large batches are faster. */
    uint8_t verdicts[ROWS];
    int error = vl_ed25519_verify(verdicts, ROWS, &keys, &signatures, &messages, VL_ED25519_ZIP215, 0, NULL,
                                  VL_ISA_AUTO, scratch, size);
    if (error == VL_SUCCESS)
        for (int i = 0; i < ROWS; i++) printf("%d %s\n", i, vl_verdict_name(verdicts[i]));

    uint8_t root[32];
    if (error == VL_SUCCESS)
        error = vl_merkle_root_of_leaves(root, NULL, ROWS, &messages, 0, VL_TREE_RFC6962, VL_HASH_OWN, VL_ISA_AUTO,
                                         scratch, size);
    if (error == VL_SUCCESS)
        for (int i = 0; i < 32; i++) printf("%02x", root[i]);
    puts(error == VL_SUCCESS ? "" : vl_error_text(error));
    free(scratch);
    return error == VL_SUCCESS ? 0 : 1;
}
