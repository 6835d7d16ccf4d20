function makeText(n, seed) {
  const letters = [];
  for (let i = 0; i < n; i++) {
    seed = seed * 16807 % 2147483647;
    letters.push(String.fromCharCode(97 + seed % 6));
  }
  return letters.join("");
}

function least(a, b, c) {
  let m = a;
  if (b < m) m = b;
  if (c < m) m = c;
  return m;
}

function editDistance(a, b) {
  let previous = [];
  for (let j = 0; j <= b.length; j++) previous.push(j);
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const cost = a[i] === b[j] ? 0 : 1;
      row.push(least(previous[j + 1] + 1, row[j] + 1, previous[j] + cost));
    }
    previous = row;
  }
  return previous[b.length];
}

function commonLength(a, b) {
  const n = a.length, m = b.length, table = [];
  for (let i = 0; i <= n; i++) table.push(new Array(m + 1).fill(0));
  for (let i = 1; i <= n; i++) {
    for (let j = 1; j <= m; j++) {
      if (a[i - 1] === b[j - 1]) table[i][j] = table[i - 1][j - 1] + 1;
      else if (table[i - 1][j] >= table[i][j - 1]) table[i][j] = table[i - 1][j];
      else table[i][j] = table[i][j - 1];
    }
  }
  return table[n][m];
}

const n = Number(process.argv[2] || 3000);
const a = makeText(n, 17), b = makeText(n - Math.floor(n / 10), 4711);
console.log(`${editDistance(a, b)} ${commonLength(a, b)}`);
