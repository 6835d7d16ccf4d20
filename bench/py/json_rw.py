import sys

text, pos = "", 0


def skip_space():
    global pos
    while pos < len(text):
        c = text[pos]
        if c != " " and c != "\n" and c != "\t":
            return
        pos += 1


def expect_char(c):
    global pos
    if pos >= len(text) or text[pos] != c:
        raise ValueError(f"expected {c} at {pos}")
    pos += 1


def parse_text():
    global pos
    expect_char('"')
    s = ""
    while text[pos] != '"':
        c = text[pos]
        if c == "\\":
            pos += 1
            c = text[pos]
            if c == "n":
                c = "\n"
        s += c
        pos += 1
    pos += 1
    return s


def parse_number():
    global pos
    start, real = pos, False
    while pos < len(text):
        c = text[pos]
        if c == "." or c == "e":
            real = True
        elif c != "-" and (c < "0" or c > "9"):
            break
        pos += 1
    word = text[start:pos]
    return float(word) if real else int(word)


def parse_word(word, value):
    global pos
    if text[pos:pos + len(word)] != word:
        raise ValueError(f"bad word at {pos}")
    pos += len(word)
    return value


def parse_list():
    global pos
    items = []
    expect_char("[")
    skip_space()
    if text[pos] == "]":
        pos += 1
        return items
    while True:
        items.append(parse_value())
        skip_space()
        if text[pos] != ",":
            break
        pos += 1
    expect_char("]")
    return items


def parse_object():
    global pos
    result = {}
    expect_char("{")
    skip_space()
    if text[pos] == "}":
        pos += 1
        return result
    while True:
        skip_space()
        key = parse_text()
        skip_space()
        expect_char(":")
        result[key] = parse_value()
        skip_space()
        if text[pos] != ",":
            break
        pos += 1
    expect_char("}")
    return result


def parse_value():
    skip_space()
    c = text[pos]
    if c == "{":
        return parse_object()
    if c == "[":
        return parse_list()
    if c == '"':
        return parse_text()
    if c == "t":
        return parse_word("true", True)
    if c == "f":
        return parse_word("false", False)
    if c == "n":
        return parse_word("null", None)
    return parse_number()


def quote(s):
    if '"' in s or "\\" in s or "\n" in s:
        return '"' + s.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return '"' + s + '"'


def show(v):
    if v is None:
        return "null"
    if v is True:
        return "true"
    if v is False:
        return "false"
    if isinstance(v, list):
        return "[" + ",".join(map(show, v)) + "]"
    if isinstance(v, dict):
        return "{" + ",".join(quote(k) + ":" + show(x) for k, x in v.items()) + "}"
    if isinstance(v, str):
        return quote(v)
    return repr(v)


def make_json(n):
    records, seed = [], 99
    for i in range(n):
        seed = seed * 16807 % 2147483647
        active = "true" if seed % 2 == 0 else "false"
        records.append(f'{{"id": {i}, "name": "user \\"{seed % 1000}\\"", "tags": ["a{seed % 7}", "b", "line\\nbreak"], "score": {seed % 100}.5, '
                       f'"active": {active}, "next": null, "place": {{"x": {seed % 360}, "y": -{seed % 90 + 1}}}}}')
    return "[" + ",\n ".join(records) + "]"


text = make_json(int(sys.argv[1]) if len(sys.argv) > 1 else 60000)
data = parse_value()
active = y = 0
score = 0.0
for record in data:
    if record["active"]:
        active += 1
    score += record["score"]
    y += record["place"]["y"]
again = show(data)
print(f"{len(text)} {len(again)} {active} {score:.15g} {y}")
print(again.find("true"))
