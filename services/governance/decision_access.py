"""Who may do what with decisions; what is finer than a role, the decision itself refuses."""

from typing import Final

from shared.access import Role, everyone, only

_BELONGS: Final = tuple(role for role in Role if role is not Role.ANONYMOUS)
_TAKES_PART: Final = (Role.MEMBER, Role.DELEGATE, Role.STEWARD)
"""Who proposes, asks, amends and objects: persons, never programs."""
_JUDGES: Final = (*_TAKES_PART, Role.AUDITOR)

DECISION_ROWS: Final = {
    "list_templates": everyone(reads=True),
    "list_methods": everyone(reads=True),
    "list_decisions": only(*_BELONGS, reads=True),
    "read_decision": only(*_BELONGS, reads=True),
    "read_version": only(*_BELONGS, reads=True),
    "read_history": only(*_BELONGS, reads=True),
    "read_outcome": only(*_BELONGS, reads=True),
    "list_objections": only(*_BELONGS, reads=True),
    "begin_decision": only(*_TAKES_PART),
    "support_idea": only(*_TAKES_PART),
    "end_support": only(*_TAKES_PART),
    "give_role": only(*_TAKES_PART),
    "write_version": only(*_TAKES_PART),
    "write_translation": only(*_TAKES_PART),
    "confirm_translation": only(*_TAKES_PART),
    "put_option": only(*_TAKES_PART),
    "drop_option": only(*_TAKES_PART),
    "answer_candidacy": only(*_TAKES_PART),
    "propose_amendment": only(*_TAKES_PART),
    "answer_amendment": only(*_TAKES_PART),
    "withdraw_amendment": only(*_TAKES_PART),
    "ask_question": only(*_TAKES_PART),
    "answer_question": only(*_TAKES_PART),
    "raise_objection": only(*_TAKES_PART),
    "judge_objection": only(*_TAKES_PART),
    "appeal_objection": only(*_TAKES_PART),
    "integrate_objection": only(*_TAKES_PART),
    "withdraw_objection": only(*_TAKES_PART),
    "answer_objection": only(*_TAKES_PART),
    "end_round": only(*_TAKES_PART),
    "call_fallback": only(*_TAKES_PART),
    "give_notice": only(*_TAKES_PART),
    "withdraw_decision": only(*_TAKES_PART),
    "settle_outcome": only(*_TAKES_PART),
    "report_follow_up": only(*_TAKES_PART),
    "attach_file": only(*_TAKES_PART),
    "raise_appeal": only(*_TAKES_PART),
    "judge_appeal": only(*_JUDGES),
    "recount_decision": only(Role.STEWARD, Role.AUDITOR),
    "call_again": only(*_TAKES_PART),
    "vote_anew": only(*_TAKES_PART),
}
"""The rows of decisions; ``access.ACCESS`` takes them in.

The process of a network is its own: it is read by those who belong to it. The templates, which say
nothing of anybody, are everybody's. Who facilitates, proposes or objects is asked of the decision
in the unit of work that changes it.
"""
