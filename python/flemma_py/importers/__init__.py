"""Code and exports of others as a chat: read (`literal`, `source`), understood (`formats/`, `content`), written
(`chat`).

Pure. What a source says is data: nothing in it becomes a marker, a block, a template or a reference of the chat.
"""
