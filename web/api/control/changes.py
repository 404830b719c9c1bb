"""Every kind of change that can be put under four eyes; a proposal is carried out from here."""

from web.api.control.gate import Change
from web.api.labels.changes import EDIT
from web.api.models.changes import ACTIVATE, BEGIN_TRIAL, END_TRIAL, ROLL_BACK
from web.api.rules.saving import SAVE as SAVE_RULES
from web.api.thresholds.changes import SAVE as SAVE_THRESHOLDS

CHANGES: tuple[Change, ...] = (
    SAVE_RULES,
    SAVE_THRESHOLDS,
    EDIT,
    ACTIVATE,
    ROLL_BACK,
    BEGIN_TRIAL,
    END_TRIAL,
)
