local function make_csv(n)
  local regions = {"north", "south", "east", "west", "far, far away"}
  local rows, seed = {"id,region,product,quantity,price"}, 7
  for i = 0, n - 1 do
    seed = seed * 16807 % 2147483647
    local region = regions[seed % 5 + 1]
    if region:find(",", 1, true) then region = '"' .. region .. '"' end
    rows[#rows + 1] = i .. "," .. region .. ',"item ""' .. seed % 20 .. '""",' .. seed % 9 + 1 .. "," .. seed % 5000 .. "." .. seed % 90 + 10
  end
  return table.concat(rows, "\n")
end

local function fields_of(line)
  local fields, field, quoted, i, n = {}, {}, false, 1, #line
  while i <= n do
    local c = line:sub(i, i)
    if quoted then
      if c == '"' then
        if line:sub(i + 1, i + 1) == '"' then
          field[#field + 1] = '"'
          i = i + 1
        else
          quoted = false
        end
      else
        field[#field + 1] = c
      end
    elseif c == '"' then
      quoted = true
    elseif c == "," then
      fields[#fields + 1] = table.concat(field)
      field = {}
    else
      field[#field + 1] = c
    end
    i = i + 1
  end
  fields[#fields + 1] = table.concat(field)
  return fields
end

local by_region, by_product, total, products, first = {}, {}, 0.0, 0, true
for line in make_csv(tonumber(arg[1]) or 200000):gmatch("[^\n]+") do
  if not first then
    local f = fields_of(line)
    local region, product, quantity = f[2], f[3], tonumber(f[4])
    local amount = quantity * tonumber(f[5])
    by_region[region] = (by_region[region] or 0) + amount
    if not by_product[product] then products = products + 1 end
    by_product[product] = (by_product[product] or 0) + quantity
    total = total + amount
  end
  first = false
end
local names = {}
for k in pairs(by_region) do names[#names + 1] = k end
table.sort(names)
for _, k in ipairs(names) do print(string.format("%s: %d", k, math.floor(by_region[k]))) end
print(string.format("%d products, %d of 7", products, by_product['item "7"']))
print(string.format("%d", math.floor(total)))
