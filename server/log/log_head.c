/* SPDX-License-Identifier: BSD-2-Clause */
/* Heads of lines, and whether stderr is the journal. */
#include "server/log/log_head.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/log/log_sink.h"
#include "server/log/log_text.h"

static atomic_bool stderr_is_journal;

void log_head_find_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char name[48]; /* "DEVICE:INODE" */
    struct stat about;
    bool is = stream && !fstat(STDERR_FILENO, &about) &&
              snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)about.st_dev, (uintmax_t)about.st_ino) > 0 &&
              !strcmp(stream, name);

    atomic_store_explicit(&stderr_is_journal, is, memory_order_relaxed);
}

bool log_head_is_journal(const struct log_target *target)
{
    return atomic_load_explicit(&stderr_is_journal, memory_order_relaxed) &&
           (!target || target->sink == log_sink_stderr());
}

/* syslog's numbers are ours less one. LOG_LEVEL_STDERR, an answer to whoever started us, is information. */
static int priority_of(enum log_level level)
{
    return (int)(level == LOG_LEVEL_STDERR ? LOG_LEVEL_INFO : level) - (int)LOG_LEVEL_EMERG;
}

size_t log_head_print(char *out, size_t size, enum log_level level, const char *date, bool is_journal)
{
    char priority[8] = "";

    if (is_journal)
        (void)log_text_print(priority, sizeof priority, "<%d>", priority_of(level));
    if (!date)
        return level == LOG_LEVEL_STDERR
                   ? log_text_print(out, size, "%stidepool: ", priority)
                   : log_text_print(out, size, "%stidepool: [%s] ", priority, log_level_names[level]);
    return log_text_print(out, size, "%s%s[%s] %d#%d: ", is_journal ? priority : date, is_journal ? "" : " ",
                          log_level_names[level], (int)getpid(), (int)gettid());
}
