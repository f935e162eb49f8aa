"""The environments: Meta-World's fifty tasks and the table-top."""
