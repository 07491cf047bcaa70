# SPDX-License-Identifier: BSD-2-Clause
# Tidepool: build, test and measure. `make help` lists the targets.

CC       ?= gcc
BUILD    ?= build
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wundef -Wvla -Wstrict-prototypes \
            -Wmissing-prototypes -Wwrite-strings -Wnull-dereference -Wformat=2 -Wcast-qual -Wunused-result
OPTIMISE ?= -O2 -g
CFLAGS   += -std=c17 -D_GNU_SOURCE $(OPTIMISE) $(WARNINGS) $(SANITIZE) -I. -I$(BUILD) -pthread -fno-strict-aliasing
LDFLAGS  += $(SANITIZE) -pthread
LDLIBS   := -lev -lpcre2-8 -lz

.DEFAULT_GOAL := all

layer    = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))
POOL     := $(call layer,pool)
CONF     := $(call layer,conf)
SERVER   := $(filter-out $(BUILD)/server/main.o,$(call layer,server))
PROTOCOL := $(call layer,http/protocol)
HTTP     := $(call layer,http) $(call layer,http/modules)
OBJECTS  := $(POOL) $(CONF) $(SERVER) $(PROTOCOL) $(HTTP)

.PHONY: all
all: $(BUILD)/tidepool $(BUILD)/libtidepool.a

$(BUILD)/tidepool: $(BUILD)/server/main.o $(OBJECTS)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The pools alone, for programs that want nothing else of the server.
$(BUILD)/libtidepool.a: $(POOL)
	rm -f $@ && ar rcs $@ $^

# Every object in an archive, so that a unit test links what it uses and nothing more.
$(BUILD)/all.a: $(OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# A unit test stands in a folder named after the layer it tests, and links that layer and those below it.
$(BUILD)/tests/unit/pool/%: $(BUILD)/tests/unit/pool/%.o $(BUILD)/libtidepool.a
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka
$(BUILD)/tests/unit/conf/%: $(BUILD)/tests/unit/conf/%.o $(CONF) $(BUILD)/libtidepool.a
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka
$(BUILD)/tests/unit/protocol/%: $(BUILD)/tests/unit/protocol/%.o $(PROTOCOL) $(BUILD)/libtidepool.a
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka
$(BUILD)/tests/unit/server/% $(BUILD)/tests/unit/http/%: $(BUILD)/tests/unit/%.o $(BUILD)/all.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
