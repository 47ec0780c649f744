/* How a row's functions call their kernels: MACHINE_CALL(statement). A word that needs the CPU in a mode of its own
 * (word_u64x4.h) has defined it before. */
#ifndef VL_MACHINE_CALL_H
#define VL_MACHINE_CALL_H

#ifndef MACHINE_CALL
#define MACHINE_CALL(call) call
#endif

#endif
