# Two commands are the whole set-up: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/python -m uv pip compile --universal --generate-hashes --no-header --quiet --python-version 3.11

.PHONY: help demo test lint hardware coverage benchmark budget commission detection scenarios powercut update-cuts faults mutants fuzz lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# Packages are pinned by hash; karez itself is installed in place, so an edit is seen at once.
build/bench.ok: requirements/bench.txt pyproject.toml
	@$(PYTHON) .ci/venv.py requirements/bench.txt
	@mkdir -p build && touch $@

build/dev.ok: requirements/dev.txt pyproject.toml
	@$(PYTHON) .ci/venv.py requirements/dev.txt
	@mkdir -p build && touch build/bench.ok $@

demo: build/bench.ok ## one litre, end to end, on real MicroPython, checked act by act
	@$(BIN)/karez bench demo

test: build/dev.ok lint ## everything: lint, types, both interpreters, the system tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

# One run of mypy each, side by side: every one has its own cache. A fault in any of them is a fault of lint.
TYPED := pyproject.toml firmware/typings/esp32.ini firmware/typings/rp2.ini
lint: build/dev.ok build/typings/esp32.ok build/typings/rp2.ok ## ruff and mypy, also against each board's own stubs
	@$(BIN)/ruff check .
	@printf '%s\n' $(TYPED) | xargs -P 3 -I{} $(BIN)/mypy --config-file {}
	@$(BIN)/python -m karez_hardware pins --check

# The stubs of two ports overwrite each other, and stand in the place of Python's own library: never in .venv.
build/typings/%.ok: requirements/typings-%.txt build/dev.ok
	@rm -rf build/typings/$*
	@$(BIN)/python -m pip --disable-pip-version-check install -q --require-hashes --target build/typings/$* -r $<
	@touch $@

hardware: build/dev.ok ## boards: pins, parts lists, tables and pictures from their sources, then every check; needs graphviz
	@for made in pins lists schematic wiring; do $(BIN)/python -m karez_hardware $$made || exit 1; done
	@$(BIN)/python -m karez_hardware check

coverage: build/dev.ok ## every branch of the controller's core is taken by some test
	@$(BIN)/python -m pytest -n auto -q tests/firmware --cov

benchmark: build/dev.ok ## our figures beside those of others, into build/benchmarks.json
	@$(BIN)/python tests/benchmarks/run.py

budget: build/dev.ok ## heap and size of the whole firmware against its limits
	@$(BIN)/python tests/budget/run.py

commission: build/dev.ok ## a well commissioned by the guide, a meter and a box swapped, by the clock
	@$(BIN)/python tests/commission/run.py

detection: build/bench.ok ## how soon which tampering is found, over 200 seeds: docs/detection.md
	@$(BIN)/karez bench detection --seeds 0:200 --out docs/detection.json
	@$(BIN)/python docs/detection_page.py

scenarios: build/bench.ok ## every scenario that ships, into build/scenarios.json; passed, failed and waiting at the end
	@$(BIN)/karez bench scenarios --json > build/scenarios.json

powercut: build/dev.ok ## a scripted day cut at every write, in all modes, and again during recovery
	@$(BIN)/python tests/powercut/run.py

update-cuts: build/dev.ok ## an update of the firmware cut at every write, over cable and MQTT
	@$(BIN)/python tests/updatecuts/run.py

faults: build/dev.ok ## the gateway with every operation of its disk cut or failed, and 200 kills
	@KAREZ_FAULTS=all KAREZ_KILLS=200 $(BIN)/python -m pytest -n auto --timeout 3600 tests/gateway/test_faults_*.py tests/gateway/test_kill.py

# MUTANTS="--module core/pump.py --jobs 2": see tests/mutation/run.py --help
mutants: build/dev.ok ## small changes to books, rights, pump and store: a test must notice each
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/mutation.txt
	@$(BIN)/python tests/mutation/run.py $(MUTANTS)

# Seconds for each decoder; what is found stays in build/fuzz and is the start of the next run.
FUZZ_S ?= 60
fuzz: build/dev.ok ## atheris on every decoder, FUZZ_S seconds each
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/fuzz.txt
	@for target in tests/fuzz/atheris_*.py; do \
	  name=$${target#tests/fuzz/atheris_}; name=$${name%.py}; mkdir -p build/fuzz/$$name; \
	  echo "fuzz: $$name"; \
	  $(BIN)/python $$target build/fuzz/$$name tests/fuzz/corpus/$$name -max_total_time=$(FUZZ_S) \
	    -artifact_prefix=build/fuzz/$$name- -print_final_stats=1 -verbosity=0 2>&1 | grep -E "stat::number_of|ERROR|Error" ; \
	  test $${PIPESTATUS[0]} -eq 0 || exit 1; \
	done

lock: build/dev.ok ## renew the pinned package lists
	@$(BIN)/python -m pip install -q uv
	@$(LOCK) --upgrade --extra dev pyproject.toml -o requirements/dev.txt
	@$(LOCK) --extra bench --extra install -c requirements/dev.txt pyproject.toml -o requirements/bench.txt
	@$(LOCK) --extra mutation -c requirements/dev.txt pyproject.toml -o requirements/mutation.txt
	@$(LOCK) --extra fuzz -c requirements/dev.txt pyproject.toml -o requirements/fuzz.txt
	@for port in esp32 rp2; do \
	  $(LOCK) --group pyproject.toml:typings-$$port -o requirements/typings-$$port.txt; done

clean: ## remove everything that was built or installed here
	@rm -rf .venv build dist
