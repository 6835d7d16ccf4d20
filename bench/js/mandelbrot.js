function iterations(cx, cy, limit) {
  let x = 0.0, y = 0.0, n = 0;
  while (n < limit && x * x + y * y <= 4.0) {
    const t = x * x - y * y + cx;
    y = 2.0 * x * y + cy;
    x = t;
    n++;
  }
  return n;
}

const size = Number(process.argv[2] || 1200);
let inside = 0, total = 0;
for (let row = 0; row < size; row++) {
  for (let column = 0; column < size; column++) {
    const n = iterations(3.0 * column / size - 2.25, 3.0 * row / size - 1.5, 200);
    total += n;
    if (n === 200) inside++;
  }
}
console.log(`${inside} ${total}`);
