class Cache {
  constructor(capacity) {
    this.capacity = capacity;
    this.entries = new Map();
    this.hits = 0;
  }
  lookup(key) {
    const value = this.entries.get(key);
    if (value === undefined) return null;
    this.entries.delete(key);
    this.entries.set(key, value);
    this.hits++;
    return value;
  }
  store(key, value) {
    if (this.entries.size >= this.capacity) this.entries.delete(this.entries.keys().next().value);
    this.entries.set(key, value);
  }
}

const cache = new Cache(1000);
let seed = 2024, check = 0;
for (let i = 0, n = Number(process.argv[2] || 1000000); i < n; i++) {
  seed = seed * 16807 % 2147483647;
  const key = seed % 100 * (Math.floor(seed / 100) % 40);
  let value = cache.lookup(key);
  if (value === null) {
    value = key * key % 1009;
    cache.store(key, value);
  }
  check = (check * 31 + value) % 1000003;
}
console.log(`${cache.hits} ${check}`);
