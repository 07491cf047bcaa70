/* SPDX-License-Identifier: BSD-2-Clause */
/* Text to tree, file by file. */
#include "conf/read.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "conf/file.h"
#include "conf/foreign.h"
#include "conf/lexer.h"
#include "pool/pool.h"

enum { WORDS_MIN = 16 };

/* One text being read. */
struct reader {
    struct conf *conf;
    struct conf_lexer lexer;
    const char *name;
    bool option;        /* the argument of -g: no blocks, no line numbers */
    unsigned files;     /* includes around this text, itself included */
    const char **words; /* of the directive being read */
    unsigned word_count, word_capacity;
};

/* Why there is no further directive. */
enum stop { STOP_CLOSE, STOP_EOF, STOP_FAILED };

static int read_level(struct reader *reader, const struct conf_node *block, struct conf_node ***end,
                      unsigned depth);

static struct conf_node here(const struct reader *reader)
{
    return (struct conf_node){
        .file = reader->name, .line = reader->option ? 0 : reader->lexer.line, .place = reader->conf->nodes};
}

static int fail_here(struct reader *reader, const char *sentence)
{
    struct conf_node place = here(reader);

    return conf_fail(reader->conf, &place, "%s", sentence);
}

/* Words go into the pool one by one; the list of them is used again for the next directive. */
static int add_word(struct reader *reader)
{
    struct pool *pool = reader->conf->pool;
    char *word;

    if (reader->word_count == reader->word_capacity) {
        unsigned capacity = reader->word_capacity > 0 ? 2 * reader->word_capacity : WORDS_MIN;
        const char **words = pool_array(pool, capacity, sizeof *words, "conf words");

        if (!words)
            return conf_fail_memory(reader->conf);
        if (reader->word_count > 0)
            memcpy(words, reader->words, reader->word_count * sizeof *words);
        reader->words = words;
        reader->word_capacity = capacity;
    }
    word = pool_nalloc(pool, reader->lexer.word_length + 1, "conf word");
    if (!word)
        return conf_fail_memory(reader->conf);
    conf_unescape(word, reader->lexer.word, reader->lexer.word_length);
    reader->words[reader->word_count++] = word;
    return 0;
}

static struct conf_node *make_node(struct reader *reader, bool block)
{
    struct pool *pool = reader->conf->pool;
    unsigned arg_count = reader->word_count - 1;
    struct conf_node *node = pool_calloc(pool, sizeof *node, "conf node");
    const char **args = pool_array(pool, (size_t)arg_count + 1, sizeof *args, "conf arguments");

    if (!node || !args) {
        conf_fail_memory(reader->conf);
        return NULL;
    }
    memcpy(args, reader->words + 1, arg_count * sizeof *args);
    args[arg_count] = NULL;
    *node = here(reader);
    reader->conf->nodes++;
    node->name = reader->words[0];
    node->args = args;
    node->arg_count = arg_count;
    node->block = block;
    return node;
}

static enum stop end_of_text(struct reader *reader)
{
    const struct conf_lexer *lexer = &reader->lexer;
    struct conf_node place = here(reader);

    if (lexer->words == 0)
        return STOP_EOF;
    if (lexer->quote && !reader->option)
        conf_fail(reader->conf, &place,
                  "unexpected end of file, expecting a closing %c for the one on line %u", lexer->quote,
                  lexer->quote_line);
    else
        fail_here(reader, reader->option ? "unexpected end of parameter, expecting \";\""
                                         : "unexpected end of file, expecting \";\" or \"}\"");
    return STOP_FAILED;
}

/* Before a brace that closes, the end of the directive is what is missing. */
static int refuse_token(struct reader *reader)
{
    struct conf_node place = here(reader);
    const char *sentence = reader->lexer.error;

    if (reader->word_count == 0 || strcmp(sentence, "unexpected \"}\"") != 0)
        return fail_here(reader, sentence);
    return conf_fail(reader->conf, &place, "%s, a \";\" is missing behind \"%s\"", sentence,
                     reader->words[reader->word_count - 1]);
}

/* The next directive; NULL: there is none, and *stop says why. */
static struct conf_node *read_node(struct reader *reader, enum stop *stop)
{
    enum conf_token token;

    *stop = STOP_FAILED;
    reader->word_count = 0;
    while ((token = conf_lexer_next(&reader->lexer)) == CONF_TOKEN_WORD) {
        if (add_word(reader) != 0)
            return NULL;
    }
    switch (token) {
    case CONF_TOKEN_END:
    case CONF_TOKEN_OPEN:
        return make_node(reader, token == CONF_TOKEN_OPEN);
    case CONF_TOKEN_CLOSE:
        *stop = STOP_CLOSE;
        return NULL;
    case CONF_TOKEN_EOF:
        *stop = end_of_text(reader);
        return NULL;
    default:
        refuse_token(reader);
        return NULL;
    }
}

static int read_included(struct reader *outer, const struct conf_node *node, const char *path,
                         struct conf_node ***end, unsigned depth)
{
    struct reader reader = {.conf = outer->conf, .files = outer->files + 1, .name = path};
    struct conf_open open;
    struct conf_text text;
    int rc;

    if (reader.files > CONF_INCLUDE_MAX)
        return conf_fail(outer->conf, node, "too many files include one another");
    rc = conf_file_read(outer->conf, node, path, &open, &text);
    if (rc == 0)
        rc = conf_note_path(outer->conf, path, CONF_READ_FILES);
    if (rc != 0)
        return rc;
    conf_lexer_init(&reader.lexer, text.bytes, text.length);
    open.outer = outer->conf->open;
    outer->conf->open = &open;
    rc = read_level(&reader, NULL, end, depth);
    outer->conf->open = open.outer;
    return rc;
}

/* The folder that all of its files lie in. */
static int note_pattern(struct conf *conf, const char *pattern)
{
    char folder[PATH_MAX];
    size_t length = strcspn(pattern, "*?[");

    while (length && pattern[length - 1] != '/')
        length--;
    snprintf(folder, sizeof folder, "%.*s", (int)length, pattern);
    return conf_note_path(conf, folder, CONF_READ_FILES);
}

static int read_pattern(struct reader *reader, const struct conf_node *node, const char *pattern,
                        struct conf_node ***end, unsigned depth)
{
    glob_t found = {0};
    int failure = glob(pattern, 0, NULL, &found);
    int rc = note_pattern(reader->conf, pattern);

    if (rc == 0 && failure == GLOB_NOSPACE)
        rc = conf_fail_errno(reader->conf, node, ENOMEM, "glob() \"%s\" failed", pattern);
    else if (rc == 0 && failure != 0 && failure != GLOB_NOMATCH)
        rc = conf_fail_errno(reader->conf, node, EIO, "glob() \"%s\" failed", pattern);
    for (size_t i = 0; rc == 0 && failure == 0 && i < found.gl_pathc; i++) {
        /* The name outlives the list: nodes and the dump point to it. */
        const char *path = conf_full_name(reader->conf, found.gl_pathv[i], true);

        rc = path ? read_included(reader, node, path, end, depth) : -ENOMEM;
    }
    globfree(&found);
    return rc;
}

static int include(struct reader *reader, const struct conf_node *node, struct conf_node ***end,
                   unsigned depth)
{
    struct conf *conf = reader->conf;
    const char *path;

    if (node->block)
        return conf_fail(conf, node, "directive \"include\" is not terminated by \";\"");
    if (node->arg_count != 1)
        return conf_fail(conf, node, "invalid number of arguments in \"include\" directive");
    path = conf_full_name(conf, node->args[0], true);
    if (!path)
        return -ENOMEM;
    if (strpbrk(path, "*?["))
        return read_pattern(reader, node, path, end, depth);
    return read_included(reader, node, path, end, depth);
}

/* Its text is no configuration: the directive is what is wrong, and not what would be found in there. */
static bool is_lua(const struct conf_node *node)
{
    static const char end[] = "_by_lua_block";
    size_t length = strlen(node->name);

    return node->block && length > sizeof end - 1 && !strcmp(node->name + length - (sizeof end - 1), end);
}

static int add_node(struct reader *reader, struct conf_node *node, struct conf_node ***end, unsigned depth)
{
    struct conf_node **children_end = &node->children;

    if (node->block && reader->option)
        return conf_fail(reader->conf, node, "block directives are not supported in -g option");
    if (is_lua(node))
        return conf_fail(reader->conf, node, "unknown directive \"%s\" (%s)", node->name,
                         CONF_FOREIGN_SCRIPT);
    if (strcmp(node->name, "include") == 0)
        return include(reader, node, end, depth);
    **end = node;
    *end = &node->next;
    if (!node->block)
        return 0;
    if (depth == CONF_DEPTH_MAX)
        return conf_fail(reader->conf, node, "too many blocks in one another, at most %d", CONF_DEPTH_MAX);
    return read_level(reader, node, &children_end, depth + 1);
}

/* Reads up to the end of the text or the `}` of the block, appending at **end. `block`: NULL at the outermost
 * level of a text. */
static int read_level(struct reader *reader, const struct conf_node *block, struct conf_node ***end,
                      unsigned depth)
{
    struct conf_node place;
    struct conf_node *node;
    enum stop stop;

    while ((node = read_node(reader, &stop))) {
        int rc = add_node(reader, node, end, depth);

        if (rc != 0)
            return rc;
    }
    if (stop == STOP_CLOSE)
        return block ? 0 : fail_here(reader, "unexpected \"}\"");
    if (stop == STOP_FAILED)
        return -EINVAL;
    if (!block)
        return 0;
    place = here(reader);
    return conf_fail(reader->conf, &place, "unexpected end of file, expecting \"}\" for \"%s\" on line %u",
                     block->name, block->line);
}

/* Reads the whole text of a reader below its root. */
static struct conf_node *read_root(struct reader *reader, struct conf_node *root, const char *text,
                                   size_t length)
{
    struct conf_node **end = &root->children;

    reader->name = root->name;
    conf_lexer_init(&reader->lexer, text, length);
    return read_level(reader, NULL, &end, 0) == 0 ? root : NULL;
}

static struct conf_node *make_root(struct conf *conf, const char *name)
{
    struct conf_node *root = pool_calloc(conf->pool, sizeof *root, "conf node");
    const char **args = pool_array(conf->pool, 1, sizeof *args, "conf arguments");
    const char *copy = pool_strndup(conf->pool, name, strlen(name), "conf name");

    if (!root || !args || !copy) {
        conf_fail_memory(conf);
        return NULL;
    }
    args[0] = NULL;
    *root = (struct conf_node){.name = copy, .args = args, .file = copy, .block = true};
    return root;
}

struct conf_node *conf_read_file(struct conf *conf, const char *path)
{
    struct conf_node *root = make_root(conf, path);
    struct reader outside = {.conf = conf};
    struct conf_node **end;

    if (!root)
        return NULL;
    end = &root->children;
    return read_included(&outside, NULL, root->name, &end, 0) == 0 ? root : NULL;
}

struct conf_node *conf_read_text(struct conf *conf, const char *name, const char *text, size_t length)
{
    struct conf_node *root = make_root(conf, name);
    char *copy = pool_strndup(conf->pool, text, length, "conf text");
    struct reader reader = {.conf = conf};

    if (root && !copy)
        conf_fail_memory(conf);
    if (!root || !copy || conf_file_remember(conf, root->name, &(struct conf_text){copy, length}) != 0)
        return NULL;
    return read_root(&reader, root, copy, length);
}

struct conf_node *conf_read_option(struct conf *conf, const char *directives)
{
    struct conf_node *root = make_root(conf, "command line");
    struct reader reader = {.conf = conf, .option = true};

    return root ? read_root(&reader, root, directives, strlen(directives)) : NULL;
}

void conf_join(struct conf_node *first, struct conf_node *second)
{
    struct conf_node **end = &first->children;

    while (*end)
        end = &(*end)->next;
    *end = second->children;
}

static const struct conf_directive include_directives[] = {
    {"include", CONF_ANY, .flags = CONF_REPEAT,
     .help = "`include PATH;` Reads another file, or all that match a pattern (`*`, `?`, `[…]`), in its "
             "place. The path is relative to the folder of the configuration file."},
};

const struct conf_module conf_include_module = {"include", include_directives,
                                                sizeof include_directives / sizeof include_directives[0]};
