import json

import redis

from broker.progress import PROGRESS, ProgressBoard


def test_a_state_reaches_listeners_and_who_comes_later(redis_url: str) -> None:
    board = ProgressBoard(redis_url, timeout_s=2, kept_s=60)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        listener = client.pubsub(ignore_subscribe_messages=True)
        listener.subscribe(PROGRESS)
        listener.get_message(timeout=2)
        board.tell(7, {"stage": "fine-tuning", "fraction": 0.5, "eta_s": 12.0, "notes": ["é"]})
        message = None
        while message is None:
            message = listener.get_message(timeout=2)
        kept = client.get(PROGRESS)
        assert message["data"] == kept
        assert json.loads(str(kept)) == {
            "run": 7,
            "stage": "fine-tuning",
            "fraction": 0.5,
            "eta_s": 12.0,
            "notes": ["é"],
        }
        assert 0 < client.pttl(PROGRESS) <= 60_000
        listener.close()


def test_without_redis_it_is_silent() -> None:
    ProgressBoard("redis://127.0.0.1:1/0", timeout_s=0.2, kept_s=60).tell(7, {"stage": "reading"})
