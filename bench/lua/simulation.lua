local function class(fields)
  fields.__index = fields
  return fields
end

local Random = class({})
function Random:next() self.seed = self.seed * 16807 % 2147483647 end
function Random:below(n) return math.floor(self.seed / 8) % n end

local Counter = class({})
function Counter:is_free(now) return self.busy_until <= now end
function Counter:serve(customer, now)
  self.busy_until = now + customer.work
  self.served = self.served + 1
  self.worked = self.worked + customer.work
end

local Bank = class({})
function Bank:arrive(customer)
  self.last = self.last + 1
  self.waiting[self.last] = customer
end
function Bank:free_counter(now)
  for i, counter in ipairs(self.counters) do
    if counter:is_free(now) then return i end
  end
  return -1
end
function Bank:tick(now)
  while self.first <= self.last do
    local i = self:free_counter(now)
    if i < 0 then return end
    local customer = self.waiting[self.first]
    self.waiting[self.first] = nil
    self.first = self.first + 1
    if now - customer.arrived > customer.patience then
      self.lost = self.lost + 1
    else
      self.waited = self.waited + now - customer.arrived
      self.counters[i]:serve(customer, now)
    end
  end
end

local random = setmetatable({seed = 11}, Random)
local bank = setmetatable({counters = {}, waiting = {}, first = 1, last = 0, waited = 0, lost = 0}, Bank)
for i = 1, 5 do bank.counters[i] = setmetatable({busy_until = 0, served = 0, worked = 0}, Counter) end
for now = 0, (tonumber(arg[1]) or 4000000) - 1 do
  random:next()
  if random:below(3) == 0 then
    random:next()
    local patience = 5 + random:below(30)
    random:next()
    bank:arrive({arrived = now, patience = patience, work = 1 + random:below(30)})
  end
  bank:tick(now)
end
local served, worked = 0, 0
for _, counter in ipairs(bank.counters) do served, worked = served + counter.served, worked + counter.worked end
print(string.format("%d served, %d lost, %d waiting, %d waited, %d worked", served, bank.lost, bank.last - bank.first + 1, bank.waited, worked))
