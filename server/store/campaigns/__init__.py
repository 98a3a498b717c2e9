"""Texts to many: the audience, the launch, and carrying it on."""
