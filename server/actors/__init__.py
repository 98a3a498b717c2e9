"""The actors of the product: each receives, decides with a domain function, performs one transaction and publishes."""
