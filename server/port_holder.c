/* SPDX-License-Identifier: BSD-2-Clause */
/* The listening socket of the kernel's table, and the process that has it open. */
#include "server/port_holder.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTENS = 0x0a /* the kernel's TCP_LISTEN */ };

struct holder {
    unsigned long inode, user;
};

/* The address as the table writes it: words of the machine's own order, hexadecimal; "" for none. */
static void table_text(const struct listen_address *address, char out[33])
{
    uint32_t words[4];
    const void *bytes = &((const struct sockaddr_in *)&address->socket)->sin_addr;
    size_t count = 1;

    if (address->socket.ss_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)&address->socket)->sin6_addr;
        count = 4;
    }
    memcpy(words, bytes, count * sizeof *words);
    for (size_t i = 0; i < count; i++)
        snprintf(out + i * 8, 9, "%08X", words[i]);
}

static bool is_any(const char *text)
{
    return text[strspn(text, "0")] == '\0';
}

/* Whether a socket at `theirs` keeps us from `ours`; of the other family only one for all addresses can. */
static bool overlaps(const char *ours, const char *theirs)
{
    return is_any(theirs) || (is_any(ours) && strlen(ours) == strlen(theirs)) || !strcmp(ours, theirs);
}

/* A row of the table: "0: 0100007F:1F90 00000000:0000 0A …", in words. */
static bool is_holder(char *row, const char *ours, unsigned port, struct holder *holder)
{
    enum { LOCAL = 1, STATE = 3, USER = 7, INODE = 9, WORDS };
    char *words[WORDS], *rest = NULL, *colon;
    unsigned count = 0;

    for (char *word = strtok_r(row, " ", &rest); word && count < WORDS; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    if (count < WORDS || !(colon = strchr(words[LOCAL], ':')))
        return false;
    *colon = '\0';
    holder->user = strtoul(words[USER], NULL, 10);
    holder->inode = strtoul(words[INODE], NULL, 10);
    return strtoul(words[STATE], NULL, 16) == LISTENS && strtoul(colon + 1, NULL, 16) == port &&
           overlaps(ours, words[LOCAL]);
}

static bool find_in(const char *table, const char *ours, unsigned port, struct holder *holder)
{
    FILE *file = fopen(table, "re");
    char line[512];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file))
        found = is_holder(line, ours, port, holder);
    if (file)
        fclose(file);
    return found;
}

static bool has_open(const char *pid, const char *link)
{
    char path[300], target[64];
    DIR *folder;
    const struct dirent *entry;
    bool found = false;
    ssize_t length;

    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    folder = opendir(path);
    while (folder && !found && (entry = readdir(folder))) {
        length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        found = !strcmp(target, link);
    }
    if (folder)
        closedir(folder);
    return found;
}

/* 0: none whose descriptors we may read. */
static int process_of(unsigned long inode)
{
    DIR *all = opendir("/proc");
    const struct dirent *entry;
    char link[64];
    int pid = 0;

    snprintf(link, sizeof link, "socket:[%lu]", inode);
    while (all && !pid && (entry = readdir(all)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && has_open(entry->d_name, link))
            pid = (int)strtol(entry->d_name, NULL, 10);
    if (all)
        closedir(all);
    return pid;
}

static void command_of(int pid, char *out, size_t size)
{
    char path[32];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    file = fopen(path, "re");
    *out = '\0';
    if (file && fgets(out, (int)size, file))
        out[strcspn(out, "\n")] = '\0';
    if (file)
        fclose(file);
}

void port_holder_text(const struct listen_address *address, char *out, size_t size)
{
    char ours[33], name[32];
    struct holder holder;
    unsigned port = listen_address_port(address);
    int pid;

    *out = '\0';
    if (!port)
        return;
    table_text(address, ours);
    if (!find_in("/proc/net/tcp", ours, port, &holder) && !find_in("/proc/net/tcp6", ours, port, &holder))
        return;
    pid = process_of(holder.inode);
    if (!pid) {
        snprintf(out, size, ": a process of user %lu listens there", holder.user);
        return;
    }
    command_of(pid, name, sizeof name);
    snprintf(out, size, ": process %d (%s) listens there", pid, name);
}
