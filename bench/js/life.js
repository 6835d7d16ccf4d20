function start(n) {
  const grid = [];
  let seed = 1234;
  for (let r = 0; r < n; r++) {
    const row = [];
    for (let c = 0; c < n; c++) {
      seed = seed * 16807 % 2147483647;
      row.push(seed % 3 === 0 ? 1 : 0);
    }
    grid.push(row);
  }
  return grid;
}

function step(grid) {
  const n = grid.length, next = [];
  for (let r = 0; r < n; r++) {
    const above = grid[(r + n - 1) % n], here = grid[r], below = grid[(r + 1) % n], row = [];
    for (let c = 0; c < n; c++) {
      const left = (c + n - 1) % n, right = (c + 1) % n;
      const around = above[left] + above[c] + above[right] + here[left] + here[right] + below[left] + below[c] + below[right];
      row.push(around === 3 || (around === 2 && here[c] === 1) ? 1 : 0);
    }
    next.push(row);
  }
  return next;
}

const n = Number(process.argv[2] || 400);
let grid = start(n), alive = 0, check = 0;
for (let generation = 0; generation < 100; generation++) grid = step(grid);
grid.forEach((row, r) => row.forEach((cell, c) => {
  alive += cell;
  check = (check * 3 + cell * (r + c)) % 1000003;
}));
console.log(`${alive} ${check}`);
