"""One module for each carrier, over one traced HTTP exchange. No carrier knows another."""
