"""The only room that knows HTTP. Import its modules in a thread: aiohttp takes a third of a second."""
