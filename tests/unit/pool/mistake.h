/* SPDX-License-Identifier: BSD-2-Clause */
/* mistake: a child process makes a mistake on purpose; whether a check of ours stopped it. */
#ifndef TESTS_UNIT_POOL_MISTAKE_H
#define TESTS_UNIT_POOL_MISTAKE_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/annotate.h"

static inline bool is_caught(void (*mistake)(void **state), void **state)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(2);
        signal(SIGABRT, SIG_DFL); /* cmocka would go on */
#ifdef ANNOTATE_VALGRIND
        VALGRIND_CLO_CHANGE("--leak-check=no"); /* what it left behind is no news */
#endif
        mistake(state);
        _exit(0);
    }
    status = 0;
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
