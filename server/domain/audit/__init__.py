"""What the audit log has, and the sentences by which people read it."""
