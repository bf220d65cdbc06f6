"""Needle movers: the few matters that visibly move the business, each with its evidence."""
