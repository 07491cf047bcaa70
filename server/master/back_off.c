/* SPDX-License-Identifier: BSD-2-Clause */
/* The delay before a server process is started anew. */
#include "server/master/back_off.h"

int back_off_delay(struct back_off *back_off, int64_t lived, bool served)
{
    static const int row[] = {0, 100, 1000, 2000, 4000, 8000, 10000};
    const unsigned last = sizeof row / sizeof *row - 1;
    int delay;

    back_off->at_once += lived / 1000;
    if (back_off->at_once > BACK_OFF_AT_ONCE)
        back_off->at_once = BACK_OFF_AT_ONCE;
    if (lived >= BACK_OFF_LONG_LIFE)
        back_off->row = 0;
    if (served && back_off->at_once > 0) {
        back_off->at_once--;
        return 0;
    }
    delay = row[back_off->row];
    if (back_off->row < last)
        back_off->row++;
    return delay;
}
