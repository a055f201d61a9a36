"""Vendors' wires as pure functions: bytes in, events out. No sockets, no clocks, no keys.

The folder is the registry: a module that names a `PROVIDER` is one. The others are what wires share.
"""
