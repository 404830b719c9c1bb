"""Floor 1: text in, calibrated score of every label out; and the artifact folder that holds it.

Everything that inference needs and nothing that training alone needs. Tensors stay in here: what
comes out are numpy arrays of shape (b tickets, l labels). Importing touches no device.
"""
