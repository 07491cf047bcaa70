/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures allocators on the two workloads of alloc_trace.h. Each round runs this program once for every
 * allocator that can stand in malloc's place, so that all alternate; the table has medians. `alloc 3` runs
 * three rounds. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/alloc_work.h"

enum { ROUNDS = 7, ROUNDS_MAX = 31, FIGURES_MAX = 64 };

struct figure {
    char workload[32], allocator[32];
    unsigned threads, count;
    double ns[ROUNDS_MAX];
};

struct stand_in {
    const char *name, *libraries[3]; /* sonames, the first that there is */
};

static const struct stand_in stand_ins[] = {
    {"jemalloc", {"libjemalloc.so.2"}},
    {"tcmalloc", {"libtcmalloc_minimal.so.4", "libtcmalloc.so.4"}},
    {"mimalloc", {"libmimalloc.so.2", "libmimalloc.so.2.0"}},
};

static const struct bench_row *const all_rows[] = {bench_ours, bench_plain, bench_apr, bench_cxx};

static struct figure figures[FIGURES_MAX];
static unsigned figure_count;

double bench_churn(void *(*thread)(void *job), void *state, unsigned threads, bool cross, unsigned pairs)
{
    static struct bench_ring rings[2];
    struct bench_churn jobs[2];
    pthread_barrier_t start;
    pthread_t ids[2];
    double ns = 0;

    pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < 2; i++)
        rings[i].put = rings[i].taken = 0;
    for (unsigned i = 0; i < threads; i++) {
        jobs[i] = (struct bench_churn){.state = state,
                                       .pairs = pairs,
                                       .seed = 99 + i,
                                       .in = cross ? &rings[i] : NULL,
                                       .out = cross ? &rings[1 - i] : NULL,
                                       .start = &start};
        if (pthread_create(&ids[i], NULL, thread, &jobs[i]) != 0)
            abort();
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        if (jobs[i].ns > ns)
            ns = jobs[i].ns;
    }
    pthread_barrier_destroy(&start);
    return ns / pairs;
}

/* What a child does: each row once, a line a row. `name`: who stands behind malloc; null: nobody else, and
 * all rows. */
static int run_rows(const char *name)
{
    for (size_t table = 0; table < sizeof(all_rows) / sizeof(*all_rows); table++) {
        for (const struct bench_row *row = all_rows[table]; row->allocator != NULL; row++) {
            if (row->run != NULL && (name == NULL || row->is_malloc))
                printf("%s|%s|%u|%.4f\n", row->workload, name != NULL ? name : row->allocator, row->threads,
                       row->run());
        }
    }
    return 0;
}

static struct figure *figure_of(const char *workload, const char *allocator, unsigned threads)
{
    struct figure *figure = figures;

    for (; figure < figures + figure_count; figure++) {
        if (strcmp(figure->workload, workload) == 0 && strcmp(figure->allocator, allocator) == 0 &&
            figure->threads == threads)
            return figure;
    }
    if (figure_count == FIGURES_MAX)
        abort();
    figure_count++;
    snprintf(figure->workload, sizeof(figure->workload), "%s", workload);
    snprintf(figure->allocator, sizeof(figure->allocator), "%s", allocator);
    figure->threads = threads;
    return figure;
}

static bool collect(const char *self, const char *library, const char *name)
{
    char command[512], line[256], workload[32], allocator[32];
    unsigned threads;
    double ns;
    FILE *child;

    snprintf(command, sizeof(command), "%s%s '%s' rows %s", library != NULL ? "LD_PRELOAD=" : "",
             library != NULL ? library : "", self, name != NULL ? name : "");
    child = popen(command, "r");
    while (child != NULL && fgets(line, sizeof(line), child) != NULL) {
        if (sscanf(line, "%31[^|]|%31[^|]|%u|%lf", workload, allocator, &threads, &ns) == 4) {
            struct figure *figure = figure_of(workload, allocator, threads);

            if (figure->count < ROUNDS_MAX)
                figure->ns[figure->count++] = ns;
        }
    }
    return child != NULL && pclose(child) == 0;
}

/* The loader complains, on stderr, about what it cannot preload. */
static const char *library_of(const struct stand_in *stand_in)
{
    for (int i = 0; i < 3 && stand_in->libraries[i] != NULL; i++) {
        char command[128];
        FILE *loader;
        bool complains;

        snprintf(command, sizeof(command), "LD_PRELOAD=%s /bin/true 2>&1", stand_in->libraries[i]);
        loader = popen(command, "r");
        if (loader == NULL)
            return NULL;
        complains = fgetc(loader) != EOF;
        if (pclose(loader) == 0 && !complains)
            return stand_in->libraries[i];
    }
    return NULL;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* 0: not measured. */
static double median(const char *workload, const char *allocator, unsigned threads)
{
    struct figure *figure = figure_of(workload, allocator, threads);

    if (figure->count == 0)
        return 0;
    qsort(figure->ns, figure->count, sizeof(*figure->ns), compare);
    return figure->ns[figure->count / 2];
}

static void print_ratio(const char *workload, unsigned threads, const char *ours, const char *theirs)
{
    double a = median(workload, ours, threads), b = median(workload, theirs, threads);

    if (a > 0 && b > 0)
        printf("%-12s %u threads   %s / %s = %.2f\n", workload, threads, ours, theirs, a / b);
}

static void print_table(void)
{
    printf("%-12s %-20s %7s %9s   (median; fastest and slowest round)\n", "workload", "allocator", "threads",
           "ns");
    for (struct figure *figure = figures; figure < figures + figure_count; figure++) {
        double ns = median(figure->workload, figure->allocator, figure->threads);

        printf("%-12s %-20s %7u %9.2f   (%.2f..%.2f)\n", figure->workload, figure->allocator, figure->threads,
               ns, figure->ns[0], figure->ns[figure->count - 1]);
    }
    printf("\n");
    print_ratio("REQUEST", 1, "pool", "bump");
    print_ratio("REQUEST", 1, "pool", "APR");
    print_ratio("REQUEST", 1, "pool", "tcmalloc");
    print_ratio("CHURN", 1, "sgi", "tcmalloc");
    print_ratio("CHURN", 2, "sgi", "tcmalloc");
    print_ratio("CHURN-CROSS", 2, "sgi", "tcmalloc");
}

int main(int argc, char **argv)
{
    const char *libraries[sizeof(stand_ins) / sizeof(*stand_ins)];
    const size_t count = sizeof(stand_ins) / sizeof(*stand_ins);
    int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;

    if (argc > 1 && strcmp(argv[1], "rows") == 0)
        return run_rows(argc > 2 ? argv[2] : NULL);
    for (size_t i = 0; i < count; i++) {
        libraries[i] = library_of(&stand_ins[i]);
        if (libraries[i] == NULL)
            printf("skipped: %s is not installed\n", stand_ins[i].name);
    }
    for (size_t table = 0; table < sizeof(all_rows) / sizeof(*all_rows); table++) {
        if (all_rows[table]->run == NULL)
            printf("skipped: %s was not there to build with\n", all_rows[table]->allocator);
    }
    for (int round = 0; round < rounds && round < ROUNDS_MAX; round++) {
        bool worked = collect(argv[0], NULL, NULL);

        for (size_t i = 0; i < count; i++)
            worked = worked && (libraries[i] == NULL || collect(argv[0], libraries[i], stand_ins[i].name));
        if (!worked) {
            fprintf(stderr, "a round failed\n");
            return 1;
        }
    }
    print_table();
    return 0;
}
