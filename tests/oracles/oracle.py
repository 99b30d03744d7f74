"""What runs in the oracles' environment: a question as JSON comes in, an answer as JSON goes out.

It imports nothing of ours. Times are of the processor, around the rule alone.
"""

import json
import sys
import time
import warnings
from typing import Any

Answer = dict[str, Any]


def budget(question: Answer) -> Answer:
    """Return what pabutools funds in a `.pb` file, by each rule asked for."""
    from pabutools.election import Cardinality_Sat, Cost_Sat, parse_pabulib
    from pabutools.rules import greedy_utilitarian_welfare as greedy
    from pabutools.rules import method_of_equal_shares as shares
    from pabutools.rules import sequential_phragmen

    # A rule calls itself once for each project that it buys.
    sys.setrecursionlimit(10_000)
    instance, profile = parse_pabulib(question["file"])
    if question.get("multiprofile"):
        profile = profile.as_multiprofile()
    rules = {
        "greedy_skip": lambda: greedy(instance, profile, sat_class=Cost_Sat),
        "greedy_votes": lambda: greedy(instance, profile, sat_class=Cardinality_Sat),
        "mes_cost": lambda: shares(instance, profile, sat_class=Cost_Sat),
        "mes_card": lambda: shares(instance, profile, sat_class=Cardinality_Sat),
        "mes_cost_add1": lambda: shares(
            instance, profile, sat_class=Cost_Sat, voter_budget_increment=1
        ),
        "seq_phragmen": lambda: sequential_phragmen(instance, profile),
    }
    found: Answer = {}
    for rule in question["rules"]:
        began = time.process_time()
        chosen = rules[rule]()
        found[rule] = {
            "chosen": sorted(project.name for project in chosen),
            "cpu_s": time.process_time() - began,
        }
    return found


def committees(question: Answer) -> Answer:
    """Return the committees that abcvoting elects, by each rule asked for."""
    from abcvoting import abcrules
    from abcvoting.preferences import Profile

    profile = Profile(question["candidates"])
    profile.add_voters(question["ballots"])
    found: Answer = {}
    for rule in question["rules"]:
        if rule == "equal-shares-without-completion":
            elected = abcrules.compute_equal_shares(
                profile, question["seats"], completion=None, resolute=False,
                algorithm="standard-fractions",
            )  # fmt: skip
        else:
            elected = abcrules.compute(rule, profile, question["seats"], resolute=False)
        found[rule] = sorted(sorted(one) for one in elected)
    return found


def stv(question: Answer) -> Answer:
    """Return whom votekit elects by exact STV, where no tie had to be broken."""
    import pandas
    from votekit.ballot import RankBallot
    from votekit.elections import STV
    from votekit.pref_profile import RankProfile

    del pandas
    profile = RankProfile(
        ballots=[
            RankBallot(ranking=tuple(frozenset({name}) for name in names), weight=count)
            for names, count in question["ballots"]
        ],
        candidates=question["candidates"],
        max_ranking_length=max(len(names) for names, _ in question["ballots"]),
    )
    began = time.process_time()
    count = STV(
        profile,
        n_seats=question["seats"],
        simultaneous=False,
        tiebreak=question.get("tiebreak"),
        exact=True,
        rng_seed=1,
    )
    elected = [name for group in count.get_elected() for name in group]
    return {
        "elected": elected,
        "cpu_s": time.process_time() - began,
        "ties": any(state.tiebreaks for state in count.election_states),
    }


def ranked(question: Answer) -> Answer:
    """Return the winners of pref_voting by Schulze, ranked pairs and IRV."""
    from pref_voting.iterative_methods import instant_runoff_for_truncated_linear_orders
    from pref_voting.margin_based_methods import beat_path, ranked_pairs_tb
    from pref_voting.profiles_with_ties import ProfileWithTies

    names = question["candidates"]
    place = {name: at for at, name in enumerate(names)}
    profile = ProfileWithTies(
        [
            {place[name]: rank for rank, group in enumerate(ranks, start=1) for name in group}
            for ranks, _ in question["ballots"]
        ],
        rcounts=[count for _, count in question["ballots"]],
        candidates=list(range(len(names))),
    )
    # Whoever is not ranked stands below everybody who is.
    profile.use_extended_strict_preference()
    winning = profile.support

    def strength(one: int, other: int) -> int:
        return winning(one, other) if winning(one, other) > winning(other, one) else 0

    rules = {
        "schulze": lambda: beat_path(profile, strength_function=strength),
        "ranked-pairs": lambda: ranked_pairs_tb(profile, strength_function=strength),
        "irv": lambda: instant_runoff_for_truncated_linear_orders(profile),
    }
    found: Answer = {}
    for rule in question["rules"]:
        began = time.process_time()
        winners = [names[at] for at in rules[rule]()]
        found[rule] = {"winners": winners, "cpu_s": time.process_time() - began}
    return found


ASKED = {"budget": budget, "committees": committees, "stv": stv, "ranked": ranked}


def main() -> None:
    """Answer the questions of standard input, one on each line."""
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = ASKED[question["ask"]](question)
        except Exception as error:  # noqa: BLE001  # what an oracle cannot do is an answer too
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(f"\n@{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
