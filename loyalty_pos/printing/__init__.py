"""Printing: paper made from values, as PDF bytes; no clock, no database, no web."""
