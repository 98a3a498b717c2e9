"""A carrier for demos and tests: speaks Twilio's API in a process of its own and keeps a ledger of what it accepted."""
