local keys, nodes, count = {}, {}, 0

local function add(key, node)
  count = count + 1
  local i = count
  while i > 1 do
    local up = math.floor(i / 2)
    if keys[up] <= key then break end
    keys[i], nodes[i] = keys[up], nodes[up]
    i = up
  end
  keys[i], nodes[i] = key, node
end

local function least()
  local top_key, top_node = keys[1], nodes[1]
  local key, node = keys[count], nodes[count]
  keys[count], nodes[count] = nil, nil
  count = count - 1
  if count > 0 then
    local i = 1
    while true do
      local child = 2 * i
      if child > count then break end
      if child < count and keys[child + 1] < keys[child] then child = child + 1 end
      if keys[child] >= key then break end
      keys[i], nodes[i] = keys[child], nodes[child]
      i = child
    end
    keys[i], nodes[i] = key, node
  end
  return top_key, top_node
end

local n = tonumber(arg[1]) or 1000
local cost, distance, seed = {}, {}, 12345
for i = 0, n * n - 1 do
  seed = seed * 16807 % 2147483647
  cost[i] = seed % 9 + 1
  distance[i] = 1000000000
end
distance[0] = 0
add(0, 0)
local visited = 0
local steps = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}}
while count > 0 do
  local d, node = least()
  if d <= distance[node] then
    visited = visited + 1
    local row, column = math.floor(node / n), node % n
    for s = 1, 4 do
      local r, c = row + steps[s][1], column + steps[s][2]
      if r >= 0 and r < n and c >= 0 and c < n then
        local next = r * n + c
        local reach = d + cost[next]
        if reach < distance[next] then
          distance[next] = reach
          add(reach, next)
        end
      end
    end
  end
end
local far = 0
for i = 0, n * n - 1 do if distance[i] > far then far = distance[i] end end
print(distance[n * n - 1] .. " " .. visited .. " " .. far)
