"""What a ticket can be about, and how much each label may do."""
