"""Mailboxes, actors, supervisors, timers and the registry of virtual actors. Knows nothing of SMS."""
