/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server process gives up for good. */
#include "server/process/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool/annotate.h"
#include "server/log/log.h"
#include "server/process/landlock.h"
#include "server/process/process.h"
#include "server/process/sandbox_paths.h"

#if defined __x86_64__
#define SANDBOX_PROCESSOR AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define SANDBOX_PROCESSOR AUDIT_ARCH_AARCH64
#endif

#ifdef SANDBOX_PROCESSOR

#define LOAD(field)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define FAIL(error)    RETURN(SECCOMP_RET_ERRNO | (error))
#define ALLOW          RETURN(SECCOMP_RET_ALLOW)

/* Both skip so many instructions. */
#define IF(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (then), (otherwise))
#define IF_ABOVE(value, then)      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (value), (then), 0)
#define REFUSE(call)               IF(SYS_##call, 0, 1), FAIL(EPERM)
#define CALL(call, size, ...)      IF(SYS_##call, 0, size), __VA_ARGS__ /* of so many instructions */

enum {
    FOREIGN_CALLS = 0x40000000, /* x86-64: from here on those of x32, another set of numbers */
    SOCKET_TYPES = 0xf          /* the rest are SOCK_CLOEXEC and SOCK_NONBLOCK */
};

/* The answer depends on the number alone, but for clone, ioctl, prlimit64 and socket: so the kernel (5.11 and
 * later) remembers what else is allowed, and does not run this for each call. For that the flags of sendto
 * are not looked at (MSG_FASTOPEN connects): it is called for each answer. */
static const struct sock_filter sandbox_filter[] = {
    LOAD(arch),
    IF(SANDBOX_PROCESSOR, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN_CALLS, 0, 1),
    FAIL(ENOSYS),
    /* another program */
    REFUSE(execve),
    REFUSE(execveat),
#ifdef SYS_uselib
    REFUSE(uselib),
#endif
    /* other processes */
    REFUSE(process_vm_readv),
    REFUSE(process_vm_writev),
    REFUSE(kcmp),
    REFUSE(pidfd_getfd),
    REFUSE(move_pages),
    REFUSE(migrate_pages),
#ifdef SYS_process_madvise
    REFUSE(process_madvise),
#endif
    CALL(prlimit64, 4, LOAD(args[0]), IF(0, 1, 0), FAIL(EPERM), ALLOW), /* 0: this one */
    /* namespaces, mounts, other roots */
    REFUSE(setns),
    REFUSE(unshare),
    REFUSE(chroot),
    REFUSE(pivot_root),
    REFUSE(mount),
    REFUSE(umount2),
    REFUSE(open_tree),
    REFUSE(move_mount),
    REFUSE(fsopen),
    REFUSE(fsconfig),
    REFUSE(fsmount),
    REFUSE(fspick),
    REFUSE(mount_setattr),
    REFUSE(open_by_handle_at),
    REFUSE(quotactl),
#ifdef SYS_quotactl_fd
    REFUSE(quotactl_fd),
#endif
    REFUSE(swapon),
    REFUSE(swapoff),
    /* the kernel and the machine */
    REFUSE(init_module),
    REFUSE(finit_module),
    REFUSE(delete_module),
    REFUSE(kexec_load),
    REFUSE(kexec_file_load),
    REFUSE(reboot),
    REFUSE(acct),
    REFUSE(syslog),
    REFUSE(sethostname),
    REFUSE(setdomainname),
    REFUSE(settimeofday),
    REFUSE(clock_settime),
    REFUSE(clock_adjtime),
    REFUSE(adjtimex),
    REFUSE(vhangup),
    /* words put into the mouth of whoever sits at the terminal */
    CALL(ioctl, 5, LOAD(args[1]), IF(TIOCSTI, 1, 0), IF(TIOCLINUX, 0, 1), FAIL(EPERM), ALLOW),
    /* Sockets by which Landlock would not see a connection: of other families (vsock, SMC), MPTCP, SCTP. A
     * reload that resolves a name takes UDP and netlink. */
    CALL(socket, 15, LOAD(args[0]), IF(AF_UNIX, 4, 0), IF(AF_INET, 3, 0), IF(AF_INET6, 2, 0),
         IF(AF_NETLINK, 1, 0), FAIL(EPERM), LOAD(args[1]), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SOCKET_TYPES),
         IF_ABOVE(SOCK_RAW, 4), LOAD(args[2]), IF(0, 3, 0), IF(IPPROTO_TCP, 2, 0), IF(IPPROTO_UDP, 1, 0),
         FAIL(EPERM), ALLOW),
    /* what faults of the kernel are reached by */
    REFUSE(bpf),
    REFUSE(perf_event_open),
    REFUSE(userfaultfd),
    REFUSE(add_key),
    REFUSE(request_key),
    REFUSE(keyctl),
    REFUSE(io_uring_setup),
    REFUSE(io_uring_enter),
    REFUSE(io_uring_register),
    REFUSE(personality),
#ifdef __x86_64__
    REFUSE(iopl),
    REFUSE(ioperm),
    REFUSE(modify_ldt),
#endif
#ifndef ANNOTATE_ASAN /* its search for leaks is a process that traces this one */
    REFUSE(ptrace),
#ifdef SYS_fork
    REFUSE(fork),
    REFUSE(vfork),
#endif
    /* Threads, no processes. The arguments of clone3 cannot be seen from here; libc falls back to clone. */
    IF(SYS_clone3, 0, 1),
    FAIL(ENOSYS),
    IF(SYS_clone, 0, 3),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
    FAIL(EPERM),
#endif
    ALLOW,
};

/* For all threads: a library may have made one. The processor's guard against reading other processes' memory
 * by speculation stays as it is: older kernels turn it on for each filter, which costs several per cent. */
static int refuse_calls(void)
{
    const struct sock_fprog program = {sizeof sandbox_filter / sizeof *sandbox_filter,
                                       (struct sock_filter *)(uintptr_t)sandbox_filter};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                          SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);

    if (result < 0)
        return -errno;
    return result ? -ESRCH : 0; /* the thread that cannot be reached */
}

#else

static int refuse_calls(void)
{
    return -ENOSYS;
}

#endif

void sandbox_prepare(void)
{
    unsigned long capability = 0;

    /* Until there is no capability of this number. Without CAP_SETPCAP the first is refused: then the set has
     * no meaning, as there are no new privileges. */
    while (!prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
        capability++;
}

/* All that is missing becomes one line. */
struct missing {
    char text[512]; /* all of it, and reasons of 30 bytes */
    size_t used;
};

static void lacks(struct missing *missing, int error, const char *what)
{
    char reason[128];
    int length;

    if (error >= 0)
        return;
    length = snprintf(missing->text + missing->used, sizeof missing->text - missing->used, "%s%s (%d: %s)",
                      missing->used ? ", " : "", what, -error, strerror_r(-error, reason, sizeof reason));
    missing->used += length > 0 ? (size_t)length : 0;
    if (missing->used > sizeof missing->text - 1)
        missing->used = sizeof missing->text - 1;
}

/* `version`: of the kernel's interface; negative: there is none. */
static void lacks_landlock(struct missing *missing, int version)
{
    static const struct {
        int version;
        const char *what;
    } later[] = {
        {LANDLOCK_TRUNCATES, "restricting truncation"},
        {LANDLOCK_CONNECTS, "refusing connections to others"},
        {LANDLOCK_DEVICES, "restricting ioctl of devices"},
        {LANDLOCK_SIGNALS, "refusing signals and abstract sockets to others"},
    };

    lacks(missing, version, "restricting files, connections and signals");
    for (unsigned i = 0; i < sizeof later / sizeof *later && version >= 0; i++)
        lacks(missing, version >= later[i].version ? 0 : -ENOSYS, later[i].what);
}

void sandbox_enter(const struct sandbox_paths *paths, const struct log *log)
{
    struct missing missing = {.used = 0};

    lacks(&missing, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0, "\"no new privileges\"");
    lacks_landlock(&missing, landlock_enter(paths));
    lacks(&missing, process_keep_bind_service(), "dropping capabilities");
    lacks(&missing, refuse_calls(), "refusing system calls");
    if (missing.used)
        log_write(log, LOG_LEVEL_ERROR, 0, "the sandbox goes without %s", missing.text);
}
