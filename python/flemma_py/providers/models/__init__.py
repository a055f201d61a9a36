"""Models by what their names tell, so that tomorrow's works before anybody writes a line about it."""
