"""loyalty-pos: the loyalty half of a shop's till.

The domain is pure, services are transactions, storage alone knows SQL, edges only translate.
docs/architecture.md shows the house.
"""

__version__ = "0.1.0"
