function* numbers(n) {
  let x = 1;
  for (let i = 0; i < n; i++) {
    x = x * 16807 % 2147483647;
    yield x % 1000;
  }
}

function* keep(items, wanted) {
  for (const x of items) if (wanted(x)) yield x;
}

function* eachChanged(items, change) {
  for (const x of items) yield change(x);
}

function* pairs(items) {
  let have = false, first = 0;
  for (const x of items) {
    if (have) yield [first, x];
    else first = x;
    have = !have;
  }
}

function* until(items, limit) {
  let total = 0;
  for (const x of items) {
    total += x;
    if (total > limit) return;
    yield x;
  }
}

const n = Number(process.argv[2] || 6000000);
const odd = keep(numbers(n), (x) => x % 2 === 1);
const cubed = eachChanged(odd, (x) => x * x * x % 1009);
const summed = eachChanged(pairs(cubed), (p) => p[0] * 2 + p[1]);
let count = 0, check = 0;
for (const x of until(summed, n * 1000)) {
  count++;
  check = (check + x * count) % 1000003;
}
console.log(`${count} ${check}`);
