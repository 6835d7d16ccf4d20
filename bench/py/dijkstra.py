import sys


class Heap:
    def __init__(self):
        self.keys = []
        self.nodes = []

    def add(self, key, node):
        keys, nodes = self.keys, self.nodes
        keys.append(key)
        nodes.append(node)
        i = len(keys) - 1
        while i > 0:
            up = (i - 1) // 2
            if keys[up] <= key:
                break
            keys[i] = keys[up]
            nodes[i] = nodes[up]
            i = up
        keys[i] = key
        nodes[i] = node

    def least(self):
        keys, nodes = self.keys, self.nodes
        top = keys[0], nodes[0]
        key, node = keys.pop(), nodes.pop()
        last = len(keys)
        if last > 0:
            i = 0
            while True:
                child = 2 * i + 1
                if child >= last:
                    break
                if child + 1 < last and keys[child + 1] < keys[child]:
                    child += 1
                if keys[child] >= key:
                    break
                keys[i] = keys[child]
                nodes[i] = nodes[child]
                i = child
            keys[i] = key
            nodes[i] = node
        return top


def main(n):
    cost, seed = [], 12345
    for _ in range(n * n):
        seed = seed * 16807 % 2147483647
        cost.append(seed % 9 + 1)
    distance = [1000000000] * (n * n)
    distance[0] = 0
    heap = Heap()
    heap.add(0, 0)
    visited = 0
    while heap.keys:
        d, node = heap.least()
        if d > distance[node]:
            continue
        visited += 1
        row, column = divmod(node, n)
        for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            r, c = row + dr, column + dc
            if 0 <= r < n and 0 <= c < n:
                next = r * n + c
                reach = d + cost[next]
                if reach < distance[next]:
                    distance[next] = reach
                    heap.add(reach, next)
    print(distance[n * n - 1], visited, max(distance))


main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
