"""Whether the tickets of today are still those that the model was made for.

Pure functions over numpy arrays; what reads files is `compare`, what draws is `pictures`.
"""
