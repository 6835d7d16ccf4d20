const num = (n) => ({ kind: "num", n, a: null, b: null });
const add = (a, b) => ({ kind: "add", n: 0, a, b });
const mul = (a, b) => ({ kind: "mul", n: 0, a, b });

function derive(e) {
  switch (e.kind) {
    case "num": return num(0);
    case "var": return num(1);
    case "add": return add(derive(e.a), derive(e.b));
    default: return add(mul(derive(e.a), e.b), mul(e.a, derive(e.b)));
  }
}

const isNum = (e, n) => e.kind === "num" && e.n === n;

function simplify(e) {
  if (e.kind === "add") {
    const x = simplify(e.a), y = simplify(e.b);
    if (isNum(x, 0)) return y;
    if (isNum(y, 0)) return x;
    return add(x, y);
  }
  if (e.kind === "mul") {
    const x = simplify(e.a), y = simplify(e.b);
    if (isNum(x, 0) || isNum(y, 0)) return num(0);
    if (isNum(x, 1)) return y;
    if (isNum(y, 1)) return x;
    return mul(x, y);
  }
  return e;
}

function evaluate(e, x) {
  switch (e.kind) {
    case "num": return e.n;
    case "var": return x;
    case "add": return (evaluate(e.a, x) + evaluate(e.b, x)) % 1000003;
    default: return evaluate(e.a, x) * evaluate(e.b, x) % 1000003;
  }
}

const size = (e) => e.a ? 1 + size(e.a) + size(e.b) : 1;

function product(low, high) {
  if (low === high) return add({ kind: "var", n: 0, a: null, b: null }, num(low));
  const middle = Math.floor((low + high) / 2);
  return mul(product(low, middle), product(middle + 1, high));
}

const second = simplify(derive(simplify(derive(product(1, Number(process.argv[2] || 2000))))));
let sum = 0;
for (let x = 0; x < 20; x++) sum = (sum + evaluate(second, x)) % 1000003;
console.log(`${size(second)} ${sum}`);
