"""Every setting, with its unit, range and default; read once by each process' composition root.

The environment (prefix `POINTSMAN_`), a `.env` file in the working directory and the files of
`secrets_dir` are the only sources, the first one winning. `.env.example` lists the same names and
is checked against this class by a test.
"""

import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.addresses import Reach, parse_networks
from core.errors import Invalid
from core.types import ControlledArea, Role

ENV_FILE = ".env"
_AREA = f"({'|'.join(ControlledArea)})"
_NETWORK = r"[0-9a-fA-F.:]+/\d+"
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """What an operator can change. Units are in the names: `_s` seconds, `_tokens` tokens."""

    model_config = SettingsConfigDict(
        env_prefix="POINTSMAN_",
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL URL; unset starts an embedded server"
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis URL; unset starts an embedded server"
    )
    state_dir: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("pointsman"),
        description="folder of embedded data, models and locks",
    )
    production: bool = Field(
        default=False,
        description="refuse to start where something is open to strangers: models without a "
        "trusted key, Redis without a password or with known holes, a .env that everybody reads, a "
        "guest of the console, webhooks over http, session cookies over http",
    )
    secrets_dir: Path | None = Field(
        default=None,
        description="folder with a file for each secret, named as its variable in small letters "
        "(pointsman_database_url); read from the environment alone",
    )
    redis_patched: bool = Field(
        default=False,
        description="whether your Redis has the security fixes of its line although its version "
        "number is older, as distributions do it",
    )
    artifact_key_file: Path | None = Field(
        default=None,
        description="private key (Ed25519, PEM) that models made here are signed with, for "
        "trainers alone; unset makes one in the state folder when it is first needed",
    )
    artifact_trusted_keys: Path | None = Field(
        default=None,
        description="file of public keys (PEM) one of which must have signed a model that serves; "
        "unset trusts the key of the state folder, if there is one",
    )
    http_host: str = Field(default="127.0.0.1", description="address the web process binds")
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8080, description="port the web process binds; 0 takes a free one"
    )
    http_body_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=16_777_216, description="largest body of a request; a larger one is refused unread"
    )
    stream_listeners: Count = Field(
        default=100, description="who may listen to one web process' stream of decisions at a time"
    )
    idempotency_hours: Annotated[float, Field(gt=0)] = Field(
        default=24, description="an answer is kept at least this long for its Idempotency-Key"
    )
    console_guest: str = Field(
        default="",
        max_length=100,
        description="name of the person that a browser on this machine is without signing in; "
        "empty for nobody",
    )
    four_eyes: Annotated[str, Field(pattern=f"^({_AREA}(,{_AREA})*)?$")] = Field(
        default="",
        description="changes over the API that wait until a second person approves them, of "
        "rules,thresholds,activation; empty for none",
    )
    requests_per_minute: Annotated[int, Field(ge=0)] = Field(
        default=6_000,
        description="requests of one token or person in a minute, tickets sent apart; 0 for any",
    )
    tickets_per_minute: Annotated[int, Field(ge=0)] = Field(
        default=600_000, description="tickets that one token sends in a minute; 0 for any number"
    )
    intake_max_wait_s: Annotated[float, Field(ge=0)] = Field(
        default=3_600,
        description="new tickets are refused (429) while one has waited for its decision for "
        "longer than this; 0 for never",
    )
    sign_ins_per_minute: Annotated[int, Field(ge=0)] = Field(
        default=10, description="tries to sign in from one address in a minute; 0 for any number"
    )
    stranger_requests_per_minute: Annotated[int, Field(ge=0)] = Field(
        default=600,
        description="requests of one address in a minute that nobody vouches for: deliveries to "
        "one connection without its signature, deliveries to none, and scrapes; 0 for any number",
    )
    sign_in_failures: Count = Field(
        default=10, description="wrong passwords in a row after which a person is locked"
    )
    lockout_minutes: Annotated[float, Field(gt=0)] = Field(
        default=15, description="time for which a person is locked"
    )
    password_chars: Annotated[int, Field(ge=8, le=128)] = Field(
        default=15, description="fewest characters of a password"
    )
    session_hours: Annotated[float, Field(gt=0)] = Field(
        default=12, description="time after which a person signs in again, whatever they do"
    )
    session_idle_minutes: Annotated[float, Field(gt=0)] = Field(
        default=60, description="time without a request after which a person signs in again"
    )
    session_cookie_secure: bool | None = Field(
        default=None,
        description="whether cookies go over HTTPS only; unset means yes, unless the web process "
        "binds the loopback",
    )
    token_grace_hours: Annotated[float, Field(ge=0)] = Field(
        default=24, description="time for which a rotated token's old secret goes on"
    )
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = Field(
        default=None,
        description="address of the web process as browsers see it, for the way back from an "
        "OpenID provider; unset takes that of each request",
    )
    oidc_issuer: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = Field(
        default=None, description="URL of the OpenID provider that people sign in through"
    )
    oidc_client_id: str | None = Field(
        default=None, description="what the OpenID provider calls this Pointsman"
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="secret of that name; unset for a public client"
    )
    oidc_role_claim: str | None = Field(
        default=None,
        description="claim of the provider that holds roles of Pointsman, one or a list, read at "
        "each sign-in; unset leaves roles to admins here",
    )
    oidc_default_role: Role | None = Field(
        default=None,
        description="role of people for whom the provider says none; unset refuses them",
    )
    webhook_http: bool = Field(
        default=False, description="whether webhooks may go over http, unencrypted"
    )
    webhook_networks: Annotated[str, Field(pattern=rf"^({_NETWORK}(,{_NETWORK})*)?$")] = Field(
        default="",
        description="networks (10.1.0.0/16,192.168.7.9/32) that webhooks may go to although "
        "they are not public; empty for none",
    )
    webhook_key: SecretStr | None = Field(
        default=None,
        description="keys of `python -m core.sealing`, the newest first, that secrets of webhooks "
        "are kept under; unset keeps them readable in the database",
    )
    webhook_timeout_s: Annotated[float, Field(gt=0, le=300)] = Field(
        default=20, description="time of one attempt to deliver, from the name to the answer"
    )
    webhook_retry_hours: Annotated[float, Field(gt=0)] = Field(
        default=72, description="time after its first attempt in which a delivery is tried again"
    )
    webhook_pause_hours: Annotated[float, Field(gt=0)] = Field(
        default=48,
        description="time of nothing but failures after which an endpoint is paused; less than "
        "`webhook_retry_hours`, so that an outage costs no event",
    )
    webhook_grace_hours: Annotated[float, Field(ge=0)] = Field(
        default=24, description="time for which requests carry a rotated secret's signature too"
    )
    redaction: Annotated[str, Field(pattern=r"^(off|patterns|presidio)$")] = Field(
        default="off",
        description="what is taken out of tickets before they are stored: off (nothing), patterns "
        "(addresses, numbers and keys of well-known forms), or presidio (names too; needs the "
        "extra of that name)",
    )
    redaction_regions: Annotated[str, Field(pattern=r"^([A-Z]{2}(,[A-Z]{2})*)?$")] = Field(
        default="",
        description="countries (DE,GB) whose phone numbers are found without a + before them",
    )
    redaction_language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = Field(
        default="en", description="language that presidio reads"
    )
    alive_file: Path | None = Field(
        default=None,
        description="file that a process touches every 5 seconds, for `python -m core.alive FILE` "
        "as a health check; unset touches none",
    )
    log_format: Annotated[str, Field(pattern="^(console|json)$")] = Field(
        default="console", description="console or json"
    )
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = Field(
        default="INFO", description="least level that is logged"
    )

    encoder: str = Field(
        default="minilm", description="minilm (in the wheel), a hub id, or a local folder"
    )
    max_length_tokens: int | None = Field(
        default=None,
        ge=16,
        le=512,
        description="longest input when training; unset takes the preset's (fast 512, balanced "
        "256); of a longer text head and tail are kept",
    )
    device: Annotated[str, Field(pattern=r"^(auto|cpu|all|cuda(:\d+)?)$")] = Field(
        default="auto", description="auto, cpu, cuda:N, or all (one process per GPU)"
    )
    device_threads: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="cores that one process computes with, each at texts of its own; 0 takes all",
    )
    backend: Annotated[str, Field(pattern=r"^(auto|torch|onnx-int8|openvino-int8)$")] = Field(
        default="auto",
        description="what computes a model on a CPU: torch, another that `pointsman export` put "
        "beside it, or auto (the fastest of those here, measured once a model)",
    )
    result_cache_entries: Annotated[int, Field(ge=0)] = Field(
        default=10_000,
        description="texts whose scores a worker remembers, for storms of equal tickets; 0 for "
        "none",
    )
    embedding_cache_mib: Annotated[int, Field(ge=0)] = Field(
        default=512,
        description="what trainings keep of texts that the encoder has read, in MiB on disk; 0 "
        "for no longer than the training",
    )
    chunk_tokens: int | None = Field(
        default=None,
        ge=64,
        description="padded tokens that go through the device at once; unset takes what a "
        "measurement of some seconds finds it fast with, kept in the state folder",
    )
    chunk_timeout_s: Seconds = Field(
        default=60, description="a chunk on the device for longer counts as hung: the worker exits"
    )
    text_timeout_s: Seconds = Field(
        default=15,
        description="a text that is tried alone after that counts as hung when it takes longer, "
        "and its ticket is quarantined",
    )

    batch_tickets: Count = Field(default=256, description="tickets claimed at once")
    queued_batches: Count = Field(default=2, description="claimed batches waiting for the device")
    message_tickets: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=200, description="tickets named in one Redis message"
    )
    publish_timeout_s: Seconds = Field(
        default=0.2, description="how long a door waits for Redis before it leaves it to polling"
    )
    poll_interval_s: Seconds = Field(
        default=0.5, description="how often an idle worker looks for unclaimed tickets"
    )
    lease_s: Seconds = Field(
        default=30, description="a claim not renewed for this long is given back"
    )
    sweep_interval_s: Seconds = Field(
        default=0.5, description="how often dead workers are looked for"
    )
    watch_interval_s: Seconds = Field(
        default=1, description="how often workers look for a new ruleset or model"
    )
    rescore_batch_tickets: Count = Field(
        default=500,
        description="tickets of a lower rung given back per watch once the model is there",
    )
    shutdown_grace_s: Seconds = Field(
        default=10, description="time a worker has to finish the chunk in hand on SIGTERM"
    )
    visibility_timeout_s: Seconds = Field(
        default=15, description="Redis redelivers a message that was not acknowledged for this long"
    )

    database_pool: Count = Field(default=4, description="database connections of one process")
    statement_timeout_s: Seconds = Field(default=10, description="longest a statement may run")
    partitions_ahead: Annotated[int, Field(ge=1, le=24)] = Field(
        default=3, description="monthly partitions made in advance"
    )
    outbox_retention_days: Annotated[int, Field(ge=1)] = Field(
        default=90, description="months of events and shadow decisions older than this are dropped"
    )
    text_retention_days: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="months of ticket texts older than this are dropped, and rows of data sets "
        "with them; 0 for never",
    )
    trace_retention_days: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="traces of decisions older than this are dropped, and months of replaced "
        "decisions; 0 for never",
    )
    dead_letter_retention_days: Annotated[int, Field(ge=0)] = Field(
        default=0, description="refused submissions older than this are dropped; 0 for never"
    )
    audit_retention_days: Annotated[int, Field(ge=0)] = Field(
        default=0, description="audit entries older than this are dropped; 0 for never"
    )
    maintenance_interval_s: Seconds = Field(
        default=3600, description="how often beat triggers partition care"
    )

    retrain_preset: Annotated[str, Field(pattern=r"^(auto|cold_start|fast|balanced|best)$")] = (
        Field(
            default="fast",
            description="preset of retrainings: auto, cold_start, fast, balanced or best",
        )
    )
    retrain_check_interval_s: Seconds = Field(
        default=60, description="how often beat has trainers look whether a retraining is due"
    )
    retrain_interval_hours: Annotated[float, Field(ge=0)] = Field(
        default=168, description="a retraining after this time, if anything changed; 0 for never"
    )
    retrain_corrections: Annotated[int, Field(ge=0)] = Field(
        default=100, description="a retraining after this many new corrections; 0 for never"
    )
    retrain_override_rate: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.3,
        description="a retraining when agents overrule this share of decisions; 0 for never",
    )
    retrain_override_tickets: Count = Field(
        default=100, description="fewest judged tickets from which an override rate is taken"
    )
    retrain_on_drift: bool = Field(
        default=True, description="a retraining on a drift alert, if any correction is new"
    )
    promote: Annotated[str, Field(pattern=r"^(auto|manual|careful)$")] = Field(
        default="auto",
        description="what becomes of a model that passes the gate: auto (it serves, on probation), "
        "careful (shadow, canary, then probation), or manual (it waits)",
    )
    trial_alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.05,
        description="chance that a stage of a trial calls a model worse that is not, however long "
        "it lasts",
    )
    trial_shadow_tickets: Count = Field(
        default=200, description="judged tickets after which a shadow that is not worse goes on"
    )
    trial_canary_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.1, description="share of tickets that a canary decides"
    )
    trial_canary_tickets: Count = Field(
        default=200,
        description="judged tickets of each model after which a canary that is not worse goes on",
    )
    trial_probation_tickets: Count = Field(
        default=500, description="judged tickets after which a probation is over"
    )
    trial_reference_tickets: Count = Field(
        default=1000,
        description="last judged tickets of the model before that a probation is held against",
    )
    training_lease_s: Seconds = Field(
        default=60, description="a training not heard of for this long is taken over"
    )
    drift_check_interval_s: Seconds = Field(
        default=300, description="how often beat has trainers look whether a drift check is due"
    )
    drift_window_hours: Annotated[float, Field(gt=0)] = Field(
        default=24, description="the stream is checked for drift after this time"
    )
    drift_window_tickets: Annotated[int, Field(ge=20)] = Field(
        default=5000,
        description="or as soon as this many are decided; no more of a window are looked at",
    )
    drift_min_tickets: Annotated[int, Field(ge=20)] = Field(
        default=200, description="a window with fewer stays open and is not judged"
    )
    label_report_hours: Annotated[float, Field(ge=0)] = Field(
        default=168,
        description="time after which trainers look for missing and overlapping labels again; 0 "
        "for only when asked",
    )
    label_report_days: Annotated[float, Field(gt=0)] = Field(
        default=28, description="tickets that arrived within this time are looked at"
    )
    label_report_tickets: Annotated[int, Field(ge=20, le=20_000)] = Field(
        default=2_000, description="newest tickets without a label that are looked at"
    )
    label_gap_tickets: Annotated[int, Field(ge=3)] = Field(
        default=10, description="fewest tickets alike that may want a label of their own"
    )
    audit_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.02, description="share of all tickets, drawn by chance, that people should check"
    )
    review_due_hours: Annotated[float, Field(gt=0)] = Field(
        default=24, description="time by which somebody should have looked at a doubtful decision"
    )
    ping_pong_moves: Annotated[int, Field(ge=0)] = Field(
        default=3,
        description="a ticket that people reassigned this often waits for the human lead; 0 for "
        "never",
    )
    ping_pong_department: str = Field(
        default="", description="department of the human lead; empty for the default department"
    )
    incident_tickets: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=10,
        description="tickets that say nearly the same from which they are one incident; 0 for "
        "never",
    )
    incident_window_minutes: Annotated[float, Field(gt=0, le=60)] = Field(
        default=5, description="time within which so many tickets arrive"
    )
    incident_similarity: Annotated[float, Field(ge=0.3, le=1)] = Field(
        default=0.4,
        description="share of two tickets' pairs of words, numbers aside, from which they say "
        "nearly the same",
    )
    incident_examples: Count = Field(
        default=10, description="so many tickets of one incident teach the next model, at most"
    )
    incident_quiet_minutes: Annotated[float, Field(gt=0)] = Field(
        default=60, description="an incident that no ticket joins for this long is over"
    )
    review_lease_s: Seconds = Field(
        default=600, description="how long an agent holds an item of the review queue"
    )
    intake_body_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=2_097_152, description="largest delivery of a helpdesk"
    )
    intake_tolerance_s: Seconds = Field(
        default=300,
        description="how far the moment at which a helpdesk signed a delivery may be from now",
    )
    delivery_memory_days: Annotated[float, Field(gt=0)] = Field(
        default=7,
        description="a delivery of a helpdesk that comes again within this time does nothing",
    )
    helpdesk_poll_s: Seconds = Field(
        default=15, description="how often helpdesks that send nothing are asked what changed"
    )
    service_users: str = Field(
        default="",
        description="names under which we write into helpdesks (pointsman,bot); what they say is "
        "no feedback; empty for none",
    )
    explain_wait_s: Annotated[float, Field(ge=0)] = Field(
        default=1.5, description="how long a door waits for a worker to explain a decision"
    )
    explain_after_batches: Count = Field(
        default=20, description="a worker that is never idle explains one decision per so many"
    )
    explain_corrected_tickets: Annotated[int, Field(ge=0)] = Field(
        default=2000,
        description="newest corrected tickets that explanations are compared with; 0 for none",
    )
    explain_fresh_s: Seconds = Field(
        default=600, description="an explanation older than this is made again after new feedback"
    )
    explain_retention_days: Annotated[float, Field(gt=0)] = Field(
        default=30, description="explanations asked for longer ago are dropped"
    )
    suggest_feedback: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=5_000,
        description="newest entries of feedback that rules are suggested from; 200 ms for so many",
    )
    suggest_support: Annotated[int, Field(ge=2)] = Field(
        default=5, description="fewest corrections that must share a pattern for a suggested rule"
    )
    suggest_precision: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.8,
        description="least share of a suggested rule's tickets that people put in its department",
    )
    supported_languages: Annotated[str, Field(pattern=r"^([\w-]+(,[\w-]+)*)?$")] = Field(
        default="",
        description="languages that the model is fit for (en,de); tickets in others are not placed "
        "by labels and wait for a person; empty for every one",
    )
    stats_days: Count = Field(
        default=92, description="longest period that one question for figures may be about"
    )
    stats_tickets: Count = Field(
        default=5_000,
        description="about so many decisions are looked at for the times they took, and for "
        "figures with a filter; of more a sample is drawn",
    )
    backtest_tickets: Count = Field(
        default=100_000,
        description="about so many decisions a backtest looks at; of more it draws a sample by "
        "hash",
    )
    label_background_tickets: Annotated[int, Field(ge=20)] = Field(
        default=300,
        description="newest tickets that a label is told from when it is added; more take longer",
    )
    mass_edit_corrections: Count = Field(
        default=30, description="more equal changes by one agent than this wait for a person"
    )
    mass_edit_window_minutes: Annotated[float, Field(gt=0)] = Field(
        default=10, description="time in which equal changes by one agent are counted"
    )
    agent_least_weight: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.6,
        description="changes of an agent who is right less often than this wait for a person; "
        "0 for never",
    )
    agent_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.05,
        description="most of a label's new training rows that one agent gives; an equal split "
        "where fewer people work",
    )
    source_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.2,
        description="most of a label's new training rows that come from one source of tickets; "
        "an equal split of fewer sources",
    )
    share_rows: Annotated[int, Field(ge=0)] = Field(
        default=30, description="so many rows of a label may always come from one side"
    )

    @property
    def phone_regions(self) -> tuple[str, ...]:
        """`redaction_regions` one by one."""
        return tuple(filter(None, self.redaction_regions.split(",")))

    @property
    def languages(self) -> tuple[str, ...]:
        """`supported_languages` one by one; () for every one."""
        return tuple(filter(None, self.supported_languages.split(",")))

    @property
    def controlled_areas(self) -> frozenset[ControlledArea]:
        """What `four_eyes` names."""
        return frozenset(map(ControlledArea, filter(None, self.four_eyes.split(","))))

    @property
    def webhook_reach(self) -> Reach:
        """Where webhooks may go.

        Raises:
            Invalid: `webhook_networks` names something else than networks.
        """
        return Reach(over_http=self.webhook_http, networks=parse_networks(self.webhook_networks))

    @property
    def session_life(self) -> timedelta:
        """`session_hours`."""
        return timedelta(hours=self.session_hours)

    @property
    def session_idle(self) -> timedelta:
        """`session_idle_minutes`."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def own_users(self) -> frozenset[str]:
        """`service_users` one by one."""
        return frozenset(filter(None, map(str.strip, self.service_users.split(","))))

    def service_urls(self) -> tuple[str, str]:
        """The URLs of the database and of Redis, for a process that needs both.

        Raises:
            Invalid: one of them is not set.
        """
        if self.database_url is None or self.redis_url is None:
            name = "DATABASE" if self.database_url is None else "REDIS"
            fix = "set it, or use `pointsman up`, which brings its own services"
            raise Invalid(f"POINTSMAN_{name}_URL", "is not set", fix)
        return self.database_url.get_secret_value(), self.redis_url.get_secret_value()


def load_settings(**overrides: object) -> Settings:
    """Reads the environment.

    Args:
        overrides: values that a command line gave; they win. None means not given.

    Raises:
        Invalid: names the variable and what it should hold, or a file that is open to everybody.
    """
    given = {k: v for k, v in overrides.items() if v is not None}
    try:
        settings = Settings(_secrets_dir=_secrets_dir(), **given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"POINTSMAN_{str(first['loc'][0]).upper()}"
        fix = Settings.model_fields[str(first["loc"][0])].description or "see .env.example"
        raise Invalid(name, first["msg"].lower(), f"set it to: {fix}") from error
    if settings.production and is_open_to_all(Path(ENV_FILE)):
        raise Invalid(ENV_FILE, "is open to every user of this machine", f"chmod 600 {ENV_FILE}")
    return settings


def is_open_to_all(path: Path) -> bool:
    """Whether every user of this machine may read or change a file; False where there is none."""
    try:
        return bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
    except OSError:
        return False


def _secrets_dir() -> str | None:
    """The folder of secret files, which must be there if it is named."""
    name = "POINTSMAN_SECRETS_DIR"
    folder = os.environ.get(name)
    if folder is not None and not Path(folder).is_dir():
        raise Invalid(name, "is not a folder that can be read", "mount it, or leave it unset")
    return folder
