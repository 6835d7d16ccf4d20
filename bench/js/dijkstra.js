class Heap {
  constructor() {
    this.keys = [];
    this.nodes = [];
  }
  add(key, node) {
    const { keys, nodes } = this;
    keys.push(key);
    nodes.push(node);
    let i = keys.length - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (keys[up] <= key) break;
      keys[i] = keys[up];
      nodes[i] = nodes[up];
      i = up;
    }
    keys[i] = key;
    nodes[i] = node;
  }
  least() {
    const { keys, nodes } = this, top = [keys[0], nodes[0]], key = keys.pop(), node = nodes.pop(), last = keys.length;
    if (last > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= last) break;
        if (child + 1 < last && keys[child + 1] < keys[child]) child++;
        if (keys[child] >= key) break;
        keys[i] = keys[child];
        nodes[i] = nodes[child];
        i = child;
      }
      keys[i] = key;
      nodes[i] = node;
    }
    return top;
  }
}

const n = Number(process.argv[2] || 1000);
const cost = [], distance = new Array(n * n).fill(1000000000), heap = new Heap();
let seed = 12345, visited = 0;
for (let i = 0; i < n * n; i++) {
  seed = seed * 16807 % 2147483647;
  cost.push(seed % 9 + 1);
}
distance[0] = 0;
heap.add(0, 0);
while (heap.keys.length > 0) {
  const [d, node] = heap.least();
  if (d > distance[node]) continue;
  visited++;
  const row = Math.floor(node / n), column = node % n;
  for (const [dr, dc] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
    const r = row + dr, c = column + dc;
    if (r >= 0 && r < n && c >= 0 && c < n) {
      const next = r * n + c, reach = d + cost[next];
      if (reach < distance[next]) {
        distance[next] = reach;
        heap.add(reach, next);
      }
    }
  }
}
console.log(`${distance[n * n - 1]} ${visited} ${distance.reduce((a, b) => Math.max(a, b), 0)}`);
