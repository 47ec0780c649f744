/* Sixteen steps in a row, each with its number as a literal. */
#ifndef VL_HASH_SIXTEEN_H
#define VL_HASH_SIXTEEN_H

#define SIXTEEN(step) \
    step(0) step(1) step(2) step(3) step(4) step(5) step(6) step(7) step(8) step(9) step(10) step(11) step(12) \
        step(13) step(14) step(15)

#endif
