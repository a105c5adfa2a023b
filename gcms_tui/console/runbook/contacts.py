"""Whom to call: the team, the escalation path and the external services; what nobody has filled in is flagged."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gcms_tui.console.dialogs import PageDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading, symbol
from gcms_tui.core.incidents.contacts import Contact
from gcms_tui.core.verdict import Verdict

_HEADINGS = {"team": "Team", "on call": "On call", "escalation": "Escalation", "external": "External services"}


class ContactsDialog(PageDialog):
    """As they are configured under [contacts]."""

    def __init__(self, look: Look, contacts: Sequence[Contact]) -> None:
        super().__init__(look, "Contacts")
        self.contacts = contacts

    def page(self, width: int) -> Sequence[Text]:
        look, lines, role = self.look, list[Text](), ""
        for contact in self.contacts:
            if contact.role != role:
                role = contact.role
                lines += [*([Text()] if lines else []), heading(_HEADINGS.get(role, role), look)]
            lines += self._contact(contact, width)
        flagged = sum(bool(contact.flag) for contact in self.contacts)
        if flagged:
            said = f"{flagged} of {len(self.contacts)} want to be looked at: [contacts] in gcms.toml."
            lines += [Text(), *flow(Text(said, look.palette.warn), width - 1, " ")]
        return lines

    def _contact(self, contact: Contact, width: int) -> list[Text]:
        look, palette, text = self.look, self.look.palette, self.look.glyphs.text
        said = Text(text(contact.name, 200), palette.strong)
        if contact.reached:
            said.append(f"  {text(contact.reached, 200)}", palette.text)
        if contact.verified is not None:
            said.append(f"  verified {contact.verified}", palette.faint)
        lines = flow(said, width - 1, " ")
        if contact.flag:
            flag = Text(f"{symbol(Verdict.WARN, look)} {text(contact.flag, 300)}", palette.warn)
            lines += flow(flag, width - 1, "   ")
        return lines

    def as_text(self) -> str:
        return "\n".join(line.plain.rstrip() for line in self.page(100))
