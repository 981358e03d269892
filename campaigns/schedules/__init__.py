"""When campaigns leave: once, again and again, late, and never on a day off."""
