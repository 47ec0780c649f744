"""Plugs for nodes that are there already: each module serves one library, and needs it."""
