local function start(n)
  local grid, seed = {}, 1234
  for r = 1, n do
    local row = {}
    for c = 1, n do
      seed = seed * 16807 % 2147483647
      row[c] = seed % 3 == 0 and 1 or 0
    end
    grid[r] = row
  end
  return grid
end

local function step(grid)
  local n, next = #grid, {}
  for r = 1, n do
    local above, here, below, row = grid[(r + n - 2) % n + 1], grid[r], grid[r % n + 1], {}
    for c = 1, n do
      local left, right = (c + n - 2) % n + 1, c % n + 1
      local around = above[left] + above[c] + above[right] + here[left] + here[right] + below[left] + below[c] + below[right]
      row[c] = (around == 3 or (around == 2 and here[c] == 1)) and 1 or 0
    end
    next[r] = row
  end
  return next
end

local n = tonumber(arg[1]) or 400
local grid = start(n)
for generation = 1, 100 do grid = step(grid) end
local alive, check = 0, 0
for r = 1, n do
  for c = 1, n do
    local cell = grid[r][c]
    alive = alive + cell
    check = (check * 3 + cell * (r + c - 2)) % 1000003
  end
end
print(alive .. " " .. check)
