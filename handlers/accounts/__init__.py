"""Accounts (customers) and their contacts, which the first reference calls users."""
