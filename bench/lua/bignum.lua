local floor, BASE = math.floor, 10000

local function times_small(a, k)
  local out, carry = {}, 0
  for i = 1, #a do
    local t = a[i] * k + carry
    out[i] = t % BASE
    carry = floor(t / BASE)
  end
  while carry > 0 do
    out[#out + 1] = carry % BASE
    carry = floor(carry / BASE)
  end
  return out
end

local function plus(a, b)
  local out, carry = {}, 0
  for i = 1, #a do
    local t = a[i] + carry + (b[i] or 0)
    out[i] = t % BASE
    carry = floor(t / BASE)
  end
  if carry > 0 then out[#out + 1] = carry end
  return out
end

local function times(a, b)
  local out = {}
  for i = 1, #a + #b do out[i] = 0 end
  for i = 1, #a do
    local x, carry = a[i], 0
    for j = 1, #b do
      local t = out[i + j - 1] + x * b[j] + carry
      out[i + j - 1] = t % BASE
      carry = floor(t / BASE)
    end
    out[i + #b] = carry
  end
  while #out > 1 and out[#out] == 0 do out[#out] = nil end
  return out
end

local function show(a)
  local parts = {string.format("%d", a[#a])}
  for i = #a - 1, 1, -1 do parts[#parts + 1] = string.format("%04d", a[i]) end
  return table.concat(parts)
end

local n = tonumber(arg[1]) or 5000
local factorial, a, b = {1}, {1}, {1}
for k = 1, n do factorial = times_small(factorial, k) end
for i = 1, n * 4 do a, b = b, plus(b, a) end
local product = show(times(factorial, b))
print(#product .. " " .. product:sub(1, 20) .. " " .. product:sub(5001, 5020))
