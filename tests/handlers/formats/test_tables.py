"""Tables: accounts and users by name or by kind, and every row that can't be taken named by its line."""

from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needlework.handlers.accounts.messages import AccountInput, ContactInput
from needlework.handlers.formats import payload, tables
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.formats.read import read


def rows(text: str, name: str = "users") -> list[Item | Problem]:
    """What a table gives."""
    return list(tables.items(BytesIO(text.encode()), name, source="t.csv"))


def problem(text: str, name: str = "users") -> tuple[int | None, str]:
    """The one problem of a table: its line and its reason."""
    (found,) = [each for each in rows(text, name) if isinstance(each, Problem)]
    return found.line, found.reason


def test_a_file_called_accounts_holds_accounts() -> None:
    text = "id,Name,domains,mrr,Churned at\nacme,ACME,acme.example; acme.test,1200.50,2026-03-01\n"
    (found,) = rows(text, "Accounts")
    assert isinstance(found, Item)
    assert (found.kind, found.line) == ("account", 2)
    assert found.data == {
        "external_id": "acme",
        "name": "ACME",
        "mrr": 1200.5,
        "churned_at": "2026-03-01T00:00:00Z",
        "domains": ["acme.example", "acme.test"],
    }
    msgspec.convert(found.data, AccountInput)


def test_a_file_called_users_holds_users() -> None:
    found = rows("email,last_seen_at\nAnn <ANN@acme.example>,1772528400\n\nb@acme.example,\n")
    assert [each.data for each in found if isinstance(each, Item)] == [
        {"last_seen_at": "2026-03-03T09:00:00Z", "emails": ["ann@acme.example"]},
        {"emails": ["b@acme.example"]},
    ]
    for each in found:
        assert isinstance(each, Item)
        msgspec.convert(each.data, ContactInput)


def test_a_column_kind_decides_row_by_row() -> None:
    found = rows("kind;name;email;plan\naccount;ACME;;pro\nUSER;Ann;a@b.example;\n", "crm")
    assert [each.kind for each in found if isinstance(each, Item)] == ["account", "user"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty file"),
        ("email,nmae\n", 1, "unknown column 'nmae' (did you mean \"name\"?)"),
        ("email,email\n", 1, "twice"),
        ("email,\n", 1, "a column without a name"),
        ("email,name\na@b.example,Ann,x\n", 2, "3 cells in a table of 2 columns"),
        ('email,name\na@b.example,"Ann\nLee"\nnobody,Eve\n', 4, "'nobody' is not an address"),
        ("email,last_seen_at\na@b.example,soon\n", 2, "last_seen_at: "),
        ('email,name\n"a@b.example"x,Ann\nc@d.example,Eve\n', 2, "not CSV: "),
        ('email,name\n"a@b.example,Ann\n', 2, "not CSV: "),
        ("kind,email\nmeeting,a@b.example\n", 2, "kind must be account or user, not 'meeting'"),
        ("kind,email,plan\nuser,a@b.example,pro\n", 2, "a row of kind user has no plan"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(text: str, line: int, reason: str) -> None:
    found = problem(text)
    assert found[0] == line
    assert reason in found[1]


def test_a_cell_that_is_too_long_is_one_problem_and_never_rows() -> None:
    """csv gave up inside the cell, and read on there: its lines became users."""
    cell = "x\nsmuggled@b.example,Eve\n" * 8_000
    found = rows(f'email,name\na@b.example,"{cell}"\nc@d.example,Ann\n')
    assert [each.data["emails"] for each in found if isinstance(each, Item)] == [["c@d.example"]]
    (wrong,) = [each for each in found if isinstance(each, Problem)]
    assert (wrong.line, wrong.reason) == (2, "a cell of more than 131,072 characters; is a quote missing?")


def test_a_number_is_a_number() -> None:
    assert problem('name,mrr\nACME,"1,200"\n', "accounts") == (2, "mrr must be a number like 1200.50, not '1,200'")


def test_a_table_of_nobody_knows_what_is_refused_with_a_way_out() -> None:
    assert "accounts.csv or users.csv" in problem("name\nACME\n", "export")[1]


def test_a_wrong_row_does_not_stop_its_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes("\ufeffemail,name\r\nnobody,X\r\nj@b.example,J\u00f6rg\r\n".encode("utf-16"))
    wrong, ann = read(path)
    assert isinstance(wrong, Problem)
    assert (wrong.source, wrong.line) == (str(path), 2)
    assert isinstance(ann, Item)
    assert ann.data == {"name": "J\u00f6rg", "emails": ["j@b.example"]}


def test_a_user_with_one_address_is_what_the_ingest_takes() -> None:
    """It had `email` where the ingest knows `emails`, so that no imported user was ever taken."""
    row = {"kind": "user", "email": "Ann@acme.example", "emails": ["a@b.example", "ann lee <c@d.example>"]}
    found = payload.item(row, received=payload.moment.seconds(0)).data
    assert found == {"emails": ["ann@acme.example", "a@b.example", "c@d.example"]}
    msgspec.convert(found, ContactInput)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='akind,email;\t\n"\r\0x@. 1', max_size=120).map(str.encode) | st.binary(max_size=80))
def test_any_bytes_are_items_or_problems(data: bytes) -> None:
    for each in tables.items(BytesIO(b"kind,email,mrr\n" + data), "users"):
        msgspec.json.encode(each)
    for each in tables.items(BytesIO(data), "users"):
        msgspec.json.encode(each)
