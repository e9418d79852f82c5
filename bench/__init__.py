"""Benchmarks, side by side and with one command each: ``bench.replay`` and ``bench.ratios``.

Nothing here is part of the product.  A figure is worth printing only when the books were right
afterwards: every benchmark ends by checking them, and one unexpected answer fails the run.
"""
