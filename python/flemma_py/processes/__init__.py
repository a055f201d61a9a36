"""Commands that a model runs, each below a small process of ours (`reaper.py`) that leaves nothing of them behind."""
