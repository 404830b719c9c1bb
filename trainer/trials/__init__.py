"""Models on trial: what live tickets say of a version, and what follows from it."""
