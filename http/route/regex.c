/* SPDX-License-Identifier: BSD-2-Clause */
/* PCRE2: memory for it, compiling, matching with the thread's scratch. */
#include "http/route/regex.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "pool/pool.h"
#include "pool/sysmem.h"

struct http_regex {
    pcre2_code *code;
    uint32_t groups;
    const struct conf_node *node; /* null: in no file */
    const char *pattern;
};

/* What a thread matches with. */
struct scratch {
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
};

static _Thread_local struct scratch *thread_scratch;
static _Thread_local const struct http_regex *gave_up; /* the last that did */
static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static int scratch_key_error; /* of pthread_key_create */

/* ---- memory: what is compiled lies in a pool, scratch memory is the system's ---- */

static void *from_pool(size_t size, void *pool)
{
    return pool_alloc(pool, size, "regex");
}

static void to_pool(void *block, void *pool)
{
    /* A large block is freed; any other stays as long as the pool. */
    (void)pool_free(pool, block);
}

/* PCRE2 frees without a size, so it stands before each block, which stays aligned to 16. */
struct prefix {
    _Alignas(16) size_t size;
};

static void *from_system(size_t size, void *unused)
{
    struct prefix *prefix;

    (void)unused;
    if (size > SIZE_MAX - sizeof *prefix)
        return NULL;
    prefix = sysmem_alloc(SYSMEM_OF_REGEX, sizeof *prefix + size);
    if (!prefix)
        return NULL;
    prefix->size = size;
    return prefix + 1;
}

static void to_system(void *block, void *unused)
{
    struct prefix *prefix = block;

    (void)unused;
    if (prefix)
        sysmem_free(SYSMEM_OF_REGEX, prefix - 1, sizeof *prefix + prefix[-1].size);
}

/* ---- compiling ---- */

static int fail_compile(struct conf *conf, const struct conf_node *node, const char *pattern, int error,
                        size_t offset)
{
    PCRE2_UCHAR sentence[128] = "";

    if (error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAP_FAILED)
        return conf_fail_memory(conf);
    (void)pcre2_get_error_message(error, sentence, sizeof sentence);
    if (offset >= strlen(pattern))
        return conf_fail(conf, node, "pcre2_compile() failed: %s in \"%s\"", (char *)sentence, pattern);
    return conf_fail(conf, node, "pcre2_compile() failed: %s in \"%s\" at \"%s\"", (char *)sentence, pattern,
                     pattern + offset);
}

struct http_regex *http_regex_compile(struct conf *conf, const struct conf_node *node, const char *pattern,
                                      bool caseless)
{
    struct http_regex *regex = pool_calloc(conf->pool, sizeof *regex, "regex");
    pcre2_general_context *general = pcre2_general_context_create(from_pool, to_pool, conf->pool);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    size_t offset = 0;
    int error = PCRE2_ERROR_NOMEMORY;

    if (regex && context)
        regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, caseless ? PCRE2_CASELESS : 0,
                                    &error, &offset, context);
    if (!regex || !regex->code) {
        fail_compile(conf, node, pattern, error, offset);
        return NULL;
    }
    regex->node = node;
    regex->pattern = pattern;
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &regex->groups);
    if (regex->groups >= HTTP_REGEX_GROUPS) {
        conf_fail(conf, node, "the regular expression \"%s\" has %u groups, at most %d are possible", pattern,
                  regex->groups, HTTP_REGEX_GROUPS - 1);
        return NULL;
    }
    return regex;
}

unsigned http_regex_groups(const struct http_regex *regex)
{
    return regex->groups;
}

unsigned http_regex_group(const struct http_regex *regex, const char *name)
{
    int group = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)name);

    return group > 0 ? (unsigned)group : 0;
}

const char *http_regex_name(const struct http_regex *regex, unsigned index)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR table = NULL;

    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    return index < count ? (const char *)table + (size_t)index * size + 2 : NULL; /* behind its number */
}

/* ---- matching ---- */

static void scratch_destroy(void *data)
{
    struct scratch *scratch = data;

    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    pcre2_general_context_free(scratch->general);
    sysmem_free(SYSMEM_OF_REGEX, scratch, sizeof *scratch);
}

static void make_key(void)
{
    scratch_key_error = pthread_key_create(&scratch_key, scratch_destroy);
}

static struct scratch *scratch_create(void)
{
    struct scratch *scratch = sysmem_calloc(SYSMEM_OF_REGEX, sizeof *scratch);

    if (!scratch)
        return NULL;
    scratch->general = pcre2_general_context_create(from_system, to_system, NULL);
    if (scratch->general) {
        scratch->context = pcre2_match_context_create(scratch->general);
        scratch->data = pcre2_match_data_create(HTTP_REGEX_GROUPS, scratch->general);
    }
    /* The key's destructor frees it when the thread ends. */
    if (scratch->context && scratch->data && !pthread_once(&scratch_once, make_key) && !scratch_key_error &&
        !pthread_setspecific(scratch_key, scratch)) {
        pcre2_set_match_limit(scratch->context, HTTP_REGEX_STEPS);
        pcre2_set_heap_limit(scratch->context, HTTP_REGEX_HEAP);
        return scratch;
    }
    scratch_destroy(scratch);
    return NULL;
}

void http_regex_thread_release(void)
{
    if (!thread_scratch)
        return;
    (void)pthread_setspecific(scratch_key, NULL);
    scratch_destroy(thread_scratch);
    thread_scratch = NULL;
}

/* The spans found, or NULL and *result says why there are none. */
static const PCRE2_SIZE *match(const struct http_regex *regex, struct http_text subject,
                               enum http_regex_result *result)
{
    int found;

    *result = HTTP_REGEX_FAILED;
    if (!thread_scratch)
        thread_scratch = scratch_create();
    if (!thread_scratch) {
        gave_up = regex;
        return NULL;
    }
    found = pcre2_match(regex->code, (PCRE2_SPTR)subject.bytes, subject.length, 0, 0, thread_scratch->data,
                        thread_scratch->context);
    if (found > 0)
        *result = HTTP_REGEX_MATCH;
    else if (found == PCRE2_ERROR_NOMATCH)
        *result = HTTP_REGEX_NO_MATCH;
    else
        gave_up = regex;
    return found > 0 ? pcre2_get_ovector_pointer(thread_scratch->data) : NULL;
}

void http_regex_explain(char *to, size_t size)
{
    const struct conf_node *node = gave_up ? gave_up->node : NULL;

    if (node)
        snprintf(to, size, "the regular expression \"%s\" of \"%s\" in %s:%u gave up", gave_up->pattern,
                 *node->name == '~' ? "map" : node->name, /* in a map the expression is the name */
                 node->file, node->line);
    else
        snprintf(to, size, "a regular expression gave up");
}

static struct http_text span(struct http_text subject, const PCRE2_SIZE *spans, unsigned group)
{
    PCRE2_SIZE from = spans[2 * group], to = spans[2 * group + 1];

    /* \K in a lookahead makes an end that lies before its start; PCRE2 from 10.38 on refuses it. */
    if (from == PCRE2_UNSET || to <= from)
        return (struct http_text){subject.bytes, 0};
    return (struct http_text){subject.bytes + from, to - from};
}

enum http_regex_result http_regex_match(const struct http_regex *regex, struct http_text subject,
                                        struct http_text captures[HTTP_CAPTURES], unsigned *count)
{
    enum http_regex_result result;
    const PCRE2_SIZE *spans = match(regex, subject, &result);

    if (!spans)
        return result;
    *count = regex->groups ? regex->groups + 1 : 0;
    if (*count > HTTP_CAPTURES)
        *count = HTTP_CAPTURES;
    /* Groups behind the last that took part are unset in the spans, too. */
    for (unsigned i = 0; i < *count; i++)
        captures[i] = span(subject, spans, i);
    return result;
}

enum http_regex_result http_regex_match_group(const struct http_regex *regex, struct http_text subject,
                                              unsigned group, struct http_text *capture)
{
    enum http_regex_result result;
    const PCRE2_SIZE *spans = match(regex, subject, &result);

    if (spans)
        *capture = span(subject, spans, group);
    return result;
}
