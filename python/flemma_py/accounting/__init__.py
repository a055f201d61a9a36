"""What requests used and what that costs: values and arithmetic. Nothing is written down here; the session table of
`lua/flemma/session/requests.lua` keeps the requests of one Neovim, and computes the same from the same fields.

The price list (`price_list`) takes a fifth of a second to import: only `app/accounts.py` does, in a thread, and late.
"""
