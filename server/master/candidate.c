/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration is read for the next server process. */
#include "server/master/candidate.h"

#include <string.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/master/kept.h"

/* NULL: `error` says why not. */
static struct generation *load(struct kept *kept, char error[CONF_REPORT_SIZE])
{
    struct options options = *kept->source->options;
    struct generation_source source = *kept->source;
    struct generation *generation;

    options.quiet = true; /* the server says what there is to say */
    source.options = &options;
    in_force_as_user(&kept->in_force);
    generation = generation_load(&source, error, CONF_REPORT_SIZE);
    in_force_as_root(&kept->in_force);
    return generation;
}

void candidate_forget(struct candidate *candidate, struct kept *kept)
{
    if (candidate->generation)
        generation_destroy(candidate->generation);
    candidate->generation = NULL;
    candidate->outside = false;
    pid_file_end(&candidate->pid, getpid(), kept_log(kept));
}

bool candidate_read(struct candidate *candidate, struct kept *kept, char error[CONF_REPORT_SIZE])
{
    const struct settings *settings;
    int result;

    candidate_forget(candidate, kept);
    candidate->generation = load(kept, error);
    if (!candidate->generation)
        return true;
    candidate->outside = kept_allows(kept, candidate->generation) != 0;
    if (candidate->outside) {
        memcpy(candidate->lacks, candidate->generation->conf.error, sizeof candidate->lacks);
        candidate->generation->conf.error[0] = '\0'; /* it is right, after all */
    }
    settings = &candidate->generation->settings;
    result = in_force_open(&kept->in_force, settings, &candidate->pid);
    if (!result)
        return true;
    log_write(kept_log(kept), LOG_LEVEL_EMERG, result, "open() \"%s\" failed", settings->pid);
    candidate_forget(candidate, kept);
    return false;
}

void candidate_adopt(struct candidate *candidate, struct kept *kept)
{
    in_force_move_pid(&kept->in_force, &candidate->generation->settings, &candidate->pid);
    candidate->pid.fd = -1;
    kept_replace(kept, candidate->generation);
    candidate->generation = NULL;
}
