"""Custom fields: their names and kinds. The values of a list field are rows like those of any list."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any, Final

from integrations.icompleat.standin.refusals import Code, Refused
from integrations.icompleat.standin.rows import Place, Rows
from integrations.sandbox import Store

LIST: Final = "List"
TYPES: Final = (LIST, "Text", "Date")
LONGEST_NAME: Final = 100


class CustomFields:
    """The custom fields of all companies."""

    def __init__(self, store: Store, rows: Rows) -> None:
        self._store = store
        self._rows = rows

    def add(self, company_id: str, given: object, field_id: str = "") -> dict[str, Any]:
        """Make a field. Raises `Refused` 1 where the name is missing or taken, or the type unknown."""
        members = given if isinstance(given, Mapping) else {}
        name = self._free_name(company_id, members.get("Name"))
        sort, is_mandatory = members.get("Type", LIST), members.get("Mandatory", False)
        if sort not in TYPES or not isinstance(is_mandatory, bool):
            raise Refused(Code.BAD_REQUEST, f"Type must be one of {', '.join(TYPES)}, Mandatory true or false.")
        own = field_id or str(uuid.uuid4())
        with self._store.transaction() as database:
            database.execute(
                "INSERT INTO custom_fields (id, company_id, name, type, mandatory, active) VALUES (?, ?, ?, ?, ?, 1)",
                (own, company_id, name, sort, is_mandatory),
            )
        return self.one(company_id, own)

    def change(self, company_id: str, field_id: str, given: object) -> dict[str, Any]:
        """Change name, mandatory or active; the type stays. Raises `Refused` 1 or 24."""
        known = self.one(company_id, field_id)
        members = {**known, **(given if isinstance(given, Mapping) else {})}
        name = known["Name"]
        if members["Name"] != name:
            name = self._free_name(company_id, members["Name"], but=known["Id"])
        if members["Type"] != known["Type"]:
            raise Refused(Code.BAD_REQUEST, "The Type of a custom field cannot be changed.")
        if not isinstance(members["Mandatory"], bool) or not isinstance(members["Active"], bool):
            raise Refused(Code.BAD_REQUEST, "Mandatory and Active must be true or false.")
        with self._store.transaction() as database:
            database.execute(
                "UPDATE custom_fields SET name = ?, mandatory = ?, active = ? WHERE id = ?",
                (name, members["Mandatory"], members["Active"], known["Id"]),
            )
        return self.one(company_id, field_id)

    def delete(self, company_id: str, field_id: str) -> None:
        """Take a field with its values away. Raises `Refused` 24."""
        known = self.one(company_id, field_id)
        with self._store.transaction() as database:
            database.execute("DELETE FROM custom_fields WHERE id = ?", (known["Id"],))
        self._rows.forget(Place(company_id, known["Id"]))

    def all(self, company_id: str) -> list[dict[str, Any]]:
        """Every field: Id, Name, Active, Type, Mandatory."""
        question = "SELECT * FROM custom_fields WHERE company_id = ? ORDER BY position"
        with self._store.transaction() as database:
            return [_told(row) for row in database.execute(question, (company_id,))]

    def one(self, company_id: str, field_id: str) -> dict[str, Any]:
        """One field. Raises `Refused` 24."""
        for field in self.all(company_id):
            if field["Id"] == field_id.lower():
                return field
        raise Refused(Code.UNKNOWN_CUSTOM_FIELD, "Unknown custom field.")

    def list_place(self, company_id: str, field_id: str) -> Place:
        """Where the values of a list field are. Raises `Refused` 1 for a field of another type, or 24."""
        field = self.one(company_id, field_id)
        if field["Type"] != LIST:
            raise Refused(Code.BAD_REQUEST, f"{field['Name']} is not a list.")
        return Place(company_id, field["Id"])

    def _free_name(self, company_id: str, name: object, but: str = "") -> str:
        if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST_NAME:
            raise Refused(Code.BAD_REQUEST, f"Name must have 1 to {LONGEST_NAME} characters.")
        taken = {field["Name"].casefold() for field in self.all(company_id) if field["Id"] != but}
        if name.strip().casefold() in taken:
            raise Refused(Code.BAD_REQUEST, f"There is a custom field called {name.strip()} already.")
        return name.strip()


def _told(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "Id": row["id"],
        "Name": row["name"],
        "Active": bool(row["active"]),
        "Type": row["type"],
        "Mandatory": bool(row["mandatory"]),
    }
