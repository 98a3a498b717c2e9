"""Contacts, what describes them, and how they are found."""
