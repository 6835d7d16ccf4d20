local yield, wrap = coroutine.yield, coroutine.wrap

local function numbers(n)
  return wrap(function()
    local x = 1
    for i = 1, n do
      x = x * 16807 % 2147483647
      yield(x % 1000)
    end
  end)
end

local function keep(items, wanted)
  return wrap(function()
    for x in items do if wanted(x) then yield(x) end end
  end)
end

local function each_changed(items, change)
  return wrap(function()
    for x in items do yield(change(x)) end
  end)
end

local function pairs_of(items)
  return wrap(function()
    local first
    for x in items do
      if first then
        yield({first, x})
        first = nil
      else
        first = x
      end
    end
  end)
end

local function until_over(items, limit)
  return wrap(function()
    local total = 0
    for x in items do
      total = total + x
      if total > limit then return end
      yield(x)
    end
  end)
end

local n = tonumber(arg[1]) or 6000000
local odd = keep(numbers(n), function(x) return x % 2 == 1 end)
local cubed = each_changed(odd, function(x) return x * x * x % 1009 end)
local summed = each_changed(pairs_of(cubed), function(p) return p[1] * 2 + p[2] end)
local count, check = 0, 0
for x in until_over(summed, n * 1000) do
  count = count + 1
  check = (check + x * count) % 1000003
end
print(count .. " " .. check)
