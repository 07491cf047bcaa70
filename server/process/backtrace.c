/* SPDX-License-Identifier: BSD-2-Clause */
/* How a thread came to where it was interrupted. */
#include "server/process/backtrace.h"

#include <string.h>
#include <ucontext.h>
#include <unwind.h>

#include "server/log/log_line.h"
#include "server/process/code_names.h"

enum { FRAMES = 32 /* at most */ };

void backtrace_address(struct log_line *line, uintptr_t address)
{
    char digits[2 * sizeof address], *at = digits + sizeof digits;

    do
        *--at = "0123456789abcdef"[address & 15];
    while (address >>= 4);
    log_line_string(line, "0x");
    log_line_text(line, at, (size_t)(digits + sizeof digits - at));
}

/* "tidepool+0x41f2c (http_body_take)". */
static void put_frame(struct log_line *line, uintptr_t address)
{
    struct code_name name;

    if (!code_names_find(address, &name)) {
        backtrace_address(line, address);
        return;
    }
    log_line_string(line, name.module);
    log_line_string(line, "+");
    backtrace_address(line, name.offset);
    if (*name.function) {
        log_line_string(line, " (");
        log_line_string(line, name.function);
        log_line_string(line, ")");
    }
}

struct walk {
    struct log_line *line;
    uintptr_t from; /* frames before this one are the handler's; 0: not known */
    unsigned frames;
};

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *data)
{
    struct walk *walk = data;
    int exact = 0;
    uintptr_t address = _Unwind_GetIPInfo(context, &exact);

    if (!walk->frames && walk->from && address != walk->from)
        return _URC_NO_REASON;
    if (!address || walk->frames == FRAMES)
        return _URC_NORMAL_STOP;
    if (walk->frames++)
        log_line_string(walk->line, ", ");
    put_frame(walk->line, exact ? address : address - 1); /* the call itself, not what follows it */
    return _URC_NO_REASON;
}

/* The frames from the one that crashed on. After a jump to where no code is, it has none: then its caller's
 * is asked for, by the address to return to, and the registers are put back. */
void backtrace_frames(struct log_line *line, void *interrupted)
{
    struct walk walk = {.line = line};

#ifdef __x86_64__
    struct code_name name;
    ucontext_t *context = interrupted;
    greg_t *registers = context->uc_mcontext.gregs, at = registers[REG_RIP], stack = registers[REG_RSP];
    uintptr_t caller;

    if (!code_names_find((uintptr_t)at, &name)) {
        backtrace_address(line, (uintptr_t)at);
        log_line_string(line, " (no code), ");
        memcpy(&caller, (const void *)(uintptr_t)stack, sizeof caller);
        registers[REG_RIP] = (greg_t)caller;
        registers[REG_RSP] = stack + (greg_t)sizeof caller;
    }
    walk.from = (uintptr_t)registers[REG_RIP];
    _Unwind_Backtrace(on_frame, &walk);
    if (!walk.frames)
        put_frame(line, walk.from);
    registers[REG_RIP] = at;
    registers[REG_RSP] = stack;
#else
    (void)interrupted;
    _Unwind_Backtrace(on_frame, &walk);
#endif
}

static _Unwind_Reason_Code nothing(struct _Unwind_Context *context, void *data)
{
    (void)context;
    (void)data;
    return _URC_NO_REASON;
}

void backtrace_start(void)
{
    code_names_start();
    _Unwind_Backtrace(nothing, NULL); /* the first time it makes tables */
}
