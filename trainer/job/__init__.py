"""What is asked for, how it goes on, and where it leaves what a killed run should find."""
