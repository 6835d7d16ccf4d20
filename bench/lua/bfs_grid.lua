local function maze(n)
  local rows, seed = {}, 77
  for r = 1, n do
    local row = {}
    for c = 1, n do
      seed = seed * 16807 % 2147483647
      row[c] = seed % 10 < 3 and "#" or "."
    end
    rows[r] = table.concat(row)
  end
  return rows
end

local n = tonumber(arg[1]) or 600
local rows, distance, count = maze(n), {["0,0"] = 0}, 1
local queue, first, last, far = {{0, 0}}, 1, 1, 0
local moves = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}}
while first <= last do
  local place = queue[first]
  queue[first] = nil
  first = first + 1
  local r, c = place[1], place[2]
  local d = distance[r .. "," .. c]
  far = d
  for _, move in ipairs(moves) do
    local nr, nc = r + move[1], c + move[2]
    if nr >= 0 and nr < n and nc >= 0 and nc < n then
      local key = nr .. "," .. nc
      if rows[nr + 1]:sub(nc + 1, nc + 1) == "." and not distance[key] then
        distance[key] = d + 1
        count = count + 1
        last = last + 1
        queue[last] = {nr, nc}
      end
    end
  end
end
print(count .. " " .. far)
