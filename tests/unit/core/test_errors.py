import pickle

from core.errors import Invalid
from router.department_changes import InUse


def test_what_is_wrong_passes_whole_from_one_process_to_another() -> None:
    for kind in (Invalid, InUse):
        error = pickle.loads(pickle.dumps(kind("labels.0", "is unknown", "add it")))
        assert type(error) is kind
        assert (error.field, error.problem, error.fix) == ("labels.0", "is unknown", "add it")
        assert str(error) == "labels.0: is unknown; add it"
