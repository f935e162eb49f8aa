"""Training of reward models: collect rollouts, fit, evaluate. The command line names this package by string only."""
