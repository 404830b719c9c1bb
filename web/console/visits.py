"""Who reads a page."""

from starlette.requests import Request

from web.access import current_person
from web.callers import Doorman
from web.console.pages import Visit
from web.sign_in.cookies import csrf_token


def visit_of(request: Request) -> Visit:
    """The visit that a request is, of a person or of a stranger."""
    doorman: Doorman = request.app.state.doorman
    secret = doorman.session_of(request)
    return Visit(
        request=request,
        person=current_person(request),
        csrf=csrf_token(secret) if secret else "",
    )
