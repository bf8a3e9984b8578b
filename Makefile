# ikelab - one non-recursive build. Everything lands in build/.
#
#   make            build bin/refgw, bin/refgwctl, bin/ikelab
#   make check      every test under prove (installs what is missing when run as root)
#   make interop    the interop matrix (needs root for network namespaces)
#   make lint       layers, banned functions, format, clang-tidy, cppcheck
#   make fuzz       a short run of every fuzz target
#   make install    DESTDIR= PREFIX=/usr/local

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

BUILD   ?= build
CC      := gcc
PREFIX  ?= /usr/local
VERSION := 0.1.0

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
  -Wmissing-prototypes -Wcast-align -Wcast-qual -Wwrite-strings -Wpointer-arith -Wvla -Wformat=2 \
  -Wundef -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wlogical-op -Wduplicated-cond \
  -Wduplicated-branches -Werror
# `-iquote .`, not `-I.`: our folder pcap/ must not shadow libpcap's <pcap/...>.
COMMON   := -std=c17 -iquote . -D_GNU_SOURCE -DIKELAB_VERSION='"$(VERSION)"' -pthread -g -MMD -MP $(WARNINGS)
RELEASE  := -O2 -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE
SANITIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LIBS     := -lcrypto -ljansson -pthread

# A folder's sources are all its .c files; programs are named here, tests end in _test.c.
MODULES := refgw/base refgw/iana refgw/wire refgw/crypto refgw/crypto/openssl refgw/crypto/scripted \
  refgw/sa refgw/ike refgw/esp refgw/misbehave refgw/io refgw/app \
  harness/scenario harness/network harness/relay harness/traffic harness/peer harness/judge \
  harness/evidence harness/run harness/tap harness pcap reports
TEST_SUPPORT := refgw/tests harness/tests pcap/tests reports/tests
PROGRAM_SOURCES := refgw/app/refgw.c refgw/app/refgwctl.c harness/ikelab.c
PROGRAMS := refgw refgwctl ikelab

SOURCES := $(filter-out $(PROGRAM_SOURCES),$(foreach m,$(MODULES),$(wildcard $(m)/*.c)))
TEST_SOURCES := $(shell find refgw/tests harness/tests pcap/tests reports/tests -name '*_test.c' 2>/dev/null | sort)
SUPPORT_SOURCES := $(filter-out $(TEST_SOURCES),$(foreach m,$(TEST_SUPPORT),$(wildcard $(m)/*.c)))
SHELL_TESTS := $(shell find refgw/tests harness/tests pcap/tests reports/tests -name '*_test.sh' 2>/dev/null | sort)
FUZZ_SOURCES := $(wildcard refgw/fuzz/fuzz_*.c pcap/fuzz/fuzz_*.c)

RELEASE_OBJECTS := $(SOURCES:%.c=$(BUILD)/release/%.o)
CHECK_OBJECTS   := $(SOURCES:%.c=$(BUILD)/check/%.o) $(SUPPORT_SOURCES:%.c=$(BUILD)/check/%.o)
TESTS           := $(TEST_SOURCES:%.c=$(BUILD)/check/%)

.PHONY: all check check-only interop lint fuzz bench install clean setup peers check-programs tests
all: $(PROGRAMS:%=$(BUILD)/bin/%)
check-programs: $(PROGRAMS:%=$(BUILD)/check/bin/%)
tests: $(TESTS)

$(BUILD)/release/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(COMMON) $(RELEASE) $(CFLAGS) -c -o $@ $<

$(BUILD)/check/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(COMMON) $(SANITIZE) $(CFLAGS) -c -o $@ $<

$(BUILD)/release/libikelab.a: $(RELEASE_OBJECTS)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/check/libikelab.a: $(CHECK_OBJECTS)
	@rm -f $@ && ar rcs $@ $^

define program
$(BUILD)/bin/$(notdir $(1:.c=)): $(BUILD)/release/$(1:.c=.o) $(BUILD)/release/libikelab.a
	@mkdir -p $$(@D)
	@$(CC) -pie -Wl,-z,relro,-z,now $$(LDFLAGS) -o $$@ $$^ $(LIBS)
	@echo "  built $$@"

$(BUILD)/check/bin/$(notdir $(1:.c=)): $(BUILD)/check/$(1:.c=.o) $(BUILD)/check/libikelab.a
	@mkdir -p $$(@D)
	@$(CC) $(SANITIZE) $$(LDFLAGS) -o $$@ $$^ $(LIBS)
endef
$(foreach source,$(PROGRAM_SOURCES),$(eval $(call program,$(source))))

$(TESTS): %: %.o $(BUILD)/check/libikelab.a
	@$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
