local function make_text(n)
  local syllables = {"ka", "lo", "mi", "ten", "ra", "su", "vo", "ne", "pi", "dor"}
  local out, line, seed = {}, {}, 42
  for i = 1, n do
    seed = seed * 16807 % 2147483647
    local k = seed % 1000
    local z = math.floor(k * k / 1000)
    local word = syllables[math.floor(z / 100) + 1] .. syllables[math.floor(z / 10) % 10 + 1] .. syllables[z % 10 + 1]
    if seed % 11 == 0 then word = word:sub(1, 1):upper() .. word:sub(2) end
    if seed % 7 == 0 then word = word .. "," end
    line[#line + 1] = word
    if #line == 12 then
      out[#out + 1] = table.concat(line, " ") .. "."
      line = {}
    end
  end
  return table.concat(out, "\n")
end

local counts, names = {}, {}
for line in make_text(tonumber(arg[1]) or 600000):gmatch("[^\n]+") do
  for word in line:lower():gmatch("%S+") do
    local last = word:sub(-1)
    if last == "," or last == "." then word = word:sub(1, -2) end
    local c = counts[word]
    if c then counts[word] = c + 1 else counts[word] = 1; names[#names + 1] = word end
  end
end
table.sort(names, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return a < b
end)
print(#names .. " words")
for i = 1, 5 do print(names[i] .. " " .. counts[names[i]]) end
