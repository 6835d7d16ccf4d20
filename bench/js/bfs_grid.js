function maze(n) {
  const rows = [];
  let seed = 77;
  for (let r = 0; r < n; r++) {
    let row = "";
    for (let c = 0; c < n; c++) {
      seed = seed * 16807 % 2147483647;
      row += seed % 10 < 3 ? "#" : ".";
    }
    rows.push(row);
  }
  return rows;
}

const n = Number(process.argv[2] || 600), rows = maze(n), distance = new Map([["0,0", 0]]), queue = [[0, 0]];
let far = 0;
for (let i = 0; i < queue.length; i++) {
  const [r, c] = queue[i], d = distance.get(`${r},${c}`);
  far = d;
  for (const [dr, dc] of [[0, 1], [1, 0], [0, -1], [-1, 0]]) {
    const nr = r + dr, nc = c + dc;
    if (nr < 0 || nr >= n || nc < 0 || nc >= n) continue;
    const key = `${nr},${nc}`;
    if (rows[nr][nc] === "." && !distance.has(key)) {
      distance.set(key, d + 1);
      queue.push([nr, nc]);
    }
  }
}
console.log(`${distance.size} ${far}`);
