"""From a reward to behaviour: the cross-entropy method and model predictive control on predicted videos."""
