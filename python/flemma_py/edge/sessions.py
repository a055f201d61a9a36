"""Operations on sessions, asked for by Lua: the message kind `session`, `{action=…, …}`.

Lua asks through `require("flemma.operations")`, which does at once what needs no host (the cut of a rewind, the
clearing of a reset), refuses by notice what it can know to be wrong, and sends the rest:

    fork(buf, { line?, name? })     a sibling file, opened; `line` (1-based): up to the turn there; none: all of it
    load(id)                        the session's chat, opened; made from its journal where the file is gone
    rewind(buf, { line?, insert? }) `line`: the `@You:` to go back to, whose text stays as the prompt; none: to before
                                    the first turn; `insert`: insert mode is entered. One undo step
    reset(buf)                      stops what the chat does, clears it, gives it a session of its own
    delete(id)                      to the trash
    send(action, more)              any other of those below

What the host takes. `buf` is the chat that it is asked in (absent: none), `id` a session's id or how it begins (absent:
the session of `buf`):

    fork       buf, last?: lines to take (absent: all), name?: of the new file, busy?: a reply is being written
    load       id
    rewind     buf, first: 0-based line from which on the chat is cut, stamp. Sent before the cut
    reset      buf
    delete     id                        undelete   id
    pin        id?, pinned               info, path id?
    list       cursor?, whole?: of all projects, not of this one
    search     query, whole?
    cleanup    days, dry_run?, asked?: the user has agreed
    stats      by?                       history    -
    doctor     repair_index?, merge_conflicts?
    events     id?, follow?              unfollow   -
    export     format, path?, id?

What comes of it goes to the door `operation` of `lua/flemma/receive.lua`; a refusal is a notice.
"""
