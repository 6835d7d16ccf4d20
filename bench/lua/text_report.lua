local function report(n)
  local parts, balance = {}, 0
  for i = 0, n - 1 do
    local amount = i * 7919 % 2003 - 1000
    balance = balance + amount
    parts[#parts + 1] = string.format("%07d %s%10d%14d\n", i, amount < 0 and "out.." or "in...", amount, balance)
  end
  return table.concat(parts)
end

local function shrink(text)
  local out, last, count = {}, "", 0
  for i = 1, #text do
    local c = text:sub(i, i)
    if c == last and count < 9 then
      count = count + 1
    else
      if count > 0 then out[#out + 1] = count .. last end
      last, count = c, 1
    end
  end
  out[#out + 1] = count .. last
  return table.concat(out)
end

local function grow(short)
  local parts = {}
  for i = 1, #short, 2 do parts[#parts + 1] = short:sub(i + 1, i + 1):rep(tonumber(short:sub(i, i))) end
  return table.concat(parts)
end

local text = report(tonumber(arg[1]) or 100000)
local short, check = shrink(text), 0
for i = 1, #short do check = (check * 31 + short:byte(i)) % 1000003 end
print(#text .. " " .. #short .. " " .. check .. " " .. tostring(grow(short) == text))
