"""What agents say about decisions, and the queue of what a person should see."""
