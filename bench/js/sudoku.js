let cells, rows, cols, boxes, steps = 0;
const box = (r, c) => (r / 3 | 0) * 3 + (c / 3 | 0);

function put(i, digit) {
  const r = i / 9 | 0, c = i % 9, bit = 1 << digit;
  cells[i] = digit;
  rows[r] |= bit;
  cols[c] |= bit;
  boxes[box(r, c)] |= bit;
}

function takeBack(i) {
  const r = i / 9 | 0, c = i % 9, bit = 1 << cells[i];
  cells[i] = 0;
  rows[r] -= bit;
  cols[c] -= bit;
  boxes[box(r, c)] -= bit;
}

function bits(x) {
  let n = 0;
  for (; x !== 0; x &= x - 1) n++;
  return n;
}

function solve() {
  steps++;
  let best = -1, fewest = 10, free = 0;
  for (let i = 0; i < 81; i++) {
    if (cells[i] === 0) {
      const r = i / 9 | 0, c = i % 9, used = rows[r] | cols[c] | boxes[box(r, c)], n = 9 - bits(used);
      if (n < fewest) {
        fewest = n;
        best = i;
        free = 1022 - used;
      }
    }
  }
  if (best < 0) return true;
  for (let digit = 1; digit < 10; digit++) {
    if (free & 1 << digit) {
      put(best, digit);
      if (solve()) return true;
      takeBack(best);
    }
  }
  return false;
}

const puzzles = [
  "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
  "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
  "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
  "52...6.........7.13...........4..8..6......5...........418.........3..2...87.....",
  "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..",
];
let sum = 0;
for (let k = 0, n = Number(process.argv[2] || 15); k < n; k++) {
  cells = new Array(81).fill(0);
  rows = new Array(9).fill(0);
  cols = new Array(9).fill(0);
  boxes = new Array(9).fill(0);
  [...puzzles[k % puzzles.length]].forEach((c, i) => { if (c !== ".") put(i, Number(c)); });
  solve();
  sum += cells[0] * 100 + cells[40] * 10 + cells[80];
}
console.log(`${sum} ${steps}`);
console.log(cells.join(""));
