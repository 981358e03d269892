"""Campaigns in several steps: who got one gets the next after a wait, unless something ends it for them."""
