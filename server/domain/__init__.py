"""The functional core: every rule that a person could argue about.

Imports the standard library only; time, randomness and rows are passed in.
"""
