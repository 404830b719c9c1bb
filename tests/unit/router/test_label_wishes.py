import json
from uuid import uuid4

from core.types import Automation, LabelMove
from router.label_outlook import Wanted
from router.label_wishes import parse_wanted, wanted_object
from tests.factories.values import a_ticket


def test_a_change_comes_back_from_json_as_it_went_in() -> None:
    wanted = Wanted(
        kind=LabelMove.ADD,
        before=("old",),
        after=("outage",),
        descriptions={"outage": "Nothing works"},
        examples=[a_ticket("e-1", labels=("outage",))],
        tickets={"outage": [uuid4()]},
        automation=Automation.PRESELECT,
        actor="olga",
        note="since Monday",
    )
    assert parse_wanted(json.loads(json.dumps(wanted_object(wanted)))) == wanted
