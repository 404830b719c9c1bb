"""Other ways to compute what an encoder makes of token ids, faster on a CPU than torch.

A backend takes the place of the encoder and of pooling, where nearly all the work is. Head, lexical
branch and arrangement of labels stay in torch, in full precision.
"""
