"""Every operation: one folder a domain group, one file an operation."""
