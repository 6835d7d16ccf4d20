import sys


class Cache:
    def __init__(self, capacity):
        self.capacity = capacity
        self.entries = {}
        self.hits = 0

    def lookup(self, key):
        if key not in self.entries:
            return None
        value = self.entries.pop(key)
        self.entries[key] = value
        self.hits += 1
        return value

    def store(self, key, value):
        if len(self.entries) >= self.capacity:
            del self.entries[next(iter(self.entries))]
        self.entries[key] = value


def main(n):
    cache, seed, check = Cache(1000), 2024, 0
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        key = seed % 100 * (seed // 100 % 40)
        value = cache.lookup(key)
        if value is None:
            value = key * key % 1009
            cache.store(key, value)
        check = (check * 31 + value) % 1000003
    print(cache.hits, check)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000)
