"""Meetings: when they take place, and who comes."""
