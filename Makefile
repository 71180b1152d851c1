# Names for what scripts/ does, for fingers that type make. Nothing is defined here.

.PHONY: serve test lint constraints clean

serve:
	./scripts/serve

test:
	./scripts/test

lint:
	./scripts/lint

constraints:
	./scripts/constraints

clean:
	rm -rf .venv .run build dist htmlcov .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
