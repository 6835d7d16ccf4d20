local bit = bit
if not bit then -- Lua 5.3 and later have operators
  bit = load([[return {bor = function(a, b, c) return a | b | (c or 0) end, band = function(a, b) return a & b end,
    lshift = function(a, n) return a << n end}]])()
end
local bor, band, lshift, floor = bit.bor, bit.band, bit.lshift, math.floor
local cells, rows, cols, boxes, steps = {}, {}, {}, {}, 0

local function place(i)
  local r, c = floor(i / 9), i % 9
  return r, c, floor(r / 3) * 3 + floor(c / 3)
end

local function put(i, digit)
  local r, c, b = place(i)
  local d = lshift(1, digit)
  cells[i], rows[r], cols[c], boxes[b] = digit, bor(rows[r], d), bor(cols[c], d), bor(boxes[b], d)
end

local function take_back(i)
  local r, c, b = place(i)
  local d = lshift(1, cells[i])
  cells[i], rows[r], cols[c], boxes[b] = 0, rows[r] - d, cols[c] - d, boxes[b] - d
end

local function bits(x)
  local n = 0
  while x ~= 0 do
    x = band(x, x - 1)
    n = n + 1
  end
  return n
end

local function solve()
  steps = steps + 1
  local best, fewest, free = -1, 10, 0
  for i = 0, 80 do
    if cells[i] == 0 then
      local r, c, b = place(i)
      local used = bor(rows[r], cols[c], boxes[b])
      local n = 9 - bits(used)
      if n < fewest then fewest, best, free = n, i, 1022 - used end
    end
  end
  if best < 0 then return true end
  for digit = 1, 9 do
    if band(free, lshift(1, digit)) ~= 0 then
      put(best, digit)
      if solve() then return true end
      take_back(best)
    end
  end
  return false
end

local puzzles = {
  "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
  "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
  "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
  "52...6.........7.13...........4..8..6......5...........418.........3..2...87.....",
  "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..",
}
local sum = 0
for k = 0, (tonumber(arg[1]) or 15) - 1 do
  for i = 0, 80 do cells[i] = 0 end
  for i = 0, 8 do rows[i], cols[i], boxes[i] = 0, 0, 0 end
  local puzzle = puzzles[k % #puzzles + 1]
  for i = 0, 80 do
    local c = puzzle:sub(i + 1, i + 1)
    if c ~= "." then put(i, tonumber(c)) end
  end
  solve()
  sum = sum + cells[0] * 100 + cells[40] * 10 + cells[80]
end
print(sum .. " " .. steps)
print(cells[0] .. table.concat(cells))
