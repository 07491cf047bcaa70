/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets: opened, divided among workers, closed. */
#include "server/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "pool/holds.h"
#include "pool/sysmem.h"
#include "server/crew.h"
#include "server/listener.h"
#include "server/log/log.h"
#include "server/port_holder.h"
#include "server/socket_bind.h"
#include "server/socket_path.h"
#include "server/supervised.h"
#include "server/worker.h"

enum { UNIX_MODE = 0666 /* as nginx: the folder decides who may connect */ };

static bool is_unix(const struct listen_address *address)
{
    return address->socket.ss_family == AF_UNIX;
}

/* With the line that asks for the address and, where another process has it, that one. */
static int fail(struct generation *generation, const struct listen_address *address, const char *call)
{
    const struct binding *binding = generation_find(generation, address);
    char *text = generation->conf.error;
    int error = errno;

    conf_fail_errno(&generation->conf, binding ? binding->node : NULL, error, "%s to %s failed", call,
                    address->text);
    if (error == EADDRINUSE)
        port_holder_text(address, text + strlen(text), sizeof generation->conf.error - strlen(text));
    return -error;
}

static unsigned mode_of(const struct binding *binding)
{
    return binding->mode ? binding->mode : UNIX_MODE;
}

static int set_mode(struct socket_set *set, unsigned mode)
{
    if (!is_unix(&set->address) || set->mode == mode || set->systemd)
        return 0;
    if (chmod(((const struct sockaddr_un *)&set->address.socket)->sun_path, mode))
        return -errno;
    set->mode = mode;
    return 0;
}

static int start_listening(struct socket_set *set, struct generation *generation,
                           const struct binding *binding)
{
    int backlog = binding->backlog < 0 ? SOMAXCONN : binding->backlog;

    if (!set->mode && set_mode(set, mode_of(binding)))
        return fail(generation, &set->address, "chmod()");
    if (set->backlog != backlog)
        set->listening = 0; /* a second listen(2) of a socket only sets the length of its queue */
    set->backlog = backlog;
    for (; set->listening < set->count; set->listening++)
        if (listen(set->fds[set->listening], backlog))
            return fail(generation, &set->address, "listen()");
    return 0;
}

static struct socket_set *find_set(struct socket_set *sets, const struct listen_address *address)
{
    for (; sets; sets = sets->next)
        if (listen_address_equal(&sets->address, address))
            return sets;
    return NULL;
}

/* Whether an address that we listen on already is in the way of a probe. */
static bool ours_overlaps(const struct socket_set *sets, const struct listen_address *address)
{
    for (; sets; sets = sets->next)
        if (listen_address_overlaps(&sets->address, address))
            return true;
    return false;
}

static int probe(struct socket_set *sets, struct generation *generation, const struct listen_address *address)
{
    int fd;

    if (ours_overlaps(sets, address))
        return 0;
    if (is_unix(address))
        socket_path_remove_stale(address);
    fd = socket_bind(address, false);
    if (fd < 0)
        return fail(generation, address, "bind()");
    if (!is_unix(address) && listen(fd, 1)) {
        close(fd);
        return fail(generation, address, "listen()");
    }
    close(fd);
    if (is_unix(address))
        unlink(((const struct sockaddr_un *)&address->socket)->sun_path);
    return 0;
}

static void free_set(struct socket_set *set)
{
    holds_none(set, "an address's sockets");
    for (unsigned i = 0; i < set->count; i++)
        close(set->fds[i]);
    sysmem_free(SYSMEM_OF_WORKERS, set->fds, set->capacity * sizeof *set->fds);
    sysmem_free(SYSMEM_OF_WORKERS, set, sizeof *set);
}

static void close_set(struct socket_set *set)
{
    struct listen_address address = set->address;
    bool systemd = set->systemd;

    free_set(set);
    if (!systemd)
        socket_path_end(&address);
    supervised_tell_gone(&address);
}

/* A unix socket cannot be bound twice: one worker accepts for all. At the control socket each accepts for
 * itself, by a descriptor of its own of the one socket: a worker that hangs keeps nobody from the others. */
static unsigned sockets_wanted(const struct binding *binding, unsigned workers)
{
    return is_unix(&binding->address) && !binding->pools.spared ? 1 : workers;
}

static bool make_room(struct socket_set *set, unsigned count)
{
    int *fds;

    if (count <= set->capacity)
        return true;
    fds = sysmem_realloc(SYSMEM_OF_WORKERS, set->fds, set->capacity * sizeof *fds, count * sizeof *fds);
    if (!fds)
        return false;
    set->fds = fds;
    set->capacity = count;
    return true;
}

/* The kernel lets only the user who has the first socket bind another one to its address. A server that has
 * given up being root, or a new binary that has not yet, shares the first one's queue. So do all where it is
 * systemd's: its port may not be for us. */
static int one_more(const struct socket_set *set)
{
    bool single = set->count && (is_unix(&set->address) || set->systemd);
    int fd = single ? -EADDRINUSE : socket_bind(&set->address, true);

    return fd == -EADDRINUSE && set->count ? fcntl(set->fds[0], F_DUPFD_CLOEXEC, 0) : fd;
}

/* Binds more sockets until the set has `count`. */
static int fill_set(struct socket_set *set, struct generation *generation, const struct binding *binding,
                    unsigned count)
{
    if (!make_room(set, count))
        return conf_fail_memory(&generation->conf);
    while (set->count < count) {
        int fd = one_more(set);

        if (fd < 0)
            return fail(generation, &binding->address, "bind()");
        set->fds[set->count++] = fd;
    }
    return 0;
}

static struct socket_set *make_set(struct socket_set **sets, const struct listen_address *address)
{
    struct socket_set *set = sysmem_calloc(SYSMEM_OF_WORKERS, sizeof *set);

    if (!set)
        return NULL;
    set->address = *address;
    set->next = *sets;
    *sets = set;
    return set;
}

void sockets_inherit(struct socket_set *sets)
{
    for (; sets; sets = sets->next) {
        sets->told = sets->count;
        sets->served = sets->mode = 0;
    }
}

void sockets_tell(struct socket_set *sets)
{
    for (; sets; sets = sets->next)
        while (sets->told < sets->count)
            supervised_tell_socket(&sets->address, sets->fds[sets->told++]);
}

int sockets_keep(struct socket_set **sets, const struct listen_address *address, int fd, bool systemd)
{
    struct socket_set *set = find_set(*sets, address);

    if (!set)
        set = make_set(sets, address);
    if (!set || !make_room(set, set->count + 1))
        return -ENOMEM;
    set->fds[set->count++] = fd;
    set->systemd |= systemd;
    return 0;
}

void sockets_forget(struct socket_set **sets, const struct listen_address *address)
{
    for (; *sets; sets = &(*sets)->next)
        if (listen_address_equal(&(*sets)->address, address)) {
            struct socket_set *set = *sets;

            *sets = set->next;
            free_set(set);
            return;
        }
}

void sockets_gone(struct socket_set **sets, const struct listen_address *address)
{
    const struct socket_set *set = find_set(*sets, address);
    bool systemd = set && set->systemd;

    sockets_forget(sets, address);
    if (socket_paths_shared() && is_unix(address) && !systemd)
        socket_path_remove_stale(address);
}

void sockets_leave(struct socket_set **sets)
{
    while (*sets)
        sockets_forget(sets, &(*sets)->address);
}

void sockets_keep_needed(struct socket_set **sets, const struct generation *generation)
{
    while (*sets) {
        if (generation_find(generation, &(*sets)->address)) {
            sets = &(*sets)->next;
            continue;
        }
        sockets_forget(sets, &(*sets)->address);
    }
}

/* After a failure: what was bound for the new configuration goes, what serves the old one stays. */
static void give_up(struct socket_set **sets, struct socket_set *before)
{
    while (*sets != before) {
        struct socket_set *set = *sets;

        *sets = set->next;
        close_set(set);
    }
    for (struct socket_set *set = before; set; set = set->next)
        while (set->count > set->served)
            close(set->fds[--set->count]);
    for (struct socket_set *set = before; set; set = set->next)
        set->listening = set->count;
}

static int bind_all(struct socket_set **sets, struct generation *generation, unsigned workers)
{
    for (struct binding *binding = generation->bindings; binding; binding = binding->next) {
        struct socket_set *set = find_set(*sets, &binding->address);
        int result;

        if (!set)
            set = make_set(sets, &binding->address);
        if (!set)
            return conf_fail_memory(&generation->conf);
        result = fill_set(set, generation, binding, sockets_wanted(binding, workers));
        if (result)
            return result;
        binding->sockets = set;
    }
    return 0;
}

int sockets_open(struct socket_set **sets, struct generation *generation, unsigned workers)
{
    struct socket_set *before = *sets;
    int result = 0;

    for (struct binding *binding = generation->bindings; binding && !result; binding = binding->next)
        if (!find_set(before, &binding->address))
            result = probe(before, generation, &binding->address);
    if (!result)
        result = bind_all(sets, generation, workers);
    for (struct binding *binding = generation->bindings; binding && !result; binding = binding->next)
        result = start_listening(binding->sockets, generation, binding);
    if (result)
        give_up(sets, before);
    return result;
}

/* Socket i of an address goes to worker i modulo their number. */
static unsigned share_of(const struct generation *generation, unsigned worker, unsigned workers,
                         struct listener *listeners, struct worker *owner)
{
    unsigned count = 0;

    for (const struct binding *binding = generation->bindings; binding; binding = binding->next)
        for (unsigned i = worker; i < binding->sockets->count; i += workers) {
            if (listeners)
                listener_init(&listeners[count], owner, binding, binding->sockets->fds[i]);
            count++;
        }
    return count;
}

int sockets_share(struct generation *generation, const struct crew *crew, unsigned count)
{
    struct share *shares = pool_array(generation->pool, count, sizeof *shares, "shares");

    if (!shares)
        return conf_fail_memory(&generation->conf);
    for (unsigned i = 0; i < count; i++) {
        shares[i].worker = crew->members[i].worker;
        shares[i].count = share_of(generation, i, count, NULL, NULL);
        shares[i].listeners =
            pool_array(generation->pool, shares[i].count + 1, sizeof *shares[i].listeners, "listeners");
        if (!shares[i].listeners)
            return conf_fail_memory(&generation->conf);
        share_of(generation, i, count, shares[i].listeners, shares[i].worker);
    }
    for (const struct binding *binding = generation->bindings; binding; binding = binding->next)
        binding->sockets->served = binding->sockets->count;
    generation->shares = shares;
    generation->worker_count = count;
    return 0;
}

static void set_mode_or_say(struct socket_set *set, unsigned mode)
{
    if (set_mode(set, mode))
        log_write(log_thread(), LOG_LEVEL_ALERT, errno, "chmod() to %s failed", set->address.text);
}

int sockets_narrow(struct generation *generation, const struct generation *old)
{
    const struct binding *binding, *before;
    int result = 0;

    for (binding = generation->bindings; binding && !result; binding = binding->next)
        if (set_mode(binding->sockets, binding->sockets->mode & mode_of(binding)))
            result = fail(generation, &binding->address, "chmod()");
    for (binding = generation->bindings; binding && result; binding = binding->next) {
        before = generation_find(old, &binding->address);
        if (before)
            set_mode_or_say(binding->sockets, mode_of(before));
    }
    return result;
}

void sockets_sweep(struct socket_set **sets, const struct generation *current)
{
    while (*sets) {
        struct socket_set *set = *sets;
        const struct binding *binding = current ? generation_find(current, &set->address) : NULL;

        if (binding) {
            set_mode_or_say(set, mode_of(binding));
            sets = &set->next;
            continue;
        }
        *sets = set->next;
        close_set(set);
    }
}
