"""Contacts, what describes them, the lists that they came in, and how they are found."""
