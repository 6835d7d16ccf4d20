class Random {
  constructor(seed) { this.seed = seed; }
  next() { this.seed = this.seed * 16807 % 2147483647; }
  below(n) { return Math.floor(this.seed / 8) % n; }
}

class Counter {
  constructor() { this.busyUntil = this.served = this.worked = 0; }
  isFree(now) { return this.busyUntil <= now; }
  serve(customer, now) {
    this.busyUntil = now + customer.work;
    this.served++;
    this.worked += customer.work;
  }
}

class Bank {
  constructor() {
    this.counters = Array.from({ length: 5 }, () => new Counter());
    this.waiting = [];
    this.waited = this.lost = 0;
  }
  tick(now) {
    while (this.waiting.length > 0) {
      const i = this.counters.findIndex((counter) => counter.isFree(now));
      if (i < 0) return;
      const customer = this.waiting.shift();
      if (now - customer.arrived > customer.patience) this.lost++;
      else {
        this.waited += now - customer.arrived;
        this.counters[i].serve(customer, now);
      }
    }
  }
}

const random = new Random(11), bank = new Bank();
for (let now = 0, ticks = Number(process.argv[2] || 4000000); now < ticks; now++) {
  random.next();
  if (random.below(3) === 0) {
    random.next();
    const patience = 5 + random.below(30);
    random.next();
    bank.waiting.push({ arrived: now, patience, work: 1 + random.below(30) });
  }
  bank.tick(now);
}
let served = 0, worked = 0;
for (const counter of bank.counters) {
  served += counter.served;
  worked += counter.worked;
}
console.log(`${served} served, ${bank.lost} lost, ${bank.waiting.length} waiting, ${bank.waited} waited, ${worked} worked`);
