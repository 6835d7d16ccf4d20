function make(n, factor) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = [];
    for (let j = 0; j < n; j++) row.push((i * 31 + j * factor) % 17 * 0.5);
    rows.push(row);
  }
  return rows;
}

function multiply(a, b) {
  const n = a.length, c = [];
  for (let i = 0; i < n; i++) {
    const row = [];
    for (let j = 0; j < n; j++) {
      let sum = 0.0;
      for (let k = 0; k < n; k++) sum += a[i][k] * b[k][j];
      row.push(sum);
    }
    c.push(row);
  }
  return c;
}

const n = Number(process.argv[2] || 400);
const c = multiply(make(n, 7), make(n, 3));
let trace = 0.0;
for (let i = 0; i < n; i++) trace += c[i][i];
console.log(`${trace} ${c[0][n - 1]} ${c[Math.floor(n / 2)][Math.floor(n / 3)]}`);
