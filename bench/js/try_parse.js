function digitOf(c) {
  const d = "0123456789".indexOf(c);
  if (d < 0) throw new Error(`bad digit ${c}`);
  return d;
}

function numberOf(text) {
  if (text.length === 0) throw new Error("empty");
  let n = 0;
  for (const c of text) n = n * 10 + digitOf(c);
  return n;
}

function checked(text, limit) {
  let n = 0;
  try {
    n = numberOf(text);
  } catch (e) {
    throw new Error(`in '${text}': ${e.message}`);
  }
  if (n > limit) throw new Error("too large");
  return n;
}

const texts = ["12", "345", "x7", "99999", "", "4x2", "8", "1234", "77", "500"], errors = new Map();
let sum = 0, closed = 0;
for (let i = 0, n = Number(process.argv[2] || 2000000); i < n; i++) {
  try {
    sum += checked(texts[i % texts.length], 9999);
  } catch (e) {
    errors.set(e.message, (errors.get(e.message) || 0) + 1);
  } finally {
    closed++;
  }
}
console.log(`${sum} ${closed}`);
for (const message of [...errors.keys()].sort()) console.log(`${message}: ${errors.get(message)}`);
