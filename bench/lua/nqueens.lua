local columns, rising, falling = {}, {}, {}

local function place(row, n)
  if row == n then return 1 end
  local count = 0
  for c = 0, n - 1 do
    if not columns[c] and not rising[row + c] and not falling[row - c + n] then
      columns[c], rising[row + c], falling[row - c + n] = true, true, true
      count = count + place(row + 1, n)
      columns[c], rising[row + c], falling[row - c + n] = false, false, false
    end
  end
  return count
end

local n = tonumber(arg[1]) or 13
for i = 0, 2 * n do
  columns[i], rising[i], falling[i] = false, false, false
end
print(place(0, n))
