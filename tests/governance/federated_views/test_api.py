"""The API of coordinators: lists, weights, rules tried on the past, seals that travel."""

from collections.abc import Callable
from datetime import timedelta

from services.governance.federated.banzhaf import power
from tests.governance.federated_service.world import ASSOCIATION, GRACE, World, rule
from tests.governance.federated_views.kit import VOTES, Asking, after_grace, certified, voted

Ask = Callable[..., Asking]


async def test_a_coordinator_finds_ballots_and_sees_each_node_come_to_one_outcome(
    world: World, ask: Ask
) -> None:
    first = await certified(world)
    second = await world.noticed(matter="purchasing", level="network")
    asking = ask("lima", "coordinator")
    page = (await asking.get("/together", size=1)).json()
    assert [one["id"] for one in page["items"]] == [second]
    rest = (await asking.get("/together", size=1, after=page["next"])).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([first], None)
    # Who looks at rolls is drawn by lot.
    drawn = (await asking.get(f"/together/{first}/audits")).json()["items"]
    auditors = {one["auditor"] for one in drawn}
    for wanted, found in (
        ({"state": "certified"}, [first]),
        ({"state": "noticed"}, [second]),
        ({"matter": "purchasing"}, [second]),
        ({"convener": "adrar"}, [second, first]),
        ({"convener": "lima"}, []),
        ({"network": "souss"}, [second, first]),
        ({"contested": "true"}, []),
        ({"association": ASSOCIATION}, [second, first]),
        ({"association": "lima:x"}, []),
        ({"lacking": "souss"}, []),
        ({"ours": "true"}, [first] if "lima" in auditors else []),
    ):
        items = (await asking.get("/together", **wanted)).json()["items"]
        assert [one["id"] for one in items] == found, wanted
    whole = (await asking.get(f"/together/{first}", lang="fr")).json()
    assert (whole["state"], whole["result"]) == ("certified", "Adopté")
    assert whole["turnout"] == {"cast": 48, "of": 60, "networks": 5, "withheld": 0}
    assert {one["outcome_hash"] for one in whole["legs"]} == {whole["outcome_hash"]}
    assert len(whole["secrecy"]) == 6
    text = (await asking.get("/together/export.csv", lang="ar")).text
    assert len(text.splitlines()) == 1 + 5 + 5
    missing = await asking.get(f"/together/{first[:-4]}0000")
    assert missing.status_code == 404
    assert (await ask("lima", "nobody").get("/together")).status_code == 403


async def test_weights_are_told_to_all_and_their_index_to_auditors_alone(
    world: World, ask: Ask
) -> None:
    await certified(world)
    path = f"/together/weights?association={ASSOCIATION}"
    plain = (await ask("lima", "member").get(path)).json()
    assert {tuple(one["share"]) for one in plain["weights"]} == {(200_000, 1_000_000)}
    assert "anzhaf" not in str(plain)
    assert {one["swings"] for one in plain["weights"]} == {None}
    assert (await ask("lima", "auditor").get(path)).json()["index"] == "Banzhaf"
    rolls = {"adrar": 400, "kaolack": 900, "lima": 250, "quebec": 150, "souss": 120}
    body = {"rule": {"policy": "per-member"}, "rolls": rolls}
    found = (await ask("lima", "auditor").post("/together/weights/preview", body)).json()
    exact = power(rule().model_copy(update={"policy": "per-member"}), rolls)
    assert {one["network"]: int(one["swings"]) for one in found["weights"]} == {
        network: one.swings for network, one in exact.items()
    }
    assert found["weights"][0]["network"] == "kaolack"
    bad = await ask("lima").post("/together/weights/preview", {"rule": {"policy": "loudest"}})
    assert bad.json()["type"] == "/problems/bad-federated-rule"
    nobody = await ask("lima").post("/together/weights/preview", {})
    assert nobody.json()["type"] == "/problems/no-rolls"


async def test_a_rule_is_tried_on_the_past_before_a_charter_is_signed(
    world: World, ask: Ask
) -> None:
    ballot = await certified(world)
    rules = [
        {"policy": "double"},
        {"policy": "double", "networks": {"share": {"n": 4, "d": 5}}},
        {"policy": "degressive", "cap": None, "jagiellonian": True},
    ]
    body = {"association": ASSOCIATION, "rules": rules}
    found = (await ask("souss").post("/together/trials/preview?lang=pt", body)).json()
    assert [one["ballot"] for one in found["ballots"]] == [ballot]
    tried = found["ballots"][0]
    # Four of five networks said yes: not more than four fifths.
    assert [one["outcome"] for one in tried["would"][:2]] == ["adopted", "rejected"]
    assert tried["would"][1]["label"] == "Rejeitada"
    assert found["changed"][:2] == [0, 1]
    assert tried["would"][2]["figures"]["weights"] == dict.fromkeys(VOTES, 3)


async def test_a_seal_that_came_by_letter_counts_as_if_it_had_come_by_line(
    world: World, ask: Ask
) -> None:
    ballot = await voted(world)
    world.cut = {"souss"}
    world.pass_by(timedelta(days=7))
    await world.settle()
    path = f"/together/{ballot}/legs/souss/seal"
    assert (await ask("lima").get(path)).status_code == 404
    # Cut off, it commits and shows its seal on its own log once the time for that has come.
    world.pass_by(timedelta(hours=25))
    await world.settle()
    text = (await ask("souss").get(path, **{"as": "text"})).text
    assert text.count("TWIZA SEAL") == 2
    mailed = "> " + text.replace("\n", "\n> ")
    taken = await ask("lima").post("/together/seals", {"text": mailed})
    assert taken.status_code == 201
    assert (taken.json()["network"], taken.json()["counts"]) == ("souss", True)
    again = await ask("lima").post("/together/seals", {"text": text})
    assert (again.status_code, again.json()["new"]) == (200, False)
    found = (await ask("lima").get(f"/together/{ballot}")).json()
    assert (found["awaited"], len(found["sealed"])) == ([], 5)
    await after_grace(world)
    world.cut = set()
    await world.settle()
    assert len(await world.outcomes(ballot)) == 1
    assert timedelta(hours=25) < GRACE


async def test_pictures_say_the_same_as_the_letter_and_a_forged_seal_is_refused(
    world: World, ask: Ask
) -> None:
    ballot = await certified(world)
    path = f"/together/{ballot}/legs/kaolack/seal"
    parts = (await ask("lima").get(path, **{"as": "qr"})).json()["parts"]
    text = "\n".join(reversed(parts))
    known = await ask("souss").post("/together/seals", {"text": text})
    assert (known.status_code, known.json()["new"]) == (200, False)
    torn = await ask("souss").post("/together/seals", {"text": parts[0][:-3]})
    assert torn.json()["type"] == "/problems/bad-seal-text"
    refused = await ask("souss", "member").post("/together/seals", {"text": text})
    assert refused.status_code == 403
