"""What the trainer needs of a label before it can learn it."""

# Under this a label cannot stand on both sides of a split and still teach anything.
MIN_POSITIVES = 4


def needs(tickets: int) -> int:
    """How many more tickets a label needs that so many carry."""
    return max(0, MIN_POSITIVES - tickets)
