"""The project that a chat belongs to, which is what sessions are listed and summed by."""

from __future__ import annotations

from pathlib import Path


def workspace_of(folder: str) -> str:
    """The real path of the project's root around `folder`; of the folder itself where it is in none. Looks at the file
    system."""
    from flemma_py.files.policy import find_ground

    return str(find_ground(folder, str(Path.home())).folders[-1])
