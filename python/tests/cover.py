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
