"""Requests to other machines: a library without topics, open to every group."""
