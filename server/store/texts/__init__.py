"""What texts are written with: drafts, saved texts, pictures, the values of tokens."""
