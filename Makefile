# make demo | test | test-eth | test-go | test-js | test-cpus | test-arm64 | bench | docs | fuzz | sanitize | stress
# | coverage | lib | lint | format | proto | clean. Everything happens in .venv; nothing is installed outside, but by make install-lib
# PREFIX=/usr/local.
#
# PYTHON=python3.12 picks another Python, CC=clang another compiler, ARGS="-k name" goes to pytest.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check -q
# A test file stays in one process; ARGS="-n 0" runs all of them in this one (a debugger needs that).
ON_ALL_CORES := -n auto --dist loadfile

C_FILES := $(sort $(shell find csrc kernels tests/native tests/fuzz tests/c bench nodes/c -name '*.[ch]' -o -name '*.inc' -o -name '*.cl' 2>/dev/null))
BUILD_FILES := pyproject.toml setup.py $(wildcard csrc/*.py csrc/*.in) $(filter csrc/% kernels/%,$(C_FILES))
# Where make install-lib puts include/ and lib/; DESTDIR comes before it, for those who make packages.
PREFIX ?= /usr/local
CLIB := engine/verilane/_clib

.NOTPARALLEL:
.PHONY: demo test test-eth test-go test-js test-cpus test-arm64 bench docs fuzz sanitize sanitize-address \
    sanitize-thread sanitize-verify stress coverage lib install-lib lint format proto clean

demo: $(VENV)/.demo $(VENV)/.built
	$(RUN) bench/demo.py

test: $(VENV)/.test $(VENV)/.built
	$(RUN) -m pytest $(ON_ALL_CORES) $(ARGS)

# With py-evm and eth-tester, which `make test` does without; bench/bench_eth_node.py takes them too.
test-eth: $(VENV)/.test $(VENV)/.nodes $(VENV)/.built
	$(RUN) -m pytest $(ON_ALL_CORES) tests/test_py_evm.py tests/test_eth_keys.py tests/test_eth_hash.py $(ARGS)

bench: $(VENV)/.bench $(VENV)/.built
	$(RUN) -m pytest bench $(ARGS)

# The site, in build/docs; a warning is an error.
docs: $(VENV)/.docs $(VENV)/.built
	$(RUN) docs/command_line.py
	$(RUN) -m sphinx -q -W --keep-going -d build/doctrees docs build/docs

# Every harness of tests/fuzz, SECONDS each: C under libFuzzer (clang), Python under atheris or Hypothesis. Fails on a finding.
SECONDS ?= 60

fuzz: $(VENV)/.test $(VENV)/.fuzz $(VENV)/.built
	$(RUN) tests/fuzz/run.py --seconds $(SECONDS) $(ARGS)

# The verifier's own C under sanitizers, the rest as it is: native threads at every door, forks, ends without draining.
stress:
	mkdir -p build/stress
	cd build/stress && gcc -std=c11 -O1 -I../../csrc -I../../kernels -c \
	    $$(find ../../csrc -name '*.c' -not -path '*/verifier/*')
	for kind in thread address,undefined; do \
	    gcc -std=c11 -O1 -g -fsanitize=$$kind -DWITH_LOANS -Icsrc -Ikernels csrc/verifier/*.c tests/native/verifier_stress.c \
	        build/stress/*.o -pthread -o build/stress/$$kind && build/stress/$$kind 8 3 200 || exit 1; \
	done

# The tests on builds that check: memory and undefined behaviour (clang, whose code takes a tenth of gcc's time to compile), data
# races in what threads share (gcc), the bounds that the field code states. `make stress` is part of it. PyCryptodome, which
# the tests compare with, would load its own C in a way (RTLD_DEEPBIND) that sanitizers refuse: its variable says not to.
CHECK = VERILANE_BUILD=$(1) CC="$(2)" $(RUN) setup.py -q build --build-base build/$(1) --build-lib build/$(1)/lib && \
    PYTHONPATH=build/$(1)/lib PYCRYPTODOME_DISABLE_DEEPBIND=1
LOADED_BY_NAME = LD_LIBRARY_PATH="$$($(RUN) tests/builds.py)"
THREADED := $(wildcard tests/test_*threads*.py tests/test_verifier*.py tests/test_pool.py)

sanitize: sanitize-address sanitize-thread sanitize-verify stress

sanitize-address: $(VENV)/.test $(VENV)/.built
	$(call CHECK,address,clang) $(LOADED_BY_NAME) ASAN_OPTIONS=detect_leaks=0:handle_segv=0 \
	    LD_PRELOAD="$$(clang -print-file-name=libclang_rt.asan-$$(uname -m).so)" $(RUN) -m pytest $(ON_ALL_CORES) $(ARGS)

sanitize-thread: $(VENV)/.test $(VENV)/.built
	$(call CHECK,thread,gcc) $(LOADED_BY_NAME) TSAN_OPTIONS=die_after_fork=0 \
	    LD_PRELOAD="$$(gcc -print-file-name=libtsan.so)" $(RUN) -m pytest -n 0 $(THREADED) $(ARGS)

sanitize-verify: $(VENV)/.test $(VENV)/.built
	$(call CHECK,verify,gcc) $(RUN) -m pytest $(ON_ALL_CORES) $(ARGS)

# How much of csrc, kernels and the package the tests reach; under 95 % of either is an error. ARGS="tests/test_x.py ..."
# does with less than the whole suite.
coverage: $(VENV)/.test $(VENV)/.coverage $(VENV)/.built
	rm -rf build/coverage build/native
	$(call CHECK,coverage,gcc) VERILANE_BUILD=coverage $(RUN) -m coverage run -m pytest $(ON_ALL_CORES) $(ARGS)
	$(RUN) -m coverage combine -q
	$(RUN) -m gcovr build
	$(RUN) -m coverage report

# The C library, its header and its pkg-config file: built with the package, in its folder.
lib: $(VENV)/.built
	@$(RUN) -m verilane.clib --cflags --libs

install-lib: $(VENV)/.built
	mkdir -p $(DESTDIR)$(PREFIX)
	cp -R $(CLIB)/include $(CLIB)/lib $(DESTDIR)$(PREFIX)

# The packages for nodes, against their chains' own libraries. Where there is no Go or Node.js they are skipped, and that
# is no failure; what Go and npm get comes from their public registries.
GO_MODULES := nodes/go nodes/go/cometbft

test-go: $(VENV)/.built
	@if ! command -v go >/dev/null || ! command -v pkg-config >/dev/null; then \
	    echo 'SKIPPED nodes/go: there is no go, or no pkg-config, here'; exit 0; fi; \
	export PKG_CONFIG_PATH="$$($(RUN) -m verilane.clib --pkg-config-path)"; \
	for module in $(GO_MODULES); do \
	    echo "$$module"; \
	    (cd $$module && test -z "$$(gofmt -l . | tee /dev/stderr)" && go vet ./... && go test -count=1 ./... $(ARGS)) || exit 1; \
	done

test-js: $(VENV)/.built
	@if ! command -v npm >/dev/null; then echo 'SKIPPED nodes/js: there is no npm here'; exit 0; fi; \
	export VERILANE_LIBRARY="$$($(RUN) -m verilane.clib --library)"; \
	cd nodes/js && npm ci --no-audit --no-fund --loglevel=error && npm test

# CPUs that lack something: each feature switched off in turn, then models of older years under qemu-x86_64.
test-cpus: $(VENV)/.test $(VENV)/.built
	$(RUN) -m pytest tests/test_cpu.py tests/test_cpu_without.py $(ARGS)

# All of C, and what there is a Python for, on an emulated arm64: tests/arm64.py says what it takes.
test-arm64: $(VENV)/.test $(VENV)/.built
	$(RUN) tests/arm64.py $(ARGS)

lint: $(VENV)/.lint $(VENV)/.built
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	$(VENV)/bin/clang-format --dry-run -Werror $(C_FILES)

format: $(VENV)/.lint
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format
	$(VENV)/bin/clang-format -i $(C_FILES)

# The sidecar's code from verilane.proto. Generated code runs with its generator's libraries and newer ones: so the
# oldest that pyproject.toml takes, in an environment of its own.
proto:
	@$(PYTHON) -m venv build/proto
	build/proto/bin/python -m pip --disable-pip-version-check -q install 'grpcio-tools==1.74.0' 'setuptools<81'
	build/proto/bin/python tests/generated_code.py

clean:
	rm -rf $(VENV) build dist engine/*.egg-info engine/verilane/_native.* $(CLIB)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .coverage .coverage.*
	find . -name __pycache__ -prune -exec rm -rf {} +

# The environment, with what a build needs.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo 'Verilane needs Python 3.10 or newer: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo 'No virtual environment. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	$(PIP) install --upgrade pip setuptools cffi
	@touch $@

# The package, built in place: Python files are used where they lie, C is rebuilt when it changes.
$(VENV)/.built: $(VENV)/.made $(BUILD_FILES)
	@echo 'building (a minute or so)'
	@PYTHONWARNINGS=ignore $(PIP) install --no-build-isolation --editable '.[cli]' || { \
	    echo 'The build needs a C compiler and the headers of Python.' \
	         'On Debian and Ubuntu: apt install gcc python3-dev' >&2; exit 1; }
	@touch $@

# Without what guides it, make fuzz does less, and says so.
$(VENV)/.fuzz: $(VENV)/.made pyproject.toml
	-$(PIP) install --only-binary atheris --group fuzz
	@touch $@

# What one command needs beside it: a dependency group of pyproject.toml.
$(VENV)/.demo $(VENV)/.test $(VENV)/.nodes $(VENV)/.bench $(VENV)/.docs $(VENV)/.coverage $(VENV)/.lint: $(VENV)/.%: $(VENV)/.made pyproject.toml
	$(PIP) install --group $*
	@touch $@
