import sys


def make_csv(n):
    regions = ["north", "south", "east", "west", "far, far away"]
    rows = ["id,region,product,quantity,price"]
    seed = 7
    for i in range(n):
        seed = seed * 16807 % 2147483647
        region = regions[seed % 5]
        if "," in region:
            region = '"' + region + '"'
        rows.append(f'{i},{region},"item ""{seed % 20}""",{seed % 9 + 1},{seed % 5000}.{seed % 90 + 10}')
    return "\n".join(rows)


def fields_of(line):
    if '"' not in line:
        return line.split(",")
    fields, field, quoted, i, n = [], "", False, 0, len(line)
    while i < n:
        c = line[i]
        if quoted:
            if c == '"':
                if i + 1 < n and line[i + 1] == '"':
                    field += '"'
                    i += 1
                else:
                    quoted = False
            else:
                field += c
        elif c == '"':
            quoted = True
        elif c == ",":
            fields.append(field)
            field = ""
        else:
            field += c
        i += 1
    fields.append(field)
    return fields


def main(n):
    by_region, by_product, total = {}, {}, 0.0
    for i, line in enumerate(make_csv(n).splitlines()):
        if i == 0:
            continue
        _, region, product, quantity, price = fields_of(line)
        amount = int(quantity) * float(price)
        by_region[region] = by_region.get(region, 0.0) + amount
        by_product[product] = by_product.get(product, 0) + int(quantity)
        total += amount
    for region in sorted(by_region):
        print(f"{region}: {int(by_region[region])}")
    product = by_product['item "7"']
    print(f"{len(by_product)} products, {product} of 7")
    print(int(total))


main(int(sys.argv[1]) if len(sys.argv) > 1 else 200000)
