"""Outcomes in doubt: challenges, panels, the drawn audit, recounts across networks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson

from services.governance.merkle import leaf_hash
from services.governance.roll_handlers import roll_of
from shared.canonical import canonical
from tests.governance.federated_service.world import GRACE, NAMES, VOTING, World, rule
from tests.governance.federated_views.kit import VOTES, Asking, after_grace, certified, voted

Ask = Callable[..., Asking]
CHALLENGE = {"ground": "ballots", "accused": "souss", "language": "fr", "reason": "Trois reçus."}


async def contests(ask: Ask, ballot: str, name: str = "lima") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(name).get(f"/together/{ballot}")).json()["contests"]
    return found


async def ruled(
    world: World, ask: Ask, ballot: str, order: str, legs: tuple[str, ...] = ()
) -> list[str]:
    """Have most of the panel rule alike; return who did."""
    (one,) = await contests(ask, ballot)
    body = {"disputes": [one["name"]], "order": order, "legs": list(legs), "language": "es"}
    by = one["panel"][:2]
    for name in by:
        answer = await ask(name).post(
            f"/together/{ballot}/rulings", body | {"reason": f"Razones de {name}."}
        )
        assert answer.status_code == 201, answer.text
        again = await ask(name).post(f"/together/{ballot}/rulings", body | {"reason": "Otra."})
        assert again.json()["type"] == "/problems/not-drawn"
    await world.settle()
    return list(by)


async def test_a_challenge_is_ruled_on_by_a_drawn_panel_and_its_reasons_are_read_everywhere(
    world: World, ask: Ask
) -> None:
    ballot = await certified(world)
    path = f"/together/{ballot}/challenges"
    assert (await ask("lima", "member").post(path, CHALLENGE)).status_code == 403
    nobody = await ask("lima").post(path, CHALLENGE | {"accused": None})
    assert nobody.json()["type"] == "/problems/nothing-to-challenge"
    appeal = await ask("lima").post(path, CHALLENGE | {"ground": "appeal"})
    assert appeal.json()["type"] == "/problems/nothing-to-challenge"
    made = await ask("lima").post(path, CHALLENGE | {"evidence": "ee" * 32})
    assert made.status_code == 201
    assert (await ask("lima").post(path, CHALLENGE)).status_code == 409
    await world.settle()
    (one,) = await contests(ask, ballot, "quebec")
    assert one["name"] == "challenge:lima:ballots:souss"
    assert one["parties"] == ["lima", "souss"]
    assert set(one["panel"]) == {"adrar", "kaolack", "quebec"}
    contested = (await ask("quebec").get("/together", contested=True, lang="fr")).json()["items"]
    assert "lima conteste la part de souss : les bulletins" in contested[0]["said"]
    body = {"disputes": [one["name"]], "order": "exclude-leg", "language": "es", "reason": "R."}
    outsider = await ask("souss").post(f"/together/{ballot}/rulings", body)
    assert outsider.json()["type"] == "/problems/not-drawn"
    panelist = ask(one["panel"][0])
    no_legs = await panelist.post(f"/together/{ballot}/rulings", body)
    assert no_legs.json()["type"] == "/problems/order-unfit"
    others = body | {"disputes": ["notice"], "order": "dismiss"}
    changed = await panelist.post(f"/together/{ballot}/rulings", others)
    assert changed.json()["type"] == "/problems/disputes-changed"
    by = await ruled(world, ask, ballot, "dismiss")
    found = (await ask("souss").get(f"/together/{ballot}")).json()
    assert (found["state"], found["contests"]) == ("certified", [])
    assert [(one["order"], one["by"]) for one in found["rulings"]] == [("dismiss", sorted(by))]
    reasons = (await ask("souss").get(f"/together/{ballot}/reasons")).json()["items"]
    assert {one["text"] for one in reasons} >= {f"Razones de {name}." for name in by}
    assert any("ee" * 32 in one["text"] for one in reasons)


async def test_without_a_leg_that_a_panel_excludes_every_network_computes_again(
    world: World, ask: Ask
) -> None:
    ballot = await certified(world)
    before = await world.outcomes(ballot)
    await ask("lima").post(f"/together/{ballot}/challenges", CHALLENGE)
    await world.settle()
    await ruled(world, ask, ballot, "exclude-leg", ("souss",))
    after = await world.outcomes(ballot)
    assert len(after) == 1
    assert after != before
    found = (await ask("quebec").get(f"/together/{ballot}")).json()
    states = {one["network"]: one["state"] for one in found["legs"]}
    assert states["souss"] == "excluded"
    assert "souss" not in found["sealed"]
    assert (found["turnout"]["networks"], found["totals"]["yes"]) == (4, 25)


async def test_a_late_leg_counts_once_a_panel_has_seen_that_there_was_an_outage(
    world: World, ask: Ask
) -> None:
    ballot = await voted(world)
    world.cut = {"souss"}
    for by in (VOTING, timedelta(hours=25)):
        world.pass_by(by)
        await world.settle()
    await after_grace(world)
    world.cut = set()
    await world.settle()
    assert (await ask("lima").get(f"/together/{ballot}")).json()["late"] == ["souss"]
    outage = {"ground": "outage", "accused": "souss", "language": "fr", "reason": "Le câble."}
    made = await ask("souss").post(f"/together/{ballot}/challenges", outage)
    assert made.status_code == 201, made.text
    await world.settle()
    await ruled(world, ask, ballot, "recount", ("souss",))
    found = (await ask("kaolack").get(f"/together/{ballot}")).json()
    assert (found["state"], found["late"]) == ("certified", [])
    assert found["turnout"]["networks"] == 5
    assert len(await world.outcomes(ballot)) == 1


async def test_after_the_charters_time_nobody_challenges_any_more(world: World, ask: Ask) -> None:
    ballot = await certified(world)
    world.pass_by(GRACE + timedelta(days=7, hours=1))
    late = await ask("lima").post(f"/together/{ballot}/challenges", CHALLENGE)
    assert late.json()["type"] == "/problems/not-in-time"


async def test_drawn_entries_are_answered_with_proofs_and_without_names(
    world: World, ask: Ask
) -> None:
    ballot = await certified(world)
    drawn = (await ask("lima", "auditor").get(f"/together/{ballot}/audits")).json()["items"]
    assert {one["audited"] for one in drawn} == set(NAMES)
    one = next(each for each in drawn if each["audited"] == "souss")
    auditor, base = one["auditor"], f"/together/{ballot}/audits"
    # Fewer members than entries that are drawn: all of them are looked up.
    assert one["places"] == list(range(12))
    answer = await ask("souss").get(f"{base}/answers/{auditor}")
    data = orjson.loads(answer.content)
    assert {row["leaf"]["voter"] for row in data["entries"]} == {
        f"p:{member}" for member in world["souss"].members
    }
    auditors = {each["auditor"] for each in drawn if each["audited"] == "souss"}
    outsider = next(name for name in NAMES if name not in {"souss", *auditors})
    refused = await ask("souss").get(f"{base}/answers/{outsider}")
    assert refused.json()["type"] == "/problems/not-drawn"
    checked = (await ask(auditor).send(f"{base}/souss/answer/preview", answer.content)).json()
    assert (len(checked["entries"]), checked["lacking"], checked["doubles"]) == (12, [], [])
    data["entries"][3]["leaf"]["voter"] = "p:somebody-else"
    forged = (await ask(auditor).send(f"{base}/souss/answer/preview", canonical(data))).json()
    assert forged["lacking"] == [data["entries"][3]["place"]]
    torn = await ask(auditor).send(f"{base}/souss/answer/preview", answer.content[:-7])
    assert torn.json()["type"] == "/problems/bad-audit-answer"
    local = await world["souss"].home(ballot)
    roll = await world["souss"].store.read(roll_of, local)
    assert (roll.root, len(leaf_hash(b""))) == (one["roll_root"], 32)
    found = {"looked_up": 12, "bad": 13, "language": "fr", "report": "Rien à signaler."}
    many = await ask(auditor).post(f"{base}/souss", found)
    assert many.json()["type"] == "/problems/too-many-bad"
    told = await ask(auditor, "auditor").post(f"{base}/souss", found | {"bad": 1})
    assert told.status_code == 201
    twice = await ask(auditor).post(f"{base}/souss", found | {"bad": 0})
    assert twice.json()["type"] == "/problems/not-drawn"
    await world.settle()
    (doubt,) = await contests(ask, ballot)
    assert doubt["name"] == "audit:souss"


async def test_another_node_counts_the_ballots_again_and_finds_what_was_changed(
    world: World, ask: Ask
) -> None:
    ballot = await certified(world, rule())
    base = f"/together/{ballot}"
    body = {"network": "lima", "auditor": "A. Ndiaye", "reason": "The panel asks for it"}
    assert (await ask("souss", "auditor").post(f"{base}/packages", body)).status_code == 403
    own = await ask("souss").post(f"{base}/packages", body | {"network": "souss"})
    assert own.json()["type"] == "/problems/not-our-leg"
    key = {"Idempotency-Key": "once"}
    opened = (await ask("souss").post(f"{base}/packages", body, **key)).json()
    assert (await ask("souss").post(f"{base}/packages", body, **key)).json() == opened
    assert len((await ask("souss", "member").get(f"{base}/packages")).json()["items"]) == 1
    package = await ask("souss", "auditor").get(f"{base}/packages/{opened['id']}")
    again = await ask("lima", "auditor").send(f"{base}/legs/souss/recount/preview", package.content)
    assert (again.json()["agrees"], again.json()["differs"]) == (True, [])
    assert again.json()["package_hash"] == opened["package_hash"]
    wrong = await ask("lima").send(f"{base}/legs/kaolack/recount/preview", package.content)
    assert {"roll_root", "ballots_root"} <= set(wrong.json()["differs"])
    changed = package.content.replace(b'{\\"answer\\":\\"no\\"}', b'{\\"answer\\":\\"yes\\"}')
    assert changed != package.content
    refused = await ask("lima").send(f"{base}/legs/souss/recount/preview", changed)
    assert refused.json()["type"] == "/problems/recount-package-changed"
    path = f"{base}/packages/{opened['id']}"
    assert (await ask("souss", "member").get(path)).status_code == 403
    assert (await ask("lima").get(path)).status_code == 404


async def test_ballots_of_a_small_network_are_counted_again_against_its_sign(
    world: World, ask: Ask
) -> None:
    ballot = await certified(world, rule(floor=5), votes={**VOTES, "souss": (2, 1)})
    body = {"network": "lima", "auditor": "A. Ndiaye", "reason": "Asked for"}
    base = f"/together/{ballot}"
    opened = (await ask("souss").post(f"{base}/packages", body)).json()
    package = await ask("souss").get(f"{base}/packages/{opened['id']}")
    again = (await ask("lima").send(f"{base}/legs/souss/recount/preview", package.content)).json()
    assert (again["agrees"], again["withheld"]) == (True, True)
