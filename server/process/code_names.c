/* SPDX-License-Identifier: BSD-2-Clause */
/* What an address of code is called, without a lock or memory. */
#include "server/process/code_names.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

enum {
    MODULES = 32,     /* libev, pcre2, zlib, libc … are a handful */
    MODULE_NAME = 32, /* bytes of a name; a longer one is cut */
    SYMBOLS_A_READ = 64
};

static struct {
    unsigned count;
    struct module {
        uintptr_t base, start, end; /* what offsets are from; its code */
        char name[MODULE_NAME];
    } at[MODULES]; /* the program is the first */
} code_names;

/* What is loaded, in the order of loading: the program has no name there. */
static int add_module(struct dl_phdr_info *info, size_t size, void *data)
{
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash ? slash + 1 : info->dlpi_name;

    (void)size;
    (void)data;
    for (unsigned i = 0; i < info->dlpi_phnum && code_names.count < MODULES; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        struct module *module = &code_names.at[code_names.count];

        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        module->base = info->dlpi_addr;
        module->start = info->dlpi_addr + part->p_vaddr;
        module->end = module->start + part->p_memsz;
        strncpy(module->name, *name ? name : program_invocation_short_name, MODULE_NAME - 1);
        code_names.count++;
    }
    return 0;
}

void code_names_start(void)
{
    code_names.count = 0;
    dl_iterate_phdr(add_module, NULL);
}

static bool read_at(int fd, void *to, size_t size, ElfW(Off) offset)
{
    return pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* The symbol of the function that `offset` lies in. */
static bool find_symbol(int fd, const ElfW(Shdr) * table, uintptr_t offset, ElfW(Sym) * found)
{
    ElfW(Sym) symbols[SYMBOLS_A_READ];
    size_t left = table->sh_size / sizeof *symbols, count;

    for (ElfW(Off) at = table->sh_offset; left; left -= count, at += count * sizeof *symbols) {
        count = left < SYMBOLS_A_READ ? left : SYMBOLS_A_READ;
        if (!read_at(fd, symbols, count * sizeof *symbols, at))
            return false;
        for (size_t i = 0; i < count; i++) {
            *found = symbols[i];
            /* The type has the same place in both sizes of ELF. */
            if (ELF64_ST_TYPE(found->st_info) == STT_FUNC && offset >= found->st_value &&
                offset - found->st_value < found->st_size)
                return true;
        }
    }
    return false;
}

/* The program's own file, which is known by this name even after another has taken its place. */
static void find_function(uintptr_t offset, char *name, size_t size)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ElfW(Ehdr) file;
    ElfW(Shdr) section, strings;
    ElfW(Sym) symbol;

    if (fd < 0)
        return;
    if (!read_at(fd, &file, sizeof file, 0))
        file.e_shnum = 0;
    for (unsigned i = 0; i < file.e_shnum; i++) {
        if (!read_at(fd, &section, sizeof section, file.e_shoff + i * sizeof section))
            break;
        if (section.sh_type != SHT_SYMTAB)
            continue;
        if (read_at(fd, &strings, sizeof strings, file.e_shoff + section.sh_link * sizeof strings) &&
            find_symbol(fd, &section, offset, &symbol) &&
            pread(fd, name, size - 1, (off_t)(strings.sh_offset + symbol.st_name)) <= 0)
            *name = '\0';
        break;
    }
    close(fd);
}

bool code_names_find(uintptr_t address, struct code_name *name)
{
    for (unsigned i = 0; i < code_names.count; i++) {
        const struct module *module = &code_names.at[i];

        if (address < module->start || address >= module->end)
            continue;
        memset(name, 0, sizeof *name);
        name->module = module->name;
        name->offset = address - module->base;
        if (module->base == code_names.at[0].base)
            find_function(name->offset, name->function, sizeof name->function);
        return true;
    }
    return false;
}
