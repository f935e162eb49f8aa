"""Data sets on disk and in memory: collected rollouts, and what training and evaluation read of them."""
