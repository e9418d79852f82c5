"""Adapters: one module per POS, all of one shape, found by loyalty_pos.registry.

Each turns a POS's own language into the Documents of ``loyalty_pos.ports`` and back, by pure
functions.  Nobody imports an adapter by name, and an adapter imports nothing but ports, money,
basket, errors, its siblings and the standard library.  ``generic_json`` is the one to copy.
"""
