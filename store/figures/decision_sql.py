"""Parts of statements about decisions and what people said of them: one meaning for each word.

Statements with `SPANS` look at tickets within ranges of ids, whose first 48 bits are the time of
arrival, so that primary keys and `ix_corrections_ticket` find the rows.
"""

from core.types import GroupBy, Reason
from store.feedback.corrections import STANDS

SPANS = (
    "WITH spans AS MATERIALIZED (SELECT * FROM "
    "unnest(CAST(:lows AS uuid[]), CAST(:highs AS uuid[])) u(low, high))"
)
# What agents see as predicted: labels that steer and labels that they find ticked.
PREDICTED = "(d.labels || d.preselected)"
AUTOMATIC = (
    f"d.reason = '{Reason.RULE}' AND (cardinality(d.labels) > 0 "
    "OR cardinality(d.preselected) + cardinality(d.suggested) = 0)"
)
DRAWN = (
    "sha256(convert_to(:salt, 'UTF8') || '\\x00'::bytea || "
    "convert_to(d.ticket_id::text, 'UTF8')) < :limit"
)
# Arrival is in the id itself: 48 bits of milliseconds since 1970 (RFC 9562, 5.7). A later revision
# arrived later, and nobody wrote down when.
ARRIVED_MS = "('x' || left(replace(d.ticket_id::text, '-', ''), 12))::bit(48)::bigint"
HOUR = f"to_timestamp(({ARRIVED_MS}) / 3600000 * 3600)"
KEYS = {
    GroupBy.ALL: "'all'",
    GroupBy.DAY: "to_char(d.decided_at, 'YYYY-MM-DD')",
    GroupBy.VERSION: "coalesce(d.model_version, d.rung)",
    GroupBy.LANGUAGE: "coalesce(c.language, 'not told')",
    GroupBy.CHANNEL: "coalesce(c.channel, 'not told')",
    GroupBy.DEPARTMENT: "d.primary_department",
}
COUNTS = "tickets, covered, automatic, drawn"
COUNTED = (
    f"count(*) AS tickets, count(*) FILTER (WHERE cardinality({PREDICTED}) > 0) AS covered, "
    f"count(*) FILTER (WHERE {AUTOMATIC}) AS automatic, count(*) FILTER (WHERE {DRAWN}) AS drawn"
)
# OFFSET keeps the planner from reading all of a table beside each span.
DECISIONS = (
    "(SELECT * FROM spans u CROSS JOIN LATERAL (SELECT * FROM decisions WHERE ticket_id >= u.low "
    "AND ticket_id < u.high OFFSET 0) decided) d"
)
CONTENTS = "ticket_contents c ON c.ticket_id = d.ticket_id AND c.revision = d.revision"
HITS = f"""{SPANS}, hits AS (
  SELECT {HOUR} AS hour, 1 AS held, 0 AS won,
    jsonb_path_query(d.trace, '$[*] ? (@.held == true).rule') #>> '{{}}' AS rule FROM {DECISIONS}
  UNION ALL SELECT {HOUR}, 0, 1, d.rule FROM {DECISIONS} WHERE d.rule IS NOT NULL
)
"""
_OF_LABELS = "kind IN ('confirmed', 'wrong_label')"
_OF_ROUTE = "kind IN ('confirmed', 'wrong_route', 'moved_for_load')"
_NEWEST = (
    "row_number() OVER (PARTITION BY ticket_id, revision, {kind} ORDER BY given_at DESC, id DESC)"
)
JUDGED = f"""{SPANS}, said AS (
  SELECT c.*, {_NEWEST.format(kind=_OF_LABELS)} AS nth_of_labels,
    {_NEWEST.format(kind=_OF_ROUTE)} AS nth_of_route
  FROM spans u CROSS JOIN LATERAL (SELECT * FROM corrections
    WHERE ticket_id >= u.low AND ticket_id < u.high OFFSET 0) c WHERE c.kind <> 'withdrawn'
    AND NOT EXISTS (SELECT 1 FROM corrections w WHERE w.supersedes = c.id AND w.kind = 'withdrawn')
), stands AS (
  SELECT ticket_id, revision,
    max(labels) FILTER (WHERE {_OF_LABELS} AND nth_of_labels = 1) AS labels,
    max(kind) FILTER (WHERE {_OF_LABELS} AND nth_of_labels = 1) AS of_labels,
    max(kind) FILTER (WHERE {_OF_ROUTE} AND nth_of_route = 1) AS of_route
  FROM said GROUP BY 1, 2
), words AS (
  SELECT *, CASE WHEN of_labels = 'wrong_label' OR of_route = 'wrong_route' THEN 'replaced'
    WHEN of_labels IS NOT NULL OR of_route IS NOT NULL THEN 'accepted' ELSE 'skipped' END AS outcome
  FROM stands
)
"""
"""One row a decision that agents said anything of, joined to it as `w`."""
TRUTH = (
    "CASE WHEN w.of_labels = 'wrong_label' THEN w.labels "
    f"WHEN w.of_labels = 'confirmed' OR w.of_route = 'wrong_route' THEN {PREDICTED} END"
)
WORD_COLUMNS = (
    "hour, day, version, language, channel, department, outcome, predicted, truth, is_moved, "
    "is_drawn, tickets"
)
WORDS = f"""
SELECT {HOUR}, {KEYS[GroupBy.DAY]} AS day, {KEYS[GroupBy.VERSION]} AS version,
  CASE WHEN c.ticket_id IS NOT NULL THEN {KEYS[GroupBy.LANGUAGE]} END AS language,
  CASE WHEN c.ticket_id IS NOT NULL THEN {KEYS[GroupBy.CHANNEL]} END AS channel,
  d.primary_department AS department, w.outcome, {PREDICTED} AS predicted, {TRUTH} AS truth,
  coalesce(w.of_route IN ('wrong_route', 'moved_for_load'), false) AS is_moved,
  {DRAWN} AS is_drawn, count(*) AS tickets
FROM words w JOIN decisions d ON d.ticket_id = w.ticket_id AND d.revision = w.revision
LEFT JOIN {CONTENTS} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""
"""What people said, after `JUDGED`, as `hour_words` keeps it."""
GIVEN = f"""{SPANS}, spoken AS (
  SELECT DISTINCT ON (c.ticket_id) c.ticket_id, c.revision, c.labels
  FROM spans u CROSS JOIN LATERAL (SELECT * FROM corrections
    WHERE ticket_id >= u.low AND ticket_id < u.high OFFSET 0) c WHERE c.{_OF_LABELS} AND {STANDS}
  ORDER BY c.ticket_id, c.given_at DESC, c.id DESC
), given AS (
  SELECT s.ticket_id, true AS corrected, coalesce(s.labels, {PREDICTED}) AS labels
  FROM spoken s LEFT JOIN decisions d ON s.labels IS NULL
    AND d.ticket_id = s.ticket_id AND d.revision = s.revision
  WHERE NOT EXISTS (SELECT FROM erased_tickets e WHERE e.ticket_id = s.ticket_id)
  UNION ALL
  SELECT t.id, false, c.labels
  FROM spans u CROSS JOIN LATERAL (SELECT * FROM ticket_contents WHERE labels IS NOT NULL
    AND ticket_id >= u.low AND ticket_id < u.high OFFSET 0) c
  JOIN tickets t ON t.id = c.ticket_id AND t.revision = c.revision
  WHERE t.state = 'decided' AND NOT EXISTS (SELECT FROM decisions d WHERE d.ticket_id = t.id)
    AND NOT EXISTS (SELECT FROM spoken s WHERE s.ticket_id = t.id)
)
"""
"""One row a ticket whose labels people gave: their newest word, or else what it was imported with.

The labels are NULL where what was confirmed is gone.
"""


def told_apart(by: GroupBy, *, with_contents: bool = False) -> str:
    """What to join to decisions `d` so that `k.key` is the name of each one's group."""
    needs = with_contents or by in (GroupBy.LANGUAGE, GroupBy.CHANNEL)
    contents = f"JOIN {CONTENTS}" if needs else ""  # which are wide
    key = f"unnest({PREDICTED})" if by is GroupBy.LABEL else f"LATERAL (VALUES ({KEYS[by]}))"
    return f"{contents} CROSS JOIN {key} k(key)"
