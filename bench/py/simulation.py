import sys
from collections import deque


class Random:
    def __init__(self, seed):
        self.seed = seed

    def next(self):
        self.seed = self.seed * 16807 % 2147483647

    def below(self, n):
        return self.seed // 8 % n


class Customer:
    def __init__(self, arrived, patience, work):
        self.arrived = arrived
        self.patience = patience
        self.work = work


class Counter:
    def __init__(self):
        self.busy_until = self.served = self.worked = 0

    def is_free(self, now):
        return self.busy_until <= now

    def serve(self, customer, now):
        self.busy_until = now + customer.work
        self.served += 1
        self.worked += customer.work


class Bank:
    def __init__(self):
        self.counters = [Counter() for _ in range(5)]
        self.waiting = deque()
        self.waited = self.lost = 0

    def free_counter(self, now):
        for i, counter in enumerate(self.counters):
            if counter.is_free(now):
                return i
        return -1

    def tick(self, now):
        while self.waiting:
            i = self.free_counter(now)
            if i < 0:
                return
            customer = self.waiting.popleft()
            if now - customer.arrived > customer.patience:
                self.lost += 1
            else:
                self.waited += now - customer.arrived
                self.counters[i].serve(customer, now)


def main(ticks):
    random, bank = Random(11), Bank()
    for now in range(ticks):
        random.next()
        if random.below(3) == 0:
            random.next()
            patience = 5 + random.below(30)
            random.next()
            bank.waiting.append(Customer(now, patience, 1 + random.below(30)))
        bank.tick(now)
    served = sum(c.served for c in bank.counters)
    worked = sum(c.worked for c in bank.counters)
    print(f"{served} served, {bank.lost} lost, {len(bank.waiting)} waiting, {bank.waited} waited, {worked} worked")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000000)
