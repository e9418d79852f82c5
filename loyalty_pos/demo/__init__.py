"""The demo shop: a made-up small Vietnamese grocery, rung up through the public services.

Nothing of the product knows it; only the ``demo`` command imports it.
"""

from loyalty_pos.demo.simulator import DemoShop, fill

__all__ = ["DemoShop", "fill"]
