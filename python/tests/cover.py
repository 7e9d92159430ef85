"""Pairwise covers: few cases in which every two values of different factors meet."""

import itertools
import random


def pairwise(factors, seed=0, tries=30):
    """Cases (dicts) such that any two values of two factors occur together in one. Greedy, deterministic for a seed."""
    rng = random.Random(seed)
    names = list(factors)
    uncovered = {
        ((a, x), (b, y))
        for a, b in itertools.combinations(names, 2)
        for x in factors[a]
        for y in factors[b]
    }

    def pairs(case):
        return {((a, case[a]), (b, case[b])) for a, b in itertools.combinations(names, 2)}

    cases = []
    while uncovered:
        best, gain = None, -1
        for _ in range(tries):
            (a, x), (b, y) = rng.choice(sorted(uncovered, key=repr))
            case = {a: x, b: y}
            for name in rng.sample(names, len(names)):
                if name not in case:
                    def new_pairs(value):
                        return sum(
                            1 for other, known in case.items()
                            if (((other, known), (name, value)) if names.index(other) < names.index(name)
                                else ((name, value), (other, known))) in uncovered)
                    values = list(factors[name])
                    rng.shuffle(values)
                    case[name] = max(values, key=new_pairs)
            covered = len(pairs({n: case[n] for n in names}) & uncovered)
            if covered > gain:
                best, gain = {n: case[n] for n in names}, covered
        uncovered -= pairs(best)
        cases.append(best)
    return cases


def spread(cases, factors, each):
    """Gives every case at least `each` runs (dicts over `factors`) so that cases and runs together are a pairwise cover."""
    all_runs = [dict(zip(factors, values)) for values in itertools.product(*factors.values())]

    def pairs(case, run):
        inner = {((a, run[a]), (b, run[b])) for a, b in itertools.combinations(run, 2)}
        return inner | {((a, case[a]), (b, run[b])) for a in case for b in run}

    wanted = set().union(*(pairs(case, run) for case in cases for run in all_runs)) if len(cases) * len(all_runs) < 200_000 else set()
    rng = random.Random(1)
    runs = [[] for _ in cases]
    seen = set()
    for index, case in list(enumerate(cases)) * each:
        candidates = rng.sample(all_runs, min(60, len(all_runs)))
        best = max(candidates, key=lambda run: len(pairs(case, run) - seen))
        runs[index].append(best)
        seen |= pairs(case, best)
    # what is left goes to the first case that can take it: another run compiles nothing
    for (a, x), (b, y) in sorted(wanted - seen, key=repr):
        if ((a, x), (b, y)) in seen:
            continue
        index = next(n for n, case in enumerate(cases) if a in factors or case[a] == x)
        run = next(run for run in all_runs if run[b] == y and (a not in factors or run[a] == x))
        runs[index].append(run)
        seen |= pairs(cases[index], run)
    return list(zip(cases, runs))
