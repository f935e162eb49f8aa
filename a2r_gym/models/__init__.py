"""The dual encoder with failure prompts, its parts, and how it is stored and run."""
