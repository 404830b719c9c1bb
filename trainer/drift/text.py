"""Texts as numbers that need no model: TF-IDF of character n-grams, and a dense projection of it.

Character n-grams tell languages apart in any script (Cavnar and Trenkle, "N-gram-based text
categorization", 1994), which words do not where a script has no spaces.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

# A language shows in its first lines; more is time alone.
MAX_CHARS = 600
MAX_TERMS = 20_000
DIMENSIONS = 50
_NGRAMS = (1, 3)
_DIGIT = re.compile(r"\d")


def ngram_matrix(texts: Sequence[str]) -> csr_matrix:
    """Rows of length 1, shape (b, f); b > 0 and one text at least is not empty."""
    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=_NGRAMS,
        max_features=MAX_TERMS,
        sublinear_tf=True,
        dtype=np.float32,
    )
    return vectorizer.fit_transform([_start(text) for text in texts])


def projected(matrix: csr_matrix, seed: int) -> NDArray[np.floating[Any]]:
    """Latent semantic features of the rows, shape (b, `DIMENSIONS` or fewer)."""
    wanted = min(DIMENSIONS, min(matrix.shape) - 1)
    if wanted < 1:
        return np.asarray(matrix.toarray())
    return np.asarray(TruncatedSVD(wanted, random_state=seed).fit_transform(matrix))


def _start(text: str) -> str:
    """The part that is looked at; digits are alike, for dates and versions always move on."""
    return _DIGIT.sub("0", text[:MAX_CHARS])
