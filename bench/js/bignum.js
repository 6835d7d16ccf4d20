const BASE = 10000;

function timesSmall(a, k) {
  const out = [];
  let carry = 0;
  for (const digit of a) {
    const t = digit * k + carry;
    out.push(t % BASE);
    carry = Math.floor(t / BASE);
  }
  for (; carry > 0; carry = Math.floor(carry / BASE)) out.push(carry % BASE);
  return out;
}

function plus(a, b) {
  const out = [];
  let carry = 0;
  for (let i = 0; i < a.length; i++) {
    let t = a[i] + carry;
    if (i < b.length) t += b[i];
    out.push(t % BASE);
    carry = Math.floor(t / BASE);
  }
  if (carry > 0) out.push(carry);
  return out;
}

function times(a, b) {
  const out = new Array(a.length + b.length).fill(0);
  for (let i = 0; i < a.length; i++) {
    let carry = 0;
    for (let j = 0; j < b.length; j++) {
      const t = out[i + j] + a[i] * b[j] + carry;
      out[i + j] = t % BASE;
      carry = Math.floor(t / BASE);
    }
    out[i + b.length] = carry;
  }
  while (out.length > 1 && out[out.length - 1] === 0) out.pop();
  return out;
}

const show = (a) => a[a.length - 1] + a.slice(0, -1).reverse().map((digit) => String(digit).padStart(4, "0")).join("");

const n = Number(process.argv[2] || 5000);
let factorial = [1], a = [1], b = [1];
for (let k = 1; k <= n; k++) factorial = timesSmall(factorial, k);
for (let i = 0; i < n * 4; i++) [a, b] = [b, plus(b, a)];
const product = show(times(factorial, b));
console.log(`${product.length} ${product.slice(0, 20)} ${product.slice(5000, 5020)}`);
