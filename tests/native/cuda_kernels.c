/* A kernel text as plain C for fake_cuda.c: -DENTRY names the text, -DRUNS what tests/fake_cuda.py wrote about its kernels. */
#define PRODUCT_CALLS /* compiled in a tenth of the time */
#include "lang.h"

static u32 lane_id;
#define LANE_ID() lane_id

#include ENTRY

/* What the driver starts, and the sizes of the parameters; 0 ends them. */
#define RUN(kernel, call, ...) \
    const size_t sizes_##kernel[] = {__VA_ARGS__}; \
    void run_##kernel(unsigned lanes, void **arguments) { \
        for (lane_id = 0; lane_id < lanes; lane_id++) kernel call; \
    }

#include RUNS
