/* The schedule of multi-scalar sums (kernels/msm/schedule.inc), for tests/test_msm_schedule.py. */
#include "machine.h"

#include "scalar/windows.inc"

#define MSM_TERMS 1024
#define MSM_RANGES 3
#define MSM_WINDOWS 8
#define MSM_BUCKETS 300
#define MSM_LISTS 5000

#include "msm/schedule.inc"

static msm_schedule schedule;

int native_lanes(void) { return LANES; }

void native_begin(u32 width, u32 buckets) { msm_begin(&schedule, width, buckets); }

u32 native_terms(const u64 *scalars, u32 length, const u8 *signs, u32 n, u32 windows, u32 centred) {
    return msm_terms(&schedule, scalars, length, signs, n, windows, centred);
}

/* lists: start, length, bucket each */
u32 native_sort(u32 *lists, u32 *entries, const u32 *windows, u32 count, u32 longest) {
    msm_sort(&schedule, windows, count, longest);
    memcpy(lists, schedule.list, schedule.lists * sizeof(msm_list));
    memcpy(entries, schedule.entry, sizeof schedule.entry);
    return schedule.lists;
}

u32 native_regroup(u32 *lists, u32 *entries, u32 windows, const u32 *masks, u32 count, const u8 *live) {
    msm_regroup(&schedule, windows, masks, count, live);
    memcpy(lists, schedule.list, schedule.lists * sizeof(msm_list));
    memcpy(entries, schedule.entry, sizeof schedule.entry);
    return schedule.lists;
}

MACHINE_END
