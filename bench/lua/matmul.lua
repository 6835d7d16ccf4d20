local function make(n, factor)
  local rows = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do row[j + 1] = (i * 31 + j * factor) % 17 * 0.5 end
    rows[i + 1] = row
  end
  return rows
end

local function multiply(a, b)
  local n, c = #a, {}
  for i = 1, n do
    local row, ai = {}, a[i]
    for j = 1, n do
      local sum = 0.0
      for k = 1, n do sum = sum + ai[k] * b[k][j] end
      row[j] = sum
    end
    c[i] = row
  end
  return c
end

local n = tonumber(arg[1]) or 400
local c, trace = multiply(make(n, 7), make(n, 3)), 0.0
for i = 1, n do trace = trace + c[i][i] end
print(string.format("%.15g %.15g %.15g", trace, c[1][n], c[math.floor(n / 2) + 1][math.floor(n / 3) + 1]))
