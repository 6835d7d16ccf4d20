import sys


def make(n, factor):
    return [[(i * 31 + j * factor) % 17 * 0.5 for j in range(n)] for i in range(n)]


def multiply(a, b):
    n = len(a)
    c = []
    for i in range(n):
        row = []
        for j in range(n):
            sum = 0.0
            for k in range(n):
                sum += a[i][k] * b[k][j]
            row.append(sum)
        c.append(row)
    return c


n = int(sys.argv[1]) if len(sys.argv) > 1 else 400
c = multiply(make(n, 7), make(n, 3))
trace = 0.0
for i in range(n):
    trace += c[i][i]
print("%.15g %.15g %.15g" % (trace, c[0][n - 1], c[n // 2][n // 3]))
