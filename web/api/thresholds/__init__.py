"""From which score labels count, and what they may do by themselves."""
