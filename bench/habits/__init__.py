"""The ranker beside the classics, on the same lines in one run: ``python -m bench.habits``."""
