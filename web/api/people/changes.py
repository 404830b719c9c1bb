"""People let in, changed, and given passwords; the console does the same through these."""

from sqlalchemy import Connection, Engine

from core.passwords import generated, hash_password
from store.access import people
from store.access.people import Person
from store.engine import transaction
from web.api.people.schemas import NewPerson, PersonChange, PersonShape, PersonWithPassword
from web.etags import must_match
from web.problems import Problem


def known_person(connection: Connection, id_: int) -> Person:
    """One person, locked against changes until the transaction ends.

    Raises:
        Problem: there is none.
    """
    found = people.person(connection, id_)
    if found is None:
        raise Problem("not-found", f"There is no person {id_}.")
    return found


def add_person(engine: Engine, wanted: NewPerson, *, by: str) -> PersonWithPassword:
    """Somebody let in, with the one look at their password.

    Raises:
        Invalid: the name is that of another person or of a living token.
    """
    password, hashed = _new_password()
    made = transaction(
        engine,
        lambda c: people.add(c, name=wanted.name, role=wanted.role, password_hash=hashed, actor=by),
    )
    return _with_password(made, password)


def change_person(
    connection: Connection, id_: int, wanted: PersonChange, if_match: str | None, by: str
) -> Person:
    """A person with another role, or locked out, or let in again.

    Raises:
        Problem: there is none, or the change was made on another version than what stands.
    """
    found = known_person(connection, id_)
    must_match(
        if_match,
        found.version,
        current=PersonShape.model_validate(found).model_dump(mode="json"),
        yours=wanted.model_dump(mode="json", exclude_none=True),
    )
    disabled = found.disabled_at is not None if wanted.disabled is None else wanted.disabled
    return people.change(
        connection, found, actor=by, role=wanted.role or found.role, disabled=disabled
    )


def with_new_password(engine: Engine, id_: int, *, by: str) -> PersonWithPassword:
    """A new password for somebody; their sessions end, and a lock is lifted.

    Raises:
        Problem: there is no such person.
    """
    password, hashed = _new_password()

    def work(connection: Connection) -> Person:
        people.set_password(connection, known_person(connection, id_), hashed, actor=by)
        return known_person(connection, id_)

    return _with_password(transaction(engine, work), password)


def _new_password() -> tuple[str, str]:
    password = generated()
    return password, hash_password(password, min_chars=1)


def _with_password(one: Person, password: str) -> PersonWithPassword:
    shape = PersonShape.model_validate(one)
    return PersonWithPassword(**shape.model_dump(), password=password)
