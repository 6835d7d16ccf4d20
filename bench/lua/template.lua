local function fill(template, values)
  local out, at = {}, 1
  while true do
    local start = template:find("{{", at, true)
    if not start then
      out[#out + 1] = template:sub(at)
      return table.concat(out)
    end
    local stop = template:find("}}", start, true)
    local name = template:sub(start + 2, stop - 1):match("^%s*(.-)%s*$")
    out[#out + 1] = template:sub(at, start - 1)
    out[#out + 1] = tostring(values[name] or "?")
    at = stop + 2
  end
end

local template = [[
Dear {{ title }} {{ name }},

your order {{ order }} of {{ count }} pieces of {{ product }} left our house.
The amount of {{ amount }} is due within {{ days }} days, {{ name }}.
{{ greeting }}
]]
local titles, products = {"Ms", "Mr", "Dr"}, {"apples", "pears", "nails", "books"}
local length, check = 0, 0
for i = 0, (tonumber(arg[1]) or 100000) - 1 do
  local letter = fill(template, {
    title = titles[i % 3 + 1], name = "Customer " .. i, order = i * 7 + 1000, count = i % 10 + 1,
    product = products[i % 4 + 1], amount = i % 90 * 5, days = 14 + i % 3,
  })
  length = length + #letter
  if letter:sub(-3) == "\n?\n" then check = check + letter:find("due", 1, true) - 1 end
end
print(length .. " " .. check)
