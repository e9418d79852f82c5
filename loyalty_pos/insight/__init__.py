"""Whole-population analysis: what runs over all members at once, written once as Ibis expressions.

It knows neither the web nor the checkout and reads files, so that it can run on another machine than
the till.  Its packages come with the extra ``analysis`` and are imported in this folder alone.
"""
