"""What the inbox shows of conversations, and what recipients have agreed to."""
