from tests.integration.cli.conftest import Run


def test_an_empty_installation_gets_the_departments_that_rules_name(run: Run) -> None:
    assert run("migrate")[0] == 0
    status, made = run("departments", "add", "billing", "--description", "Invoices, refunds")
    assert (status, made["name"]) == (0, "billing")
    assert run("departments", "add", "billing")[0] == 2
    assert run("departments", "add", "two/words")[0] == 2
    found = run("departments", "list")[1]["departments"]
    assert [(each["name"], each["is_default"]) for each in found] == [
        ("billing", False),
        ("service-desk", True),
    ]
    entry = run("audit", "list")[1]["entries"][0]
    assert (entry["action"], entry["subject"]) == ("department.added", "department billing")
