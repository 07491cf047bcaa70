# SPDX-License-Identifier: BSD-2-Clause
# Tidepool: build, test and measure. `make help` lists the targets.

CC       ?= gcc
BUILD    ?= build
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wundef -Wvla -Wstrict-prototypes \
            -Wmissing-prototypes -Wwrite-strings -Wnull-dereference -Wformat=2 -Wcast-qual -Wunused-result
OPTIMISE ?= -O2 -g
# The program is optimised across its files (a tenth fewer instructions for a request); objects carry plain code too, for
# the library and the unit tests. Not with sanitizers, and not with clang, whose objects would be of one kind only.
# In one part: a function that another part calls is one that might be jumped to, and begins with a mark for CET.
LTO      ?= $(if $(SANITIZE)$(findstring clang,$(shell $(CC) --version)),,-flto=auto -flto-partition=one -ffat-lto-objects)
# What makes a defect harder to use, in whatever is shipped: addresses that nobody can guess, tables that cannot be written
# once the program is loaded, a guard behind arrays on the stack (pool/annotate.h: but where there are none), calls that know
# the size of what they write to, a stack that cannot be jumped over, and jumps and returns that a processor with CET may
# check; each as far as the compiler has it. Calls go through the table that is filled at the start, without a stub for each.
# The sanitizers see more than that, and clash with some of it. `make hardened` looks at what came out.
has        = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
HARDEN_IF := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fno-plt
FORTIFY    = $(if $(filter -O0,$(OPTIMISE)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
ifdef SANITIZE
HARDEN    ?=
HARDEN_LD ?=
else
HARDEN    ?= -fPIE $(FORTIFY) $(foreach flag,$(HARDEN_IF),$(call has,$(flag)))
HARDEN_LD ?= -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
endif
HARDEN    := $(HARDEN)
# Who keeps what alive (docs/lifetimes.md) is checked in every build with a sanitizer, and in no other.
CHECKS    ?= $(if $(SANITIZE),-DTIDEPOOL_CHECKS)
CFLAGS   += -std=c17 -D_GNU_SOURCE $(OPTIMISE) $(HARDEN) $(LTO) $(WARNINGS) $(SANITIZE) $(CHECKS) -I. -I$(BUILD) -pthread -fno-strict-aliasing
LDFLAGS  += $(SANITIZE) $(HARDEN_LD) -pthread
LDLIBS   := -lev -lpcre2-8 -lz

.DEFAULT_GOAL := all

# The objects of folders: of each what stands in it, not what stands below it.
layer    = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(addsuffix /*.c,$(1))))
POOL     := $(call layer,pool)
CONF     := $(call layer,conf) $(BUILD)/generated/default_conf.o $(BUILD)/generated/serve_conf.o
ENGINE   := $(filter-out $(BUILD)/server/main.o,$(call layer,server server/master server/loop server/process server/log))
TOOLS    := $(call layer,server/tools)
SERVER   := $(ENGINE) $(TOOLS) $(call layer,server/shared server/echo server/watch)
PROTOCOL := $(call layer,http/protocol)
HTTP     := $(call layer,http http/route http/text http/config http/modules http/modules/*) $(patsubst %,$(BUILD)/generated/pool_view_%.o,main request)
OBJECTS  := $(POOL) $(CONF) $(SERVER) $(PROTOCOL) $(HTTP)
# Tests may declare where they need it.
$(OBJECTS) $(BUILD)/server/main.o print-warnings: WARNINGS += -Wdeclaration-after-statement

.PHONY: all
all: $(BUILD)/tidepool $(BUILD)/libtidepool.a

$(BUILD)/tidepool: $(BUILD)/server/main.o $(OBJECTS)
	$(if $(V),,@echo "  LINK $@")
	$(Q)$(CC) $(LDFLAGS) $(OPTIMISE) $(HARDEN) $(LTO) -o $@ $^ $(LDLIBS)

# The pools alone, for programs that want nothing else of the server.
$(BUILD)/libtidepool.a: $(POOL)
	$(Q)rm -f $@ && ar rcs $@ $^

# Every object in an archive, so that a unit test links what it uses and nothing more.
$(BUILD)/all.a: $(OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $^

# Command lines are shown with V=1.
Q := $(if $(V),,@)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC   $<")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# A unit test stands in a folder named after the layer it tests, and links that layer and those below it.
$(BUILD)/tests/unit/pool/%: $(BUILD)/tests/unit/pool/%.o $(BUILD)/libtidepool.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka
$(BUILD)/tests/unit/conf/%: $(BUILD)/tests/unit/conf/%.o $(CONF) $(BUILD)/libtidepool.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka
$(BUILD)/tests/unit/http/protocol/%: $(BUILD)/tests/unit/http/protocol/%.o $(PROTOCOL) $(BUILD)/libtidepool.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka
$(BUILD)/tests/unit/server/tools/%: $(BUILD)/tests/unit/server/tools/%.o $(TOOLS) $(BUILD)/libtidepool.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka
$(BUILD)/tests/unit/server/test_engine_alone: $(BUILD)/tests/unit/server/test_engine_alone.o $(ENGINE) $(CONF) \
    $(BUILD)/libtidepool.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/all.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka

# A scheduler stands between the workers and what they wait with.
$(BUILD)/tests/unit/server/test_crew_model: LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=%,pthread_create pthread_join \
    sem_wait ev_run ev_break mailbox_post mailbox_send)
comma := ,

# These two tests have the checks in any build. What takes part in them is compiled a second time, beside the rest, and the
# linker finds it before all.a; without a sanitizer, which has them anyhow.
WITH_CHECKS := $(BUILD)/tests/unit/server/test_crew_model $(BUILD)/tests/unit/pool/test_holds
ifeq ($(CHECKS),)
CHECKED := $(patsubst %.c,$(BUILD)/checked/%.o,$(shell grep -rlE '"(pool/holds|server/checks)[.]h"' --include='*.c' pool server))
$(BUILD)/tests/unit/server/test_crew_model: $(filter-out %/master/master.o,$(CHECKED))
$(BUILD)/tests/unit/pool/test_holds: $(BUILD)/checked/pool/holds.o
$(WITH_CHECKS:%=%.o) $(CHECKED): CHECKS := -DTIDEPOOL_CHECKS
$(CHECKED): WARNINGS += -Wdeclaration-after-statement
$(BUILD)/checked/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
endif

# Chains of pattern rules make objects that make would otherwise throw away, and build again next time.
.SECONDARY:

# ---- build, run, test ------------------------------------------------------------------------------------------------

JOBS      ?= $(shell nproc)
PYTHON    ?= /usr/bin/python3
PREFIX    ?= /usr/local
UNIT      := $(patsubst %.c,$(BUILD)/%,$(shell find tests/unit -name 'test_*.c' | sort))
SOURCES   := $(shell find pool conf server http tests -name '*.[ch]' | sort)
# Each check builds in a folder of its own, so that no object is ever built twice for two purposes.
submake    = +$(MAKE) -j$(JOBS) --no-print-directory
ASAN      := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TSAN      := -fsanitize=thread -fno-omit-frame-pointer
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 60

.PHONY: run
run: deps ## build, and serve the embedded default: http://127.0.0.1:8080, echo on 127.0.0.1:7007
	$(submake) all
	$(BUILD)/tidepool

# What the tests run, in a make of its own: the headers may have been installed a moment ago.
.PHONY: test check unit
test: test-deps ## install what tests need, build, run all of them; the last line is the count
	$(submake) check

check: all unit
	@$(PYTHON) tests/run.py --build $(BUILD) $(CHECK)

unit: $(UNIT)

# Part of the tests: it ends with failure if anything was not given back.
.PHONY: example
example: $(BUILD)/tests/example/pool_example ## build and run the example program that uses libtidepool.a alone
	@$<
unit: example

# The manual page of the language, from the tables by way of their Markdown.
$(BUILD)/tidepool.conf.5: conf/DIRECTIVES.md docs/conf_page.awk
	$(Q)mkdir -p $(@D)
	$(Q)awk -f docs/conf_page.awk conf/DIRECTIVES.md > $@.tmp
	$(Q)mv $@.tmp $@

.PHONY: install uninstall docker clean
install: all $(BUILD)/tidepool.conf.5 ## binary, manuals, completion, library and headers, samples, systemd unit (DESTDIR, PREFIX)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib lib/systemd/system include/pool share/tidepool share/doc/tidepool \
	    share/man/man5 share/man/man8 share/bash-completion/completions share/zsh/site-functions)
	install -m 755 $(BUILD)/tidepool $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/libtidepool.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 $(wildcard pool/*.h) $(DESTDIR)$(PREFIX)/include/pool/
	install -m 644 $(wildcard conf/*.conf) conf/mime.types $(DESTDIR)$(PREFIX)/share/tidepool/
	install -m 644 conf/DIRECTIVES.md docs/differences.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/tidepool/
	install -m 644 docs/tidepool.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -m 644 $(BUILD)/tidepool.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 644 docs/completion/tidepool.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tidepool
	install -m 644 docs/completion/_tidepool $(DESTDIR)$(PREFIX)/share/zsh/site-functions/
	install -m 644 docs/tidepool.logrotate $(DESTDIR)$(PREFIX)/share/tidepool/
	sed 's|@BINDIR@|$(PREFIX)/bin|' docs/tidepool.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/tidepool.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/tidepool.service

uninstall: ## take back what make install put there, and nothing else (the same DESTDIR, PREFIX)
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/tidepool lib/libtidepool.a lib/systemd/system/tidepool.service \
	    share/man/man5/tidepool.conf.5 share/man/man8/tidepool.8 share/bash-completion/completions/tidepool \
	    share/zsh/site-functions/_tidepool $(addprefix include/,$(wildcard pool/*.h)) \
	    $(addprefix share/tidepool/,$(notdir $(wildcard conf/*.conf)) mime.types tidepool.logrotate) \
	    $(addprefix share/doc/tidepool/,DIRECTIVES.md differences.md LICENSE))
	rmdir $(addprefix $(DESTDIR)$(PREFIX)/,include/pool share/tidepool share/doc/tidepool) 2> /dev/null || true

docker: ## build the image tidepool (docker, or buildah where there is no daemon)
	@sh docker/build.sh

clean: ## remove all build folders
	rm -rf build build-asan build-tsan build-clang build-cover build-fuzz build-cover-fuzz

.PHONY: deps test-deps
deps: ## install what building needs (Debian packages; nothing is done when nothing is missing)
	@sh tests/packages.sh gcc libc6-dev libev-dev libpcre2-dev zlib1g-dev

test-deps: deps ## install what tests and checks need as well
	@sh tests/packages.sh libcmocka-dev systemtap-sdt-dev python3 python3-pytest wrk valgrind strace logrotate clang clang-format clang-tidy \
	    cppcheck libclang-rt-14-dev

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^# ---- / { title = $$0; gsub(/^# -* | -*$$/, "", title) } \
	    /^[a-z-]+:.*## / { if (title) print title; title = ""; printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# ---- load it, measure it ---------------------------------------------------------------------------------------------

.PHONY: load view slow
load: test-deps ## drive it with wrk; any socket error or answer other than 2xx fails
	$(submake) all $(BUILD)/tests/load/echo_load
	$(PYTHON) -m tests.load.load --build $(BUILD)

$(BUILD)/tests/load/%: $(BUILD)/tests/load/%.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

view: test-deps ## CPU per request while the pools are watched; 10,000 connections: first picture, worst stall
	$(submake) all
	$(PYTHON) -m tests.load.view --build $(BUILD)

slow: test-deps ## slowhttptest holds 1,000 connections in three ways: how long others wait, against before
	@sh tests/packages.sh slowhttptest
	$(submake) all
	$(PYTHON) -m tests.load.slow --build $(BUILD)

.PHONY: ab ab-deps
ab-deps: test-deps
	@sh tests/packages.sh libjemalloc2 libtcmalloc-minimal4 libmimalloc2.0

AB_ROUNDS ?= 7
ab: ab-deps ## pools against plain allocation, with four allocators: table and picture in build/ab/
	$(submake) all
	$(PYTHON) -m tests.bench.ab --build $(BUILD) --rounds $(AB_ROUNDS)

.PHONY: instructions
instructions: test-deps ## user instructions of five requests, against tests/bench/instructions.tsv; WRITE=1 writes that
	$(submake) all
	$(PYTHON) -m tests.bench.instructions --build $(BUILD) $(if $(WRITE),--write)

.PHONY: bench
BENCH_ROUNDS ?= 5
bench: test-deps ## CPU per request beside a floor and the peers that are installed: table and picture in build/race/
	$(submake) all $(BUILD)/tests/bench/race/floor
	$(PYTHON) -m tests.bench.race.race --build $(BUILD) --rounds $(BENCH_ROUNDS)

.PHONY: latency
latency: test-deps ## waits at fixed rates, beside nginx and h2o, while reloads and a viewer disturb: build/race/latency.md
	$(submake) all $(BUILD)/tests/bench/race/open_loop
	$(PYTHON) -m tests.bench.race.latency --build $(BUILD)

.PHONY: bench-alloc
bench-alloc: $(BUILD)/tests/bench/alloc ## ns per allocation of ours, of peers and of the plain baselines
	@$<

# ---- the tests again: under sanitizers, with failures, for longer ----------------------------------------------------

.PHONY: asan asan-build tsan tsan-build clang valgrind sweep faults rows steady soak soak-long spike reloads
FOR_ASAN = BUILD=build-asan OPTIMISE='-O1 -g' SANITIZE='$(ASAN)'
FOR_TSAN = BUILD=build-tsan OPTIMISE='-O1 -g' SANITIZE='$(TSAN)'

asan: test-deps ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(submake) check $(FOR_ASAN)

# One thread of the model runs at a time, so here a few of its schedules will do.
tsan: test-deps ## all tests under ThreadSanitizer
	+CREW_MODEL_SCHEDULES=200 $(MAKE) -j$(JOBS) --no-print-directory check $(FOR_TSAN)

# Beside other tests, which mostly wait.
asan-build: test-deps
	$(submake) all unit $(FOR_ASAN)

tsan-build: test-deps
	$(submake) all unit $(FOR_TSAN)

clang: test-deps ## all of it by clang, warnings are errors; the binary is hardened as gcc's is
	+CFLAGS=-Werror $(MAKE) -j$(JOBS) --no-print-directory LTO= BUILD=build-clang CC=clang all unit
	@sh tests/lint/hardened.sh build-clang/tidepool

valgrind: test-deps ## unit tests and the core of the black-box tests under valgrind
	$(submake) check CHECK='--valgrind'

sweep: test-deps ## fail the Nth allocation of each kind, for every N, once and for good (minutes)
	$(submake) all $(FOR_ASAN)
	$(PYTHON) -m tests.fault.sweep --binary build-asan/tidepool
	$(PYTHON) -m tests.fault.sweep --binary build-asan/tidepool --persistent

rows: test-deps ## each directive and variable is taken away: its tests in tests/blackbox/directives.tsv fail (minutes)
	$(submake) all
	$(PYTHON) tests/rows.py --build $(BUILD)

faults: test-deps ## fail the Nth system call of each kind, once and from N on, by strace (minutes)
	$(submake) all
	$(PYTHON) -m tests.fault.sweep_calls --binary $(BUILD)/tidepool

steady: test-deps ## a million requests, 100,000 under strace, 1 GiB up and down: nothing grows (minutes)
	$(submake) all
	$(PYTHON) -m tests.load.steady --build $(BUILD)

soak: test-deps ## hostile connections against memory_budget, SOAK_SECONDS (60): RSS stays within it
	$(submake) all
	$(PYTHON) -m tests.load.bounded soak --build $(BUILD) --seconds $(SOAK_SECONDS)

MINUTES  ?= 10
KIND     ?= plain
FOR_KIND  = $(if $(filter asan,$(KIND)),$(FOR_ASAN))$(if $(filter tsan,$(KIND)),$(FOR_TSAN))
soak-long: test-deps ## all that can go wrong at once, for MINUTES (10), of KIND plain, asan or tsan: no answer is wrong, nothing is left
	$(submake) all $(FOR_KIND)
	$(PYTHON) -m tests.load.soak_long --build $(if $(FOR_KIND),build-$(KIND),$(BUILD)) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

spike: test-deps ## 10,000 connections with 64 KiB each, then none: RSS falls to where it was
	$(submake) all
	$(PYTHON) -m tests.load.bounded spike --build $(BUILD)

RELOADS ?= 1000
reloads: test-deps ## RELOADS (1000) between 1 and 16 workers under load at TCP, unix and control sockets: nothing is lost
	$(submake) all
	$(PYTHON) -m tests.load.reload --build $(BUILD) --reloads $(RELOADS)

.PHONY: upgrades
upgrades: test-deps ## 20 upgrades by USR2 under load, two of them rolled back: no request fails
	$(submake) all
	$(PYTHON) -m tests.load.upgrade --build $(BUILD)

# Targets: tests/fuzz/fuzz_X.c; each starts from the stored corpus in tests/fuzz/corpus/X.
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: fuzz fuzz-build fuzz-programs cover-fuzz $(FUZZ:%=fuzz-%)
fuzz: fuzz-build ## FUZZ_SECONDS (60) of each fuzz target, from the stored corpus
	+$(MAKE) -j$(JOBS) --no-print-directory --output-sync=target $(FUZZ:%=fuzz-%)

fuzz-build: test-deps
	$(submake) fuzz-programs BUILD=build-fuzz CC=clang OPTIMISE='-O1 -g' \
	    SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'

fuzz-programs: $(FUZZ:%=$(BUILD)/tests/fuzz/fuzz_%)

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/all.a
	$(CC) $(LDFLAGS) $(if $(REPLAY),,-fsanitize=fuzzer) -o $@ $^ $(LDLIBS)
ifdef REPLAY
$(FUZZ:%=$(BUILD)/tests/fuzz/fuzz_%): $(BUILD)/tests/fuzz/replay.o
endif

# New inputs go to the build folder; what they teach is added to the stored corpus by hand, minimised.
$(FUZZ:%=fuzz-%): fuzz-%:
	@mkdir -p build-fuzz/found/$* build-fuzz/crash
	@build-fuzz/tests/fuzz/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=build-fuzz/crash/$*- build-fuzz/found/$* $(wildcard tests/fuzz/corpus/$*) \
	    > build-fuzz/$*.log 2>&1 || { tail -80 build-fuzz/$*.log; exit 1; }
	@awk '/number_of_executed_units/ { print "fuzz_$*: " $$2 " inputs, none of them a failure" }' build-fuzz/$*.log

# The stored inputs alone, each once, by a small program in place of libFuzzer, so that the compiler of `make cover` will do.
cover-fuzz: test-deps ## line coverage of the fuzz targets' stored inputs, by file
	$(submake) fuzz-programs REPLAY=1 BUILD=build-cover-fuzz OPTIMISE='-O0 -g' SANITIZE="--coverage -fprofile-update=atomic"
	@find build-cover-fuzz -name '*.gcda' -delete
	@for target in $(FUZZ); do build-cover-fuzz/tests/fuzz/fuzz_$$target tests/fuzz/corpus/$$target/* || exit 1; done
	@$(PYTHON) tests/lint/coverage.py build-cover-fuzz http/protocol/ 95

# ---- look at the source ----------------------------------------------------------------------------------------------

.PHONY: print-warnings
print-warnings:
	@echo '$(WARNINGS)'

.PHONY: cover lint tidy cppcheck layers headers style hardened format format-check
cover: test-deps ## line coverage of the tests, by file
	$(submake) check BUILD=build-cover OPTIMISE='-O0 -g' SANITIZE="--coverage -fprofile-update=atomic"
	@$(PYTHON) tests/lint/coverage.py build-cover

lint: test-deps ## style limits, comments, include matrix, headers alone, hardening of the binary, clang-tidy, cppcheck
	$(submake) style layers headers hardened tidy cppcheck

style:
	@sh tests/lint/style.sh
	@$(PYTHON) tests/lint/comments.py
	@$(PYTHON) tests/lint/covered.py

layers:
	@sh tests/lint/layers.sh

headers:
	@BUILD=$(BUILD) sh tests/lint/headers.sh

hardened: all
	@sh tests/lint/hardened.sh $(BUILD)/tidepool

# Generated headers must be there before anything reads the sources that include them.
tidy: all
	@BUILD=$(BUILD) JOBS=$(JOBS) sh tests/lint/tidy.sh

cppcheck: all
	@BUILD=$(BUILD) JOBS=$(JOBS) sh tests/lint/cppcheck.sh

format: ## format all C sources in place
	clang-format -i $(SOURCES)

format-check:
	$(Q)clang-format --dry-run -Werror $(SOURCES)

.PHONY: docs pictures
docs: all ## write conf/DIRECTIVES.md again from the tables of directives and variables
	$(BUILD)/tidepool directives > conf/DIRECTIVES.md.tmp
	mv conf/DIRECTIVES.md.tmp conf/DIRECTIVES.md

pictures: all ## take the pictures of the pool view again (needs Chromium)
	$(PYTHON) -m tests.pictures --build $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- the embedded configurations --------------------------------------------------------------------------------------

# A text as a string, line by line, with what C reads otherwise taken care of (?: trigraphs).
embed = { printf '\#include "conf/default.h"\nconst char $(1)[] =\n'; \
	  sed -e 's/["\\?]/\\&/g' -e 's/^/    "/' -e 's/$$/\\n"/'; printf '    "";\n'; }

$(BUILD)/generated/default_conf.c: conf/default.conf Makefile
	@mkdir -p $(@D)
	$(call embed,conf_default_text) < $< > $@.tmp
	mv $@.tmp $@

$(BUILD)/generated/serve_conf.c: conf/serve.conf conf/mime.types Makefile
	@mkdir -p $(@D)
	sed -e '/^@TYPES@$$/{' -e 'r conf/mime.types' -e 'd' -e '}' $< | $(call embed,conf_serve_template) > $@.tmp
	mv $@.tmp $@

# The pages of pool_view, each with the policy that names its script and style by their hashes.
$(BUILD)/generated/pool_view_%.c: http/modules/view/page/%.html http/modules/view/pool_view.sh $(wildcard http/modules/view/page/*)
	@mkdir -p $(@D)
	sh http/modules/view/pool_view.sh $< pool_view_$* > $@.tmp
	mv $@.tmp $@

$(BUILD)/generated/%.o: $(BUILD)/generated/%.c
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# ---- the plain allocators of the source documents, to test and to measure against ------------------------------------

BASELINES := $(call layer,tests/baseline)
$(addprefix $(BUILD)/tests/unit/pool/,test_sgi_defects test_baselines): $(BASELINES)

# ---- the programs of the benchmarks and the example ------------------------------------------------------------------

# APR's pools and libstdc++'s __pool_alloc take part where they can be built; others stand in for malloc by LD_PRELOAD.
BENCH_APR    := $(shell pkg-config --silence-errors --cflags apr-1)
BENCH_CXX    := $(shell command -v $(CXX))
BENCH_ALLOC  := $(call layer,tests/bench) $(BASELINES) $(if $(BENCH_CXX),$(BUILD)/tests/bench/pool_alloc.o)
$(BUILD)/tests/bench/alloc_apr.o: CFLAGS += $(if $(BENCH_APR),-DBENCH_APR -isystem $(patsubst -I%,%,$(filter -I%,$(BENCH_APR))))
$(BUILD)/tests/bench/alloc_cxx.o: CFLAGS += $(if $(BENCH_CXX),-DBENCH_CXX)

$(BUILD)/tests/bench/pool_alloc.o: tests/bench/pool_alloc.cc
	@mkdir -p $(@D)
	$(CXX) $(OPTIMISE) -fPIE $(SANITIZE) -pthread -c -o $@ $<

$(BUILD)/tests/bench/alloc: $(BENCH_ALLOC) $(BUILD)/libtidepool.a
	$(if $(BENCH_CXX),$(CXX),$(CC)) $(LDFLAGS) -o $@ $^ $(if $(BENCH_APR),$(shell pkg-config --libs apr-1))

$(BUILD)/tests/bench/race/%: $(BUILD)/tests/bench/race/%.o
	$(CC) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/example/pool_example: $(BUILD)/tests/example/pool_example.o $(BUILD)/libtidepool.a
	$(CC) $(LDFLAGS) -o $@ $^
