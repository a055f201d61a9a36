"""What stands in the parentheses of a rule: one file per kind of argument, and the folder is the registry."""
