import sys
from functools import cmp_to_key


class Person:
    def __init__(self, name, age, town):
        self.name = name
        self.age = age
        self.town = town

    def __eq__(self, other):
        return self.name == other.name and self.age == other.age and self.town == other.town


def by_age_then_name(a, b):
    if a.age != b.age:
        return a.age - b.age
    if a.name < b.name:
        return -1
    if a.name > b.name:
        return 1
    return 0


def merge_sort(items, before):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    left, right = merge_sort(items[:middle], before), merge_sort(items[middle:], before)
    out, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if before(right[j], left[i]):
            out.append(right[j])
            j += 1
        else:
            out.append(left[i])
            i += 1
    while i < len(left):
        out.append(left[i])
        i += 1
    while j < len(right):
        out.append(right[j])
        j += 1
    return out


def main(n):
    towns = ["Bonn", "Oslo", "Rome", "Lyon", "Cork", "Graz", "Bern"]
    people, seed = [], 31
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        people.append(Person(f"p{seed % 50000}", seed // 16 % 80, towns[seed % 7]))
    sorted_people = sorted(people, key=cmp_to_key(by_age_then_name))
    merged = merge_sort(people, lambda a, b: by_age_then_name(a, b) < 0)
    same = 0
    for i, person in enumerate(sorted_people):
        if person == merged[i]:
            same += 1
    ages, counts = {}, {}
    for person in people:
        ages[person.town] = ages.get(person.town, 0) + person.age
        counts[person.town] = counts.get(person.town, 0) + 1
    print(same, sorted_people[0].name, sorted_people[n // 2].name, sorted_people[n - 1].name)
    for town in sorted(ages):
        print(town, ages[town] // counts[town])


main(int(sys.argv[1]) if len(sys.argv) > 1 else 200000)
