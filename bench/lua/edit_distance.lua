local function make_text(n, seed)
  local letters = {}
  for i = 1, n do
    seed = seed * 16807 % 2147483647
    letters[i] = string.char(97 + seed % 6)
  end
  return table.concat(letters)
end

local function least(a, b, c)
  local m = a
  if b < m then m = b end
  if c < m then m = c end
  return m
end

local function edit_distance(a, b)
  local previous = {}
  for j = 0, #b do previous[j] = j end
  for i = 1, #a do
    local row, x = {[0] = i}, a:byte(i)
    for j = 1, #b do
      local cost = 1
      if x == b:byte(j) then cost = 0 end
      row[j] = least(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + cost)
    end
    previous = row
  end
  return previous[#b]
end

local function common_length(a, b)
  local n, m, rows = #a, #b, {}
  for i = 0, n do
    local row = {}
    for j = 0, m do row[j] = 0 end
    rows[i] = row
  end
  for i = 1, n do
    for j = 1, m do
      if a:byte(i) == b:byte(j) then
        rows[i][j] = rows[i - 1][j - 1] + 1
      elseif rows[i - 1][j] >= rows[i][j - 1] then
        rows[i][j] = rows[i - 1][j]
      else
        rows[i][j] = rows[i][j - 1]
      end
    end
  end
  return rows[n][m]
end

local n = tonumber(arg[1]) or 3000
local a, b = make_text(n, 17), make_text(n - math.floor(n / 10), 4711)
print(edit_distance(a, b) .. " " .. common_length(a, b))
