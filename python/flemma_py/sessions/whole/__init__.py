"""A session as one object, which is made, changed, saved and loaded again: for programs, and for tests of theirs.

    store = new_jsonl_store("sessions")                      or new_default_store(), where the editor's sessions are
    session = new_session("anthropic", "api", "claude-opus-4-5")
    store.append_message(session, {"role": "user", "content": "Hello"})
    store.append_usage_entry(session, UsageEntry(usage=TokenUsage(12, 3)))
    store.append_checkpoint(session, [{"role": "user", "content": "A greeting"}], 7)
    same = store.load(session.id)                            same.messages is the checkpoint and what came after it
    session.to_json()                                        JSON, with names and forms that Go programs read, too

They lie in the same journals as those of chats, so either can read the other's. All of it blocks, and raises
`SessionError`. The methods are functions as well (`append_message(session, message)`), of the store that a session came
from, or of the default one.
"""
