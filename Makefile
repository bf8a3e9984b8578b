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
LIBS     := -lcrypto -ljansson -lmnl -pthread

# A folder's sources are all its .c files; programs are named here, tests end in _test.c.
MODULES := refgw/base refgw/iana refgw/wire refgw/crypto refgw/crypto/openssl refgw/crypto/scripted \
  refgw/sa refgw/ike refgw/esp refgw/misbehave refgw/io refgw/app \
  harness/scenario harness/network harness/relay harness/traffic harness/peer harness/judge \
  harness/evidence harness/run harness/tap harness pcap reports
TEST_FOLDERS := refgw/tests harness/tests pcap/tests reports/tests
PROGRAM_SOURCES := refgw/app/refgw.c refgw/app/refgwctl.c harness/ikelab.c
PROGRAMS := refgw refgwctl ikelab

SOURCES := $(filter-out $(PROGRAM_SOURCES),$(foreach m,$(MODULES),$(wildcard $(m)/*.c)))
TEST_CODE := $(shell find $(TEST_FOLDERS) -name '*.c' 2>/dev/null | sort)
TEST_SOURCES := $(filter %_test.c,$(TEST_CODE))
SUPPORT_SOURCES := $(filter-out %_test.c,$(TEST_CODE))
SHELL_TESTS := $(shell find $(TEST_FOLDERS) -name '*_test.sh' 2>/dev/null | sort)
FUZZ_SOURCES := $(wildcard refgw/fuzz/fuzz_*.c pcap/fuzz/fuzz_*.c)

RELEASE_OBJECTS := $(SOURCES:%.c=$(BUILD)/release/%.o)
CHECK_OBJECTS   := $(SOURCES:%.c=$(BUILD)/check/%.o) $(SUPPORT_SOURCES:%.c=$(BUILD)/check/%.o)
TESTS           := $(TEST_SOURCES:%.c=$(BUILD)/check/%)

.PHONY: all check check-only check-results interop lint fuzz bench install clean setup peers check-programs tests
all: $(PROGRAMS:%=$(BUILD)/bin/%)
check-programs: $(PROGRAMS:%=$(BUILD)/check/bin/%)
tests: $(TESTS)

$(BUILD)/release/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(COMMON) $(RELEASE) $(CFLAGS) -c -o $@ $<

$(BUILD)/check/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(COMMON) $(SANITIZE) $(CFLAGS) -c -o $@ $<

# The report page is part of the program.
$(BUILD)/release/reports/render_html.o $(BUILD)/check/reports/render_html.o: reports/templates/report.html

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

# --- tests ---------------------------------------------------------------------------------
JOBS := $(shell nproc 2>/dev/null || echo 2)

check:
	@harness/setup/install_packages.sh check
	@$(MAKE) --no-print-directory -j$(JOBS) all check-programs tests
	@$(MAKE) --no-print-directory check-only

# `make check-only TESTS=build/check/refgw/tests/wire/notify_test` runs one of them.
check-only:
	@IKELAB_BIN=$(abspath $(BUILD))/check/bin IKELAB_BUILD=$(abspath $(BUILD)) \
	  ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 \
	  prove --jobs $(JOBS) --exec '' $(TESTS) $(SHELL_TESTS)
	@$(call give_back)

# What the last run left, held against independent readers: tshark and the JSON Schema.
check-results:
	@prove --exec '' pcap/tests/tshark_agrees_test.sh reports/tests/schema_test.sh

# --- the interop matrix --------------------------------------------------------------------
# PATTERNS='basic/*' ARGUMENTS='--west refgw --jobs 1' narrow it down.
RESULTS := $(BUILD)/results/latest

interop:
	@harness/setup/install_packages.sh interop
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(BUILD)/bin/ikelab peer fetch || echo "ikelab: goes on with the peers that are there" >&2
	@status=0; $(BUILD)/bin/ikelab run --out $(RESULTS) $(ARGUMENTS) $(PATTERNS) || status=$$?; \
	  $(call give_back); exit $$status

peers: all
	@$(BUILD)/bin/ikelab peer fetch

# What root built belongs to whoever called sudo.
give_back = if [ -n "$$SUDO_UID" ]; then chown -R "$$SUDO_UID:$$SUDO_GID" $(BUILD); fi

# --- looking at the code -------------------------------------------------------------------
C_FILES = $(shell find $(wildcard refgw harness pcap reports bench) -name '*.[ch]' | sort)

lint: lint-layers lint-format lint-tidy lint-cppcheck
	@echo "lint: clean"

.PHONY: lint-packages lint-layers lint-format lint-tidy lint-cppcheck
lint-packages:
	@harness/setup/install_packages.sh lint

lint-layers:
	@harness/lint/check_layers.sh
	@harness/lint/banned_functions.sh
	@harness/lint/check_sizes.sh

lint-format: lint-packages
	@clang-format --dry-run --Werror $(C_FILES)

lint-tidy: lint-packages
	@printf '%s\n' $(filter %.c,$(C_FILES)) | xargs -P $(JOBS) -n 8 sh -c \
	  'clang-tidy --quiet "$$@" -- -std=c17 -iquote . -D_GNU_SOURCE -DIKELAB_VERSION=\"$(VERSION)\" 2>/dev/null || exit 255' sh

lint-cppcheck: lint-packages
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --error-exitcode=1 --suppress=missingIncludeSystem --suppress=unmatchedSuppression -j $(JOBS) $(filter %.c,$(C_FILES))

# --- fuzzing -------------------------------------------------------------------------------
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst %.c,$(BUILD)/fuzz/%,$(notdir $(FUZZ_SOURCES)))

fuzz:
	@harness/setup/install_packages.sh fuzz
	@$(MAKE) --no-print-directory -j$(JOBS) $(FUZZ_TARGETS)
	@for target in $(FUZZ_TARGETS); do \
	  name=$${target##*/fuzz_}; mkdir -p $(BUILD)/fuzz/corpus/$$name; \
	  seeds=$$(ls -d refgw/fuzz/corpus/$$name pcap/fuzz/corpus/$$name 2>/dev/null); \
	  echo "fuzz: $$name for $(FUZZ_SECONDS) s"; \
	  $$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=0 -verbosity=0 -close_fd_mask=1 \
	    -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/corpus/$$name $$seeds || exit 1; \
	done

FUZZ_LIBRARY := $(filter refgw/% pcap/%,$(SOURCES))
FUZZ_FLAGS   := -std=c17 -iquote . -D_GNU_SOURCE -DIKELAB_VERSION='"$(VERSION)"' -g -O1 -fsanitize=fuzzer-no-link,address,undefined

$(BUILD)/fuzz/objects/%.o: %.c
	@mkdir -p $(@D)
	@clang $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/libikelab.a: $(FUZZ_LIBRARY:%.c=$(BUILD)/fuzz/objects/%.o)
	@rm -f $@ && ar rcs $@ $^

define fuzz_target
$(BUILD)/fuzz/$(notdir $(1:.c=)): $(BUILD)/fuzz/objects/$(1:.c=.o) $(BUILD)/fuzz/libikelab.a
	@clang -fsanitize=fuzzer,address,undefined -o $$@ $$^ $(LIBS)
endef
$(foreach source,$(FUZZ_SOURCES),$(eval $(call fuzz_target,$(source))))

# --- installation --------------------------------------------------------------------------
DATA := $(DESTDIR)$(PREFIX)/share/ikelab

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DATA)/peers $(DATA)/scenarios
	install -m 755 $(PROGRAMS:%=$(BUILD)/bin/%) $(DESTDIR)$(PREFIX)/bin/
	cp -R harness/peers/. $(DATA)/peers/
	cp -R scenarios/. $(DATA)/scenarios/

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/release $(BUILD)/check $(BUILD)/fuzz -type f -name '*.d' 2>/dev/null)
