"""Agents of stable-baselines3 trained on the learned reward: train, measure, watch. Needs the ``sb3`` extra."""
