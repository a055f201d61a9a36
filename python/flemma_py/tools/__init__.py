"""What a model may call: one module per tool, with its `TOOL`. The folder is the registry."""
