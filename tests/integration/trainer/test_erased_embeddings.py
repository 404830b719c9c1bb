"""What was erased leaves the features that trainings keep, and comes back into none."""

from datetime import timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from core.text import model_text, text_hash
from core.types import Ticket
from store.engine import transaction
from store.erasure.erasures import erase
from store.models import snapshots
from store.queue.tickets import import_labelled
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.artifacts import LABELS
from tests.factories.labelled import labelled_rows
from trainer.fit.embedding_store import EmbeddingStore, Shard, read_shard
from trainer.job.request import EMBEDDINGS
from trainer.loop.material import Doubts, gather
from trainer.loop.snapshot import write
from trainer.privacy.sweep import erase_files

_DOUBTS = Doubts(most=60, within=timedelta(minutes=10))


def test_features_of_an_erased_text_go_with_its_rows(engine: Engine, tmp_path: Path) -> None:
    transaction(engine, lambda c: taxonomy.add_labels(c, [Label(name=name) for name in LABELS]))
    rows = [Ticket(**row) for row in labelled_rows(60, seed=3)]  # type: ignore[arg-type]
    tickets = [*rows, Ticket(id="p", subject="quirk", body="refund", labels=(LABELS[0],))]
    stored = transaction(engine, lambda c: import_labelled(c, tickets, source="history"))
    made = gather(engine, _DOUBTS, 0)
    place = write(made, tmp_path / "snapshots")
    transaction(
        engine,
        lambda c: snapshots.register(c, snapshot_id=made.id, path=place, summary=made.summary()),
    )
    texts = [model_text(ticket.subject, ticket.body) for ticket in tickets]
    hashes = sorted({text_hash(text) for text in texts})
    store = EmbeddingStore(folder=tmp_path / EMBEDDINGS / "of-an-encoder")
    features = np.arange(len(hashes) * 3, dtype=np.float32).reshape(-1, 3)
    store.keep(Shard(hashes=hashes, features=features))

    erase(engine, stored[-1].id, by="ann")
    assert erase_files(engine, tmp_path, is_trainer=True)

    left = read_shard(next(store.folder.iterdir()))
    assert left is not None
    assert set(hashes) - set(left.hashes) == {text_hash(texts[-1])}
    np.testing.assert_array_equal(
        left.features, features[[hashes.index(hash_) for hash_ in left.hashes]]
    )
