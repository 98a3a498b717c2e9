"""Rules of texts to many: audience, shares, drips, links, health."""
