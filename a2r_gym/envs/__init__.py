"""The environments: Meta-World's fifty tasks, the table-top and Concept2Robot's tasks."""
