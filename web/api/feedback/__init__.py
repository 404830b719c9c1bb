"""What agents say about decisions."""
