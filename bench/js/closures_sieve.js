const compose = (f, g) => (x) => g(f(x));

function counter(step) {
  let n = 0;
  return () => {
    n += step;
    return n;
  };
}

function takeWhile(items, wanted) {
  const out = [];
  for (const x of items) {
    if (!wanted(x)) return out;
    out.push(x);
  }
  return out;
}

const noneDivides = (primes) => (n) => !takeWhile(primes, (p) => p * p <= n).some((p) => n % p === 0);
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

const n = Number(process.argv[2] || 4000000), small = [];
for (let k = 2; k < 40; k++) if (small.every((p) => k % p !== 0)) small.push(k);
const primes = range(2, Math.min(n, 1600)).filter(noneDivides(small));
const step = compose((x) => x * 3 + 1, compose((x) => x % 1009, (x) => x + 7));
const next = counter(3);
let check = 0;
for (let r = 0; r < n; r++) check = (check + step(r + next())) % 1000003;
const squares = range(0, n).map((x) => x * x % 1013).filter((x) => x % 2 === 0).map(step);
console.log(`${primes.length} ${check} ${squares.reduce((a, b) => a + b, 0)} ${next()}`);
