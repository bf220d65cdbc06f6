"""Reports: what is reported and when, their runs, what is in them, how they look."""
