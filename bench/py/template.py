import sys


def fill(template, values):
    out, rest = [], template
    while True:
        start = rest.find("{{")
        if start < 0:
            out.append(rest)
            return "".join(out)
        end = rest.find("}}")
        name = rest[start + 2:end].strip()
        out.append(rest[:start])
        out.append(str(values.get(name, "?")))
        rest = rest[end + 2:]


def main(n):
    template = """Dear {{ title }} {{ name }},

your order {{ order }} of {{ count }} pieces of {{ product }} left our house.
The amount of {{ amount }} is due within {{ days }} days, {{ name }}.
{{ greeting }}
"""
    titles = ["Ms", "Mr", "Dr"]
    products = ["apples", "pears", "nails", "books"]
    length = check = 0
    for i in range(n):
        letter = fill(template, {
            "title": titles[i % 3],
            "name": f"Customer {i}",
            "order": i * 7 + 1000,
            "count": i % 10 + 1,
            "product": products[i % 4],
            "amount": i % 90 * 5,
            "days": 14 + i % 3,
        })
        length += len(letter)
        if letter.endswith("\n?\n"):
            check += letter.find("due")
    print(length, check)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 100000)
