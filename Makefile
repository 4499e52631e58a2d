# Two commands: `make book` builds the site, `make test` runs the tests and every notebook.
# Each makes its environment in .venv first, once. `make help` lists the rest.

PYTHON ?= python3
ENV_PYTHON := $(if $(filter Windows_NT,$(OS)),.venv/Scripts/python,.venv/bin/python)
JUPYTER_BOOK := -c "from jupyter_book.cli.main import main; main()"
PYTEST := -m pytest
PORT ?= 8000

.PHONY: help environment book pdf serve test test-all test-site notebooks translations picture lint format bench pins clean

help:  ## this list
	@echo "make book        build the book from its notebooks into _build/html"
	@echo "make pdf         print the book of \`make book\` into one PDF, which the site then offers"
	@echo "make serve       show the book at http://localhost:$(PORT)"
	@echo "make test        unit tests, doctests, and every notebook compared with its outputs"
	@echo "make test-all    the same, and the slow tests, which \`make test\` counts as skipped"
	@echo "make test-site   the site of \`make book\` in headless Chromium"
	@echo "make notebooks   execute the chapters whose text changed"
	@echo "make translations  bring the catalogues of the Chinese edition up to date"
	@echo "make picture     draw the README's picture"
	@echo "make lint        ruff format --check, ruff check, codespell"
	@echo "make format      let ruff format the code and sort its imports"
	@echo "make bench       the benchmarks, as tables"
	@echo "make pins        renew the pinned versions of requirements.txt"
	@echo "make clean       remove what was built, and the environment"

environment:
	@$(PYTHON) tools/environment.py

# From a clean folder: an incremental build reports success after a failed one.
book: environment
	@rm -rf _build
	@$(ENV_PYTHON) $(JUPYTER_BOOK) build . -W -n --keep-going --all
	@echo "Or run \`make serve\` and open http://localhost:$(PORT)"

# Chromium prints the pages of `make book`.
pdf: environment
	@test -f _build/html/index.html || $(MAKE) book
	@$(ENV_PYTHON) tools/pdf.py

serve: environment
	@test -f _build/html/index.html || $(MAKE) book
	@echo "The book is at http://localhost:$(PORT); Ctrl-C stops."
	@$(ENV_PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

# The tests of a file stay in one process: a notebook's cells share their kernel.
test: environment
	@$(ENV_PYTHON) $(PYTEST) -n auto --dist loadfile -m "not browser" --quick

test-all: environment
	@$(ENV_PYTHON) $(PYTEST) -n auto --dist loadfile -m "not browser"

test-site: environment
	@$(ENV_PYTHON) $(PYTEST) tests -n auto --dist loadgroup -m browser

notebooks: environment
	@$(ENV_PYTHON) tools/notebooks.py

translations: environment
	@$(ENV_PYTHON) tools/translations.py

picture: environment
	@$(ENV_PYTHON) tools/picture.py

lint: environment
	@$(ENV_PYTHON) -m ruff format --check .
	@$(ENV_PYTHON) -m ruff check .
	@$(ENV_PYTHON) -m codespell_lib

format: environment
	@$(ENV_PYTHON) -m ruff check --select I --fix --quiet .
	@$(ENV_PYTHON) -m ruff format .

bench: environment
	@for script in benchmarks/*.py; do \
		if [ -f "$$script" ]; then echo "== $$script"; $(ENV_PYTHON) "$$script" || exit 1; fi; done

pins: environment
	@echo "-e .[book,test]" | $(ENV_PYTHON) -m uv pip compile - --universal --python-version 3.11 \
		--upgrade --no-annotate --quiet --custom-compile-command "make pins" -o requirements.txt

clean:
	rm -rf _build .venv .pytest_cache .ruff_cache .coverage* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
