const n = Number(process.argv[2] || 13);
const columns = new Array(n).fill(false), rising = new Array(2 * n).fill(false), falling = new Array(2 * n + 1).fill(false);

function place(row, n) {
  if (row === n) return 1;
  let count = 0;
  for (let c = 0; c < n; c++) {
    if (!columns[c] && !rising[row + c] && !falling[row - c + n]) {
      columns[c] = rising[row + c] = falling[row - c + n] = true;
      count += place(row + 1, n);
      columns[c] = rising[row + c] = falling[row - c + n] = false;
    }
  }
  return count;
}

console.log(String(place(0, n)));
