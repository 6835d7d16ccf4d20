function* permutations(rest) {
  if (rest.length === 0) yield [];
  for (let i = 0; i < rest.length; i++) {
    const others = rest.slice(0, i).concat(rest.slice(i + 1));
    for (const p of permutations(others)) {
      p.push(rest[i]);
      yield p;
    }
  }
}

const n = Number(process.argv[2] || 9);
let count = 0, check = 0;
for (const p of permutations(Array.from({ length: n }, (_, i) => i))) {
  count++;
  for (let i = 0; i < p.length; i++) check = (check * 7 + p[i] * (i + 1)) % 1000003;
}
console.log(`${count} ${check}`);
