"""What the steps of a demo share."""

from dataclasses import dataclass

from sqlalchemy import Engine

from cli.demo.plan import Plan
from cli.output import Output
from cli.running.instance import Instance
from core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A helpdesk to demonstrate, the running instance for it, and where to tell what happens."""

    plan: Plan
    settings: Settings
    instance: Instance
    engine: Engine
    output: Output

    def tick(self) -> None:
        """Looks after the processes and tells what happened to them."""
        for line in self.instance.supervisor.tick():
            self.output.say(line)
