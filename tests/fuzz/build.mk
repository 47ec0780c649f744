# The harnesses, in build/fuzz: csrc/ under clang with coverage, AddressSanitizer and UndefinedBehaviorSanitizer. `make fuzz`
# calls this through run.py.
#
# Arithmetic of instruction sets (isa_*.c) is compiled with VERIFY's bounds only: it touches no memory but the lent scratch, and
# has hardly a branch, so that its counters would be noise (a third of the time goes to them). With both sanitizers clang needs 4
# minutes for such a file, without them 10 s.

CLANG ?= clang
OUT := build/fuzz
FLAGS := -std=c11 -g1 -DVERIFY -Icsrc -Ikernels -Itests/fuzz -I$(OUT) -fno-omit-frame-pointer
FAST := -O2
CHECKED := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

SOURCES := $(shell find csrc -name '*.c')
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)
TARGETS := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
SHARED := $(patsubst %.c,$(OUT)/%.o,$(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.c)))

all: $(TARGETS:%=$(OUT)/%)

$(OUT)/csrc/isa_%.o: csrc/isa_%.c tests/fuzz/build.mk
	@mkdir -p $(@D)
	$(CLANG) $(FLAGS) $(FAST) -MMD -c $< -o $@

$(OUT)/csrc/%.o: csrc/%.c tests/fuzz/build.mk
	@mkdir -p $(@D)
	$(CLANG) $(FLAGS) $(CHECKED) -MMD -c $< -o $@

$(OUT)/tests/fuzz/%.o: tests/fuzz/%.c $(OUT)/points.inc $(OUT)/points_ed25519.inc tests/fuzz/build.mk
	@mkdir -p $(@D)
	$(CLANG) $(FLAGS) -Wall -Wextra -Werror $(CHECKED) -MMD -c $< -o $@

$(TARGETS:%=$(OUT)/%): $(OUT)/%: $(OUT)/tests/fuzz/%.o $(SHARED) $(OBJECTS)
	$(CLANG) -fsanitize=fuzzer,address,undefined -Wl,--export-dynamic-symbol=_Py_NoneStruct $^ -pthread -ldl -o $@

.SECONDARY:
-include $(OBJECTS:.o=.d) $(SHARED:.o=.d) $(TARGETS:%=$(OUT)/tests/fuzz/%.d)
