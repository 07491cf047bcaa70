/* SPDX-License-Identifier: BSD-2-Clause */
/* The last line of a process that crashes. Between on_crash and the end: only what a handler of a signal may
 * call. */
#include "server/process/crash.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool/sysmem.h"
#include "server/log/log_line.h"
#include "server/log/log_signal.h"
#include "server/log/log_text.h"
#include "server/process/backtrace.h"

enum {
    STACK = 64 * 1024, /* the kernel's frame takes up to 11 KiB, the line and its making less */
    SUBJECT = 1536,    /* bytes that describe what the thread was doing */
    LAST_WORD = 64     /* bytes of the line for the handler's own crash */
};

static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

_Thread_local const void *crash_subject;

static _Thread_local struct {
    const char *name;
    bool numbered;
    unsigned number;
    size_t (*describe)(const void *subject, char *to, size_t size);
    char *pages;
} crash_thread;

/* The crash. */
static struct {
    atomic_int thread; /* its number for the kernel; 0: none has crashed */
    int number;        /* of the signal */
    bool again;        /* the handler has crashed */
    struct log_signal_places places;
    struct log_line line;
    char bytes[PIPE_BUF];
} crash;

/* ---- the line ---- */

static void crash_put(const char *text)
{
    log_line_string(&crash.line, text);
}

static void put_number(unsigned number)
{
    char text[16];

    log_line_text(&crash.line, text, log_text_print(text, sizeof text, "%u", number));
}

static void put_signal(int number)
{
    crash_put("signal ");
    put_number((unsigned)number);
    crash_put(" (SIG");
    crash_put(sigabbrev_np(number)); /* a table of libc's */
    crash_put(")");
}

/* What the kernel means by the code; null: that is not known here, or not worth a word. */
static const char *meaning_of(const siginfo_t *info)
{
    static const struct {
        int number, code;
        const char *text;
    } meanings[] = {
        {SIGSEGV, SEGV_MAPERR, "nothing is mapped there"},
        {SIGSEGV, SEGV_ACCERR, "no permission"},
        {SIGBUS, BUS_ADRALN, "wrong alignment"},
        {SIGBUS, BUS_ADRERR, "the file does not reach so far"},
        {SIGBUS, BUS_OBJERR, "the hardware failed"},
        {SIGFPE, FPE_INTDIV, "division by zero"},
        {SIGFPE, FPE_INTOVF, "overflow"},
        {SIGILL, ILL_ILLOPN, "no such instruction"},
        {SIGILL, ILL_ILLOPC, "no such instruction"},
        {SIGILL, ILL_PRVOPC, "a privileged instruction"},
    };

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (info->si_signo == meanings[i].number && info->si_code == meanings[i].code)
            return meanings[i].text;
    return NULL;
}

/* "signal 11 (SIGSEGV), code 1 (nothing is mapped there), address 0x18", or who has sent it. */
static void put_cause(const siginfo_t *info)
{
    const char *meaning = meaning_of(info);

    put_signal(info->si_signo);
    if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE) {
        crash_put(info->si_pid == getpid() ? ", sent by this process" : ", sent by process ");
        if (info->si_pid != getpid())
            put_number((unsigned)info->si_pid);
        return;
    }
    crash_put(", code ");
    put_number((unsigned)info->si_code);
    if (meaning) {
        crash_put(" (");
        crash_put(meaning);
        crash_put(")");
    }
    crash_put(", address ");
    backtrace_address(&crash.line, (uintptr_t)info->si_addr);
}

static void put_subject(void)
{
    char text[SUBJECT];

    if (!crash_subject || !crash_thread.describe)
        return;
    crash_put("; ");
    log_line_escaped(&crash.line, text, crash_thread.describe(crash_subject, text, sizeof text));
}

/* What may crash itself comes last, and of that first what is needed most. */
static void put_all(const siginfo_t *info, void *context)
{
    crash_put("crashed in ");
    crash_put(crash_thread.name ? crash_thread.name : "a thread");
    if (crash_thread.numbered) {
        crash_put(" ");
        put_number(crash_thread.number);
    }
    crash_put(": ");
    put_cause(info);
    crash_put("; backtrace: ");
    backtrace_frames(&crash.line, context);
    put_subject();
}

/* ---- the handler ---- */

static void write_line(void)
{
    log_signal_write(&crash.places, LOG_LEVEL_ALERT, crash.line.bytes, crash.line.length);
}

/* Nothing more can be relied on. */
static void crash_again(int number)
{
    signal(number, SIG_DFL);
    if (!crash.again) {
        crash.again = true;
        crash.line.max += LAST_WORD;
        crash_put("; then ");
        put_signal(number);
        crash_put(" in what makes this line");
        if (!crash.places.count)
            log_signal_find(NULL, LOG_LEVEL_ALERT, &crash.places);
        write_line();
    }
    signal(crash.number, SIG_DFL);
    raise(crash.number);
}

/* The same signal, with all that the kernel has told of it, comes once more when the handler returns. */
static void leave_to_default(int number, siginfo_t *info)
{
    sigset_t set;

    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), number, info))
        syscall(SYS_tgkill, getpid(), gettid(), number);
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    int nobody = 0, me = gettid();

    if (!atomic_compare_exchange_strong(&crash.thread, &nobody, me)) {
        while (nobody != me) /* the process ends in a moment */
            pause();
        crash_again(number);
        return;
    }
    crash.number = number;
    crash.line = (struct log_line){.bytes = crash.bytes + LOG_SIGNAL_ROOM,
                                   .max = sizeof crash.bytes - LOG_SIGNAL_ROOM - 1 - LAST_WORD};
    log_signal_find(log_thread(), LOG_LEVEL_ALERT, &crash.places);
    put_all(info, context);
    write_line();
    leave_to_default(number, info);
}

/* ---- threads ---- */

/* Pages that nobody touches before a crash, and below them one that nobody may. */
static int take_stack(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = sysmem_reserve(SYSMEM_OF_WORKERS, page, page + STACK);
    stack_t stack = {.ss_size = STACK};

    if (!pages)
        return -ENOMEM;
    stack.ss_sp = pages + page;
    if (mprotect(pages, page, PROT_NONE) || sigaltstack(&stack, NULL)) {
        int error = errno;

        sysmem_unreserve(SYSMEM_OF_WORKERS, pages, page + STACK);
        return -error;
    }
    crash_thread.pages = pages;
    return 0;
}

int crash_start(const char *name)
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    int error;

    crash_thread.name = name;
    if (!CRASH_OURS)
        return 0;
    error = take_stack();
    if (error)
        return error;
    backtrace_start();
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        sigaction(deadly[i], &action, NULL); /* fails for no signal but KILL and STOP */
    return 0;
}

int crash_thread_start(const char *name, unsigned number,
                       size_t (*describe)(const void *subject, char *to, size_t size))
{
    crash_thread.name = name;
    crash_thread.numbered = true;
    crash_thread.number = number;
    crash_thread.describe = describe;
    return CRASH_OURS ? take_stack() : 0;
}

void crash_thread_end(void)
{
    stack_t none = {.ss_flags = SS_DISABLE};

    if (!crash_thread.pages)
        return;
    sigaltstack(&none, NULL);
    sysmem_unreserve(SYSMEM_OF_WORKERS, crash_thread.pages, (size_t)sysconf(_SC_PAGESIZE) + STACK);
    crash_thread.pages = NULL;
}

void crash_leave_open(sigset_t *set)
{
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        sigdelset(set, deadly[i]);
}
