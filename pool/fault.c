/* SPDX-License-Identifier: BSD-2-Clause */
/* The armed points: parsed from the environment, counted at each call. */
#include "pool/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fault_state {
    _Atomic uint64_t calls; /* since armed */
    _Atomic uint64_t nth;   /* 0: count only */
    _Atomic bool persist;
};

struct fault_request {
    bool wanted;
    bool persist;
    uint64_t nth;
};

_Atomic bool fault_armed[FAULT_POINTS], fault_armed_any;
static struct fault_state fault_state[FAULT_POINTS];
static const char *const fault_names[FAULT_POINTS] = {"system", "sizeclass", "sgi", "pool"};

static void fault_set(enum fault_point point, bool armed)
{
    bool any = false;

    atomic_store(&fault_armed[point], armed);
    for (int i = 0; i < FAULT_POINTS; i++)
        any |= atomic_load(&fault_armed[i]);
    atomic_store(&fault_armed_any, any);
}

static void fault_start(enum fault_point point, uint64_t nth, bool persist)
{
    fault_set(point, false);
    atomic_store(&fault_state[point].calls, 0);
    atomic_store(&fault_state[point].nth, nth);
    atomic_store(&fault_state[point].persist, persist);
    fault_set(point, true);
}

void fault_arm(enum fault_point point, uint64_t nth, bool persist)
{
    if (nth == 0)
        fault_set(point, false);
    else
        fault_start(point, nth, persist);
}

void fault_count(enum fault_point point)
{
    fault_start(point, 0, false);
}

uint64_t fault_calls(enum fault_point point)
{
    return atomic_load(&fault_state[point].calls);
}

bool fault_fires_armed(enum fault_point point)
{
    struct fault_state *state = &fault_state[point];
    uint64_t call = atomic_fetch_add_explicit(&state->calls, 1, memory_order_relaxed) + 1;
    uint64_t nth = atomic_load_explicit(&state->nth, memory_order_relaxed);

    if (nth == 0)
        return false;
    return call == nth || (call > nth && atomic_load_explicit(&state->persist, memory_order_relaxed));
}

/* One "name:number" or "name:number+"; returns what follows it, or NULL. */
static const char *fault_parse(const char *text, struct fault_request requests[FAULT_POINTS])
{
    for (int point = 0; point < FAULT_POINTS; point++) {
        size_t length = strlen(fault_names[point]);
        char *end;

        if (strncmp(text, fault_names[point], length) != 0 || text[length] != ':')
            continue;
        text += length + 1;
        if (*text < '0' || *text > '9')
            return NULL;
        errno = 0;
        requests[point].nth = strtoull(text, &end, 10);
        requests[point].persist = *end == '+';
        requests[point].wanted = true;
        return errno == 0 ? end + (*end == '+') : NULL;
    }
    return NULL;
}

int fault_from_environment(void)
{
    struct fault_request requests[FAULT_POINTS] = {{false, false, 0}};
    const char *text = getenv("TIDEPOOL_FAULT");

    if (!text || *text == '\0')
        return 0;
    for (;;) {
        text = fault_parse(text, requests);
        if (!text || (*text != ',' && *text != '\0'))
            return -EINVAL;
        if (*text == '\0')
            break;
        text++;
    }
    for (int point = 0; point < FAULT_POINTS; point++)
        if (requests[point].wanted)
            fault_start((enum fault_point)point, requests[point].nth, requests[point].persist);
    return 0;
}
