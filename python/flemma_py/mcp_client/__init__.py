"""MCP servers as sources of tools, resources and prompts, over the official SDK.

Nothing here imports the SDK before a server is started: that takes more than a second, and happens in a thread.
"""
