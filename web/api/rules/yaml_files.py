"""`/v1/rules.yaml`, plan and apply: rules as files, which go from one installation to another."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from router.editing import plan_rules, standing
from router.rules_yaml import dump_rules, load_rules
from router.ruleset import ruleset_object
from store.engine import transaction
from web.api.rules.doors import OF_READING, OF_SAVING, OF_TRYING, By, Raw, Saver, must_stand
from web.api.rules.saving import planned
from web.api.rules.schemas import YAML_EXAMPLE, Note, PlannedRules, SavedRules
from web.etags import IfMatch, etag_of

_MEDIA = "application/yaml"  # RFC 9512
_YAML: dict[str, Any] = {"schema": {"type": "string"}, "example": YAML_EXAMPLE}
_BODY = {"requestBody": {"required": True, "content": {_MEDIA: _YAML}}}


def yaml_routes(engine: Engine, saver: Saver) -> APIRouter:
    """The three routes."""
    routes = APIRouter(prefix="/v1", tags=["rules"])

    @routes.get(
        "/rules.yaml",
        response_class=Response,
        responses={
            200: {
                "description": "The same text for the same rules.",
                "content": {_MEDIA: {"example": YAML_EXAMPLE}},
            },
            **OF_READING,
        },
        summary="The rules that decide now, as YAML",
    )
    def export() -> Response:
        """To be kept in a repository, and applied here or elsewhere."""
        found = must_stand(transaction(engine, standing))
        headers = {"etag": etag_of(found.version)}
        return Response(dump_rules(found.ruleset), headers=headers, media_type=_MEDIA)

    @routes.post(
        "/rules/plan",
        response_model=PlannedRules,
        responses=OF_TRYING,
        openapi_extra=_BODY,
        summary="What applying a YAML file would change",
    )
    def plan(body: Raw) -> PlannedRules:
        """Saves nothing."""
        wanted = load_rules(body)
        return planned(transaction(engine, lambda c: plan_rules(c, wanted)))

    @routes.post(
        "/rules/apply",
        response_model=SavedRules,
        responses=OF_SAVING,
        openapi_extra=_BODY,
        summary="Save the rules of a YAML file",
    )
    def apply(
        body: Raw,
        by: By,
        response: Response,
        note: Annotated[Note, Query()] = "",
        if_match: IfMatch = None,
    ) -> SavedRules:
        """`If-Match` is the `ETag` of the rules that the plan was made on."""
        wanted = ruleset_object(load_rules(body))

        def build(_connection: Connection, _standing: Any) -> dict[str, Any]:
            return wanted

        saved = saver(build, if_match=if_match, note=note, by=by, yours=wanted)
        response.headers["etag"] = etag_of(saved.version)
        return saved

    return routes
