"""Who may do what, and what was done: people, sessions, tokens, second looks, the audit log."""
