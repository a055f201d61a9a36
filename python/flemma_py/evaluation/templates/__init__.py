"""Chats as programs: frontmatter, `{{ expressions }}`, `{% code %}` and `include()`, in Lua and in Jinja2.

Runs in the worker process only: the host never imports these modules, and they open no file.
"""
