/* What the ABI says of itself, and that it is what the header says. */
#include "verilane_verifier.h"

_Static_assert(sizeof(vl_column) == 2 * sizeof(void *) + 2 * sizeof(size_t), "a column's layout is part of the ABI");
_Static_assert(sizeof(vl_tree_facts) == 9 * sizeof(int), "a tree's facts are part of the ABI");

int vl_abi_version(void) { return 65536 * VL_ABI_MAJOR + VL_ABI_MINOR; }

static const char *const verdicts[] = {
    [VL_UNDECIDED] = "UNDECIDED",     [VL_OK] = "OK",
    [VL_BAD_KEY] = "BAD_KEY",         [VL_BAD_SIGNATURE] = "BAD_SIGNATURE",
    [VL_BAD_MESSAGE] = "BAD_MESSAGE", [VL_MISMATCH] = "MISMATCH",
};

/* By their negatives. */
static const char *const errors[] = {
    [-VL_SUCCESS] = "no error",
    [-VL_ERROR_ARGUMENT] = "a required pointer is NULL, or an option is unknown",
    [-VL_ERROR_ISA] = "no such instruction set, or this machine lacks it",
    [-VL_ERROR_SCRATCH] = "scratch is smaller than vl_scratch_size()",
    [-VL_ERROR_SELFTEST] = "the instruction set's known answers came out wrong",
    [-VL_ERROR_BUSY] = "the queue of this class is full",
    [-VL_ERROR_SHED] = "given up for more urgent items",
    [-VL_ERROR_DEADLINE] = "its time was over before a worker came to it",
    [-VL_ERROR_CANCELLED] = "cancelled",
    [-VL_ERROR_CLOSED] = "the verifier is closed",
    [-VL_ERROR_FORKED] = "the verifier was made before a fork, in the parent",
    [-VL_ERROR_MEMORY] = "there is no memory, or no thread, to be had",
    [-VL_ERROR_TOO_LARGE] = "more than the queue can ever hold, or an item that is too large",
    [-VL_ERROR_TIMEOUT] = "nothing was completed in time",
};

const char *vl_verdict_name(int verdict) {
    const int count = sizeof verdicts / sizeof verdicts[0];
    return verdict >= 0 && verdict < count ? verdicts[verdict] : NULL;
}

const char *vl_error_text(int error) {
    const int count = sizeof errors / sizeof errors[0];
    return error <= 0 && error > -count ? errors[-error] : NULL;
}
