import sys
from collections import deque


def maze(n):
    rows, seed = [], 77
    for _ in range(n):
        row = []
        for _ in range(n):
            seed = seed * 16807 % 2147483647
            row.append("#" if seed % 10 < 3 else ".")
        rows.append("".join(row))
    return rows


def main(n):
    rows, distance, queue, far = maze(n), {"0,0": 0}, deque([(0, 0)]), 0
    while queue:
        r, c = queue.popleft()
        d = distance[f"{r},{c}"]
        far = d
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            nr, nc = r + dr, c + dc
            if nr < 0 or nr >= n or nc < 0 or nc >= n:
                continue
            key = f"{nr},{nc}"
            if rows[nr][nc] == "." and key not in distance:
                distance[key] = d + 1
                queue.append((nr, nc))
    print(len(distance), far)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
