# The two commands of the README: `make report` and `make test`. Everything runs in .venv, which `make env` builds.
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
CASE ?= central-asia
export JAX_PLATFORMS ?= cpu

.PHONY: env restamp years kept headline comparison power-study report test test-slow test-exhaustive hostile test-failed lint types answers published bench docs pins posteriors clean

env: $(VENV)/ready

$(VENV)/ready: constraints.txt pyproject.toml
	$(PY) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

report: env  ## the page of the flagship case
	$(BIN)/buckpass report $(CASE) -o $(CASE).html --force

# A test that hangs shows where it stands, and fails.
TIMED = $(BIN)/python -m pytest -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true

test: env  ## the fast suite
	$(TIMED) -n 2 --dist loadfile -m "not slow and not exhaustive and not gambit and not gpu and not browser"

test-slow: env  ## what takes longer: recovery, calibration, kills, browsers
	$(TIMED) -n 2 --dist loadfile -m "(slow or browser) and not exhaustive and not hostile"

test-exhaustive: env  ## every combination of what the slow suite samples: every verb in every way, on every crisis
	$(BIN)/python -m pytest -n 2 --dist loadfile -m exhaustive

hostile: env  ## every generator of hostile inputs at its full size, and a table of what was tried
	$(BIN)/python -m pytest -n 2 --dist load -m hostile tests/hostile tests/case

test-failed: env  ## only the tests that failed last
	$(BIN)/python -m pytest -n 1 --last-failed --last-failed-no-failures none -m "(slow or browser) and not exhaustive and not hostile"

lint: env
	$(BIN)/ruff check src tests benchmarks docs/_build
	$(BIN)/ruff format --check src tests benchmarks docs/_build

types: env  ## pyright over src
	$(BIN)/pyright

bench: env  ## writes benchmarks/results.json
	$(BIN)/python benchmarks/run.py

POSTERIORS = src/buckpass/cases/$(1)/posteriors --bundle --force
posteriors: env  ## fit every combination for the bundled cases again; the only way the bundled posteriors change
	-$(BIN)/buckpass fit central-asia -o $(call POSTERIORS,central-asia)
	-$(BIN)/buckpass fit central-asia -o $(call POSTERIORS,central-asia) --no-readings --order "patron first" \
	  --explanation FR --explanation argument --explanation all
	-$(BIN)/buckpass fit western-balkans -o $(call POSTERIORS,western-balkans)

restamp: env  ## bundled posteriors and power study get the stamp of the model installed, where their draws are its own
	$(BIN)/python benchmarks/restamp.py

years: env  ## the baseline of the years ahead that page and dashboard show at once; after every change of a case or its posteriors
	$(BIN)/python -c 'from buckpass.years.baseline import bundle as b; print(b("central-asia"), b("western-balkans"))'

kept: env  ## claims and agreement of the bundled cases, so that nobody waits for them; after every change of cases, posteriors or src
	$(BIN)/python -c 'from buckpass.cli.kept import bundle_answers as b; print(b("central-asia"), b("western-balkans"))'

power-study: env  ## draw records with a mechanism and without, ask them for it; resumable; bundles the result
	$(BIN)/buckpass compare central-asia --power -o build/power-study
	cp build/power-study/power_study.json src/buckpass/cases/central-asia/power_study.json

comparison: env  ## docs/comparison.json and its figures: all that compare says of the flagship
	$(BIN)/python benchmarks/comparison.py

headline: env  ## docs/headline.json, the README's figure and answer, from the bundled posteriors
	$(BIN)/python benchmarks/headline.py

answers: env  ## docs/answers.json: what the commands of docs/questions.md print; after every change of cases or posteriors
	$(BIN)/python docs/_build/answers.py

published: env  ## docs/published.json: what becomes of each publisher's file of ../shared, where that is there
	$(BIN)/python docs/_build/published.py

docs: env
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pins: ## resolve the versions again; needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --all-extras --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links pyproject.toml constraints.in -o constraints.txt

clean:
	rm -rf $(VENV) .jax_cache .pytest_cache .ruff_cache .hypothesis site
