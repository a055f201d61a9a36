"""Code that somebody else wrote (a model's expression, a chat's template) runs here, in a process of its own.

Neither embedded LuaJIT nor Jinja2 can be bounded inside the host: a power tower holds the GIL, and a loop around
`pcall` swallows every hook. A process can always be killed. `client.py` is the host's side, `worker.py` and
`dialects/` run on the other; this file stays empty, because both sides import it.
"""
