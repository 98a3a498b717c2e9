"""Lists of people: sent, looked at, taken in."""
