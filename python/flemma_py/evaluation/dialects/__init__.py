"""One module per language that the worker evaluates: its `evaluate(code) -> str`. The module's name is the dialect's.

Runs in the worker process only: the host never imports these modules.
"""
