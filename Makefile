# What a newcomer runs; `make help` lists it. Every target does its own set-up and does nothing twice.
PRESET ?= release
BUILD_DIR := $(if $(filter release,$(PRESET)),build,build-$(PRESET))
JOBS ?=
PYTHON := .venv/bin/python
export BUILD_DIR

.PHONY: all help setup configure build install uninstall package demo test test-nightly test-gpu fuzz docs bench-cpu bench-gpu bench-hopper format clean
.DEFAULT_GOAL := build

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 24

all: build

setup: ## install what is missing: apt packages, Python tools in .venv
	@scripts/setup.sh

configure: setup ## run CMake (preset $(PRESET): release, debug, asserts or asan)
	@test -f $(BUILD_DIR)/build.ninja || cmake --preset $(PRESET)

build: configure ## configure and build (the default)
	@cmake --build --preset $(PRESET) $(if $(JOBS),-j $(JOBS))

install: build ## install below PREFIX (default /usr/local); DESTDIR as usual
	@scripts/install.sh install

uninstall: ## remove what `make install` put below PREFIX
	@scripts/install.sh uninstall

package: build ## Debian packages in $(BUILD_DIR)/packages: gdpa-runtime, gdpa, gdpa-dev
	@cd $(BUILD_DIR) && cpack -G DEB

demo: build ## every example on scikit-learn's digits: errors, time and memory in one table
	@$(PYTHON) examples/demo.py

test: build ## every suite, sized for continuous integration
	@scripts/test.sh ci

test-nightly: build ## the same with the whole cover and 5,000 random programs
	@scripts/test.sh nightly

test-gpu: build ## the examples on this machine's GPU: one table
	@$(PYTHON) python/tests/gpu.py

fuzz: ## ten minutes of libFuzzer over modules, passes and the runtime's files, in preset asan (FUZZ_SECONDS)
	@$(MAKE) --no-print-directory build PRESET=asan
	@BUILD_DIR=build-asan scripts/fuzz.sh $(FUZZ_SECONDS)

docs: build ## write the generated pages of docs/
	@scripts/generate-docs.sh

bench-cpu: build ## benchmarks/cpu: fractions of the peak measured in the same process
	@$(PYTHON) benchmarks/cpu/run.py

bench-gpu: build ## benchmarks/gpu: against the same peers in the same process
	@benchmarks/gpu/compile.sh $(BUILD_DIR)/bench-gpu && python3 benchmarks/gpu/bench.py $(BUILD_DIR)/bench-gpu --kernels

bench-hopper: build ## benchmarks/gpu/hopper.py: the forward kernels of sm_90a beside cuDNN, Triton, FlexAttention
	@python3 benchmarks/gpu/hopper.py --compile $(BUILD_DIR)/bench-hopper --run $(BUILD_DIR)/bench-hopper

format: ## clang-format over the tracked C++ files
	@git ls-files '*.h' '*.cpp' | xargs clang-format-22 -i

clean: ## remove the build folder
	@rm -rf $(BUILD_DIR)
