import sys


class Num:
    def __init__(self, n):
        self.n = n

    def derive(self):
        return Num(0)

    def simplify(self):
        return self

    def evaluate(self, x):
        return self.n

    def size(self):
        return 1


class Var:
    def derive(self):
        return Num(1)

    def simplify(self):
        return self

    def evaluate(self, x):
        return x

    def size(self):
        return 1


def is_num(e, n):
    return isinstance(e, Num) and e.n == n


class Add:
    def __init__(self, a, b):
        self.a = a
        self.b = b

    def derive(self):
        return Add(self.a.derive(), self.b.derive())

    def simplify(self):
        x, y = self.a.simplify(), self.b.simplify()
        if is_num(x, 0):
            return y
        if is_num(y, 0):
            return x
        return Add(x, y)

    def evaluate(self, x):
        return (self.a.evaluate(x) + self.b.evaluate(x)) % 1000003

    def size(self):
        return 1 + self.a.size() + self.b.size()


class Mul:
    def __init__(self, a, b):
        self.a = a
        self.b = b

    def derive(self):
        return Add(Mul(self.a.derive(), self.b), Mul(self.a, self.b.derive()))

    def simplify(self):
        x, y = self.a.simplify(), self.b.simplify()
        if is_num(x, 0) or is_num(y, 0):
            return Num(0)
        if is_num(x, 1):
            return y
        if is_num(y, 1):
            return x
        return Mul(x, y)

    def evaluate(self, x):
        return self.a.evaluate(x) * self.b.evaluate(x) % 1000003

    def size(self):
        return 1 + self.a.size() + self.b.size()


def product(low, high):
    if low == high:
        return Add(Var(), Num(low))
    middle = (low + high) // 2
    return Mul(product(low, middle), product(middle + 1, high))


second = product(1, int(sys.argv[1]) if len(sys.argv) > 1 else 2000).derive().simplify().derive().simplify()
total = 0
for x in range(20):
    total = (total + second.evaluate(x)) % 1000003
print(second.size(), total)
