let text = "", pos = 0;

function skipSpace() {
  while (pos < text.length) {
    const c = text[pos];
    if (c !== " " && c !== "\n" && c !== "\t") return;
    pos++;
  }
}

function expectChar(c) {
  if (text[pos] !== c) throw new Error(`expected ${c} at ${pos}`);
  pos++;
}

function parseText() {
  expectChar('"');
  let s = "";
  while (text[pos] !== '"') {
    let c = text[pos];
    if (c === "\\") {
      c = text[++pos];
      if (c === "n") c = "\n";
    }
    s += c;
    pos++;
  }
  pos++;
  return s;
}

function parseNumber() {
  const start = pos;
  while (pos < text.length) {
    const c = text[pos];
    if (c !== "." && c !== "e" && c !== "-" && (c < "0" || c > "9")) break;
    pos++;
  }
  return Number(text.slice(start, pos));
}

function parseWord(word, value) {
  if (text.slice(pos, pos + word.length) !== word) throw new Error(`bad word at ${pos}`);
  pos += word.length;
  return value;
}

function parseList() {
  const list = [];
  expectChar("[");
  skipSpace();
  if (text[pos] === "]") {
    pos++;
    return list;
  }
  for (;;) {
    list.push(parseValue());
    skipSpace();
    if (text[pos] !== ",") break;
    pos++;
  }
  expectChar("]");
  return list;
}

function parseObject() {
  const object = new Map();
  expectChar("{");
  skipSpace();
  if (text[pos] === "}") {
    pos++;
    return object;
  }
  for (;;) {
    skipSpace();
    const key = parseText();
    skipSpace();
    expectChar(":");
    object.set(key, parseValue());
    skipSpace();
    if (text[pos] !== ",") break;
    pos++;
  }
  expectChar("}");
  return object;
}

function parseValue() {
  skipSpace();
  switch (text[pos]) {
    case "{": return parseObject();
    case "[": return parseList();
    case '"': return parseText();
    case "t": return parseWord("true", true);
    case "f": return parseWord("false", false);
    case "n": return parseWord("null", null);
    default: return parseNumber();
  }
}

function quote(s) {
  if (/["\\\n]/.test(s)) return '"' + s.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n") + '"';
  return '"' + s + '"';
}

function show(v) {
  if (Array.isArray(v)) return "[" + v.map(show).join(",") + "]";
  if (v instanceof Map) {
    const parts = [];
    for (const [k, x] of v) parts.push(quote(k) + ":" + show(x));
    return "{" + parts.join(",") + "}";
  }
  return typeof v === "string" ? quote(v) : String(v);
}

const records = [];
let seed = 99;
for (let i = 0, n = Number(process.argv[2] || 60000); i < n; i++) {
  seed = seed * 16807 % 2147483647;
  records.push(`{"id": ${i}, "name": "user \\"${seed % 1000}\\"", "tags": ["a${seed % 7}", "b", "line\\nbreak"], "score": ${seed % 100}.5, "active": ${seed % 2 === 0}, "next": null, "place": {"x": ${seed % 360}, "y": -${seed % 90 + 1}}}`);
}
text = "[" + records.join(",\n ") + "]";
const data = parseValue();
let active = 0, score = 0, y = 0;
for (const record of data) {
  if (record.get("active")) active++;
  score += record.get("score");
  y += record.get("place").get("y");
}
const again = show(data);
console.log(`${text.length} ${again.length} ${active} ${score} ${y}`);
console.log(again.indexOf("true"));
