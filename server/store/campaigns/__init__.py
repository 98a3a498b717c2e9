"""Campaigns: plan, audience, launch, and carrying it on; what texts in bulk queue goes through here, too."""
