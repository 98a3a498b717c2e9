"""Rules of lists of people: bytes, rows, columns and what a row says."""
