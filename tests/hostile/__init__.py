"""Chats and repositories that mean harm. In `chats/` stand CANARY_URL, OUTSIDE and MARKS for places of the test's."""
