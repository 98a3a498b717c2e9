"""What this server sends to other programs: no carrier, and nothing that has to leave at an instant."""
