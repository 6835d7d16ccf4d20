local function iterations(cx, cy, limit)
  local x, y, n = 0.0, 0.0, 0
  while n < limit and x * x + y * y <= 4.0 do
    local t = x * x - y * y + cx
    y = 2.0 * x * y + cy
    x = t
    n = n + 1
  end
  return n
end

local size = tonumber(arg[1]) or 1200
local inside, total = 0, 0
for row = 0, size - 1 do
  for column = 0, size - 1 do
    local n = iterations(3.0 * column / size - 2.25, 3.0 * row / size - 1.5, 200)
    total = total + n
    if n == 200 then inside = inside + 1 end
  end
end
print(inside .. " " .. total)
