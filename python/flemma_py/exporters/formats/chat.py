"""A `.chat`: the lines as they are, but for the secrets. It can be sent again."""

from __future__ import annotations

from flemma_py.exporters.transcript import Format, Transcript


def write(transcript: Transcript) -> str:
    return "\n".join(transcript.lines)


FORMAT = Format("chat", (".chat",), write, keeps_bytes=True)
