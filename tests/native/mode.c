/* Calls a function while the caller's floating point is in a mode of its own (MXCSR: rounding, denormals, exceptions). */
#include <stdint.h>

enum { ARGUMENTS = 12 };

typedef uint64_t word;
typedef word (*function)(word, word, word, word, word, word, word, word, word, word, word, word);

static uint32_t exchange(uint32_t mode) {
    uint32_t before;
    __asm__ volatile("stmxcsr %0" : "=m"(before) : : "memory");
    __asm__ volatile("ldmxcsr %0" : : "m"(mode) : "memory");
    return before;
}

/* call: any function that takes numbers and pointers only; what it has no use for, it leaves in registers and on the stack.
 * Returns what it returned; *after = the mode that it left behind. */
word native_call_in_mode(uint32_t *after, uint32_t mode, function call, const word a[ARGUMENTS]) {
    const uint32_t own = exchange(mode);
    const word result = call(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
    *after = exchange(own);
    return result;
}
