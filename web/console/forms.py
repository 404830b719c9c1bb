"""The forms of sentences that other processes keep in English: `%(name)s` stands for a gap.

What goes into which gap is told in `web.console.kept`; a last full stop does not matter. Forms must
be word for word as trainers, workers and rules write them: the tests have each of those write its
sentences, and look for them here.
"""

from collections.abc import Sequence

from web.console.words import N_

GATE: Sequence[str] = (
    N_("Calibration error %(error)s after %(before)s; at most %(limit)s is allowed."),
    N_("Calibration error %(error)s; at most %(limit)s is wanted."),
    N_(
        "F1 of %(label)s changes by %(change)s, with noise at best %(best)s; a drop beyond "
        "%(drop)s that noise does not explain is refused."
    ),
    N_("The latency is %(ratio)s times the champion's; %(limit)s is allowed."),
    N_("The latency of both was not measured."),
    N_("Macro-F1 %(ours)s; the linear model beside it has %(linear)s."),
    N_("The candidate does not know %(label)s, which serves now; rules and people still use it."),
    N_("The candidate does not know %(label)s, which serves now; it was retired."),
    N_(
        "Macro-F1 on the holdout changes by %(change)s (%(confidence)s interval %(low)s to "
        "%(high)s); a drop of up to %(drop)s is allowed."
    ),
    N_(
        "Macro-F1 on the newest slice changes by %(change)s (%(confidence)s interval %(low)s to "
        "%(high)s); a drop of up to %(drop)s is allowed."
    ),
    N_("The memory is %(ratio)s times the champion's; %(limit)s is allowed."),
    N_("The memory of both was not measured."),
    N_(
        "%(label)s, which the serving model does not know, has F1 %(f1)s on its %(tickets)s "
        "tickets of the holdout."
    ),
    N_(
        "%(label)s, which the serving model does not know, could not be measured on its "
        "%(tickets)s tickets of the holdout."
    ),
    N_("Every required check passes."),
    N_("No model serves yet, so there is none to compare with."),
    N_("A person has the last word."),
)
"""Of `trainer.loop.gate`."""
RUNS: Sequence[str] = (
    N_("Waits for a trainer."),
    N_("%(stage)s, %(share)s of this step, about %(left)s left in it."),
    N_("%(stage)s, %(share)s of this step."),
    N_("getting ready"),
    N_("gathering what people said"),
    N_("reading the tickets"),
    N_("training the linear model"),
    N_("reading every ticket with the encoder"),
    N_("training the head"),
    N_("training the memory for words"),
    N_("fine-tuning the encoder"),
    N_("learning from few examples"),
    N_("comparing losses"),
    N_("measuring the new model"),
    N_("comparing it with the model that serves"),
    N_("%(n)s hours"),
    N_("%(n)s minutes"),
    N_("%(n)s seconds"),
    N_("a minute"),
    N_("a second"),
    N_("The new model %(version)s serves."),
    N_("The new model %(version)s passed and is on trial now."),
    N_("The new model %(version)s passed and waits for a person."),
    N_("The new model %(version)s was rejected, and the active one serves on."),
    N_("There was nothing new to learn, and the active model serves on."),
    N_("the data are those that the active model learned from"),
    N_("It ended."),
    N_("Failed: %(why)s"),
    N_("ended or lost its trainer %(n)s times"),
    N_("%(what)s in the trainer; its log has the details"),
    N_("nobody knows why"),
    N_("no labelled ticket to learn from: import some, or correct some"),
    N_("The active model serves on."),
    N_("asked for"),
    N_("%(n)s new corrections, %(enough)s are enough"),
    N_("agents overruled %(share)s of %(n)s judged decisions, %(limit)s is the limit"),
    N_("drift report %(number)s has %(alerts)s alerts, and %(n)s new corrections"),
    N_("%(hours)s hours since the last, and %(n)s new corrections"),
    N_(
        "%(hours)s hours since the last, and %(n)s new corrections and %(erasures)s erasures from "
        "data sets"
    ),
)
"""Of `router.run_words`, and of what `trainer.loop` keeps of runs."""
TRIALS: Sequence[str] = (
    N_("No trainer has looked at this trial yet."),
    N_(
        "%(n)s judged tickets; where only one was right, the version on trial was %(won)s times "
        "and the active one %(lost)s times."
    ),
    N_(
        "Agents overruled %(count)s of the version on trial and %(other)s of the other in the "
        "same time."
    ),
    N_(
        "Agents overruled %(count)s since it serves; of the version before they had overruled "
        "%(other)s."
    ),
    N_(
        "Agents overruled %(count)s since it serves; nobody judged the version before, so this "
        "one cannot be called worse."
    ),
    N_("%(n)s of %(of)s judged decisions (%(share)s)"),
    N_("%(n)s of %(of)s judged decisions"),
    N_("ended by hand"),
    N_("%(who)s activated %(version)s"),
    N_("%(version)s is newer"),
)
"""Of `trainer.trials.judge`, and of how trials end."""
DRIFT: Sequence[str] = (
    N_("%(label)s was predicted for %(before)s of the tickets and now is for %(after)s."),
    N_("About %(before)s of the tickets were %(label)s and now %(after)s are."),
    N_("The scores of %(label)s moved by a stability index of %(value)s."),
    N_("The scores of %(label)s moved by a Jensen-Shannon distance of %(value)s."),
    N_("F1 of %(label)s is expected to be %(after)s; before it was %(before)s."),
    N_("micro-F1 is expected to be %(after)s; before it was %(before)s."),
    N_("macro-F1 is expected to be %(after)s; before it was %(before)s."),
    N_(
        "%(after)s of all decisions are right by the audit (95 %% sure: %(low)s to %(high)s); "
        "before it were %(before)s."
    ),
    N_("The texts lie %(value)s from those before, on a scale to about 1."),
    N_("Shown an old and a new ticket, a classifier names the new one in %(value)s."),
    N_("At least %(value)s of the different texts are of a kind unseen before."),
)
"""Of `trainer.drift`."""
FAILURES: Sequence[str] = (
    N_("the model cannot score this text: it ends in %(what)s"),
    N_("ended or hung every process that scored it"),
    N_("the rules cannot decide it: they end in %(what)s"),
    N_("the database refuses its decision: %(what)s"),
    N_("it has no text"),
    N_("its text may end a worker"),
    N_("nothing is left of the %(what)s that scored it"),
)
"""Of workers, about tickets in quarantine and those that they cannot explain."""
CONDITIONS: Sequence[str] = (
    N_("%(label)s is predicted"),
    N_("score(%(label)s) < %(below)s"),
    N_("score(%(label)s) >= %(least)s"),
    N_("%(least)s <= score(%(label)s) < %(below)s"),
    N_("channel is %(values)s"),
    N_("language is %(values)s"),
    N_("customer is %(values)s"),
    N_("priority is %(values)s"),
    N_("text contains %(values)s"),
    N_("subject contains %(values)s"),
    N_("body contains %(values)s"),
    *(N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"), N_("every day")),
    N_("time is %(days)s %(clock)s to %(until)s in %(zone)s"),
    N_("share is under %(share)s"),
    N_("metadata %(key)s is %(values)s"),
    N_("metadata %(key)s exists"),
    N_("metadata %(key)s does not exist"),
    N_("rule is in effect from %(start)s until %(end)s"),
    N_("rule is in effect from %(start)s"),
    N_("rule is in effect until %(end)s"),
    N_("all of (%(parts)s)"),
    N_("any of (%(parts)s)"),
    N_("none of (%(parts)s)"),
)
"""Of `router.conditions`."""
EFFECTS: Sequence[str] = (
    N_("primary %(department)s"),
    N_("primary already set"),
    N_("%(department)s is primary"),
    N_("%(department)s already added"),
    N_("added %(department)s"),
    N_("stopped"),
)
"""Of `router.decide`."""
