"""Budgets: before a request leaves it is looked whether it may cost what it could, and the user is asked where not.

`funds` knows what is taken of each limit, by the ledger of all processes; `purse` is one chat's: what its next request
may cost at worst, what is asked, and what was agreed to. The rule itself is `accounting/budget.py`.
"""
