"""The shapes of what a helpdesk is answered."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class DeliveryTaken(BaseModel):
    """What became of a delivery; the same delivery again gets the same answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "outcome": "ticket",
                "id": "0198c0de-1f2e-7a3b-8c4d-5e6f70819203",
                "reason": None,
            }
        }
    )

    outcome: Literal["ticket", "feedback", "ignored"]
    id: UUID | None = Field(description="Of the ticket; null where it is about none.")
    reason: str | None = Field(description="Why it was ignored.")
