local yield, wrap = coroutine.yield, coroutine.wrap

local function permutations(rest)
  return wrap(function()
    if #rest == 0 then yield({}) end
    for i, x in ipairs(rest) do
      local others = {}
      for j, y in ipairs(rest) do if j ~= i then others[#others + 1] = y end end
      for p in permutations(others) do
        p[#p + 1] = x
        yield(p)
      end
    end
  end)
end

local n, numbers = tonumber(arg[1]) or 9, {}
for i = 1, n do numbers[i] = i - 1 end
local count, check = 0, 0
for p in permutations(numbers) do
  count = count + 1
  for i, x in ipairs(p) do check = (check * 7 + x * i) % 1000003 end
end
print(count .. " " .. check)
