"""Sections of the throughput benchmark, and what they share."""
