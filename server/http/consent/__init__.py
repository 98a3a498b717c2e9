"""What recipients have agreed to, its proof, and texts that a person must judge."""
