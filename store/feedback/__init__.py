"""What people say of decisions, and the queue in which they are asked."""
