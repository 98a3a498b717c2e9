"""A carrier for demos and tests: speaks Twilio's API in a process of its own and keeps a ledger of what it accepted.

It lets no text reach anybody: it binds and posts to loopback only and refuses every recipient that is not one of the
numbers reserved for fiction. Faults come by magic recipients (`faults.py`), by chance, or on command (`control.py`).
"""
