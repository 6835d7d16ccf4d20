local function compose(f, g) return function(x) return g(f(x)) end end

local function counter(step)
  local n = 0
  return function()
    n = n + step
    return n
  end
end

local function map(items, f)
  local out = {}
  for i = 1, #items do out[i] = f(items[i]) end
  return out
end

local function filter(items, wanted)
  local out = {}
  for i = 1, #items do if wanted(items[i]) then out[#out + 1] = items[i] end end
  return out
end

local function any(items, test)
  for i = 1, #items do if test(items[i]) then return true end end
  return false
end

local function range(from, to)
  local out = {}
  for i = from, to - 1 do out[#out + 1] = i end
  return out
end

local function take_while(items, wanted)
  local out = {}
  for i = 1, #items do
    if not wanted(items[i]) then return out end
    out[#out + 1] = items[i]
  end
  return out
end

local function none_divides(primes)
  return function(n)
    return not any(take_while(primes, function(p) return p * p <= n end), function(p) return n % p == 0 end)
  end
end

local n, small = tonumber(arg[1]) or 4000000, {}
for k = 2, 39 do
  if not any(small, function(p) return k % p == 0 end) then small[#small + 1] = k end
end
local primes = filter(range(2, math.min(n, 1600)), none_divides(small))
local step = compose(function(x) return x * 3 + 1 end, compose(function(x) return x % 1009 end, function(x) return x + 7 end))
local next_value, check = counter(3), 0
for r = 0, n - 1 do check = (check + step(r + next_value())) % 1000003 end
local squares = map(range(0, n), function(x) return x * x % 1013 end)
squares = map(filter(squares, function(x) return x % 2 == 0 end), step)
local sum = 0
for i = 1, #squares do sum = sum + squares[i] end
print(#primes .. " " .. check .. " " .. sum .. " " .. next_value())
