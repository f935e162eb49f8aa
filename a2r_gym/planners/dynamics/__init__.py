"""What a planner believes will happen: an exact simulator, or a model that was learned."""
