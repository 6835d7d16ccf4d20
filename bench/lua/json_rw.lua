local text, pos = "", 1
local null = {}
local parse_value

local function skip_space()
  pos = text:find("[^ \n\t]", pos) or #text + 1
end

local function expect_char(c)
  if text:sub(pos, pos) ~= c then error("expected " .. c .. " at " .. pos) end
  pos = pos + 1
end

local function parse_text()
  expect_char('"')
  local s = {}
  while true do
    local c = text:sub(pos, pos)
    if c == '"' then break end
    if c == "\\" then
      pos = pos + 1
      c = text:sub(pos, pos)
      if c == "n" then c = "\n" end
    end
    s[#s + 1] = c
    pos = pos + 1
  end
  pos = pos + 1
  return table.concat(s)
end

local function parse_list()
  local list, n = {list = true}, 0
  expect_char("[")
  skip_space()
  if text:sub(pos, pos) == "]" then
    pos = pos + 1
    return list
  end
  while true do
    n = n + 1
    list[n] = parse_value()
    skip_space()
    if text:sub(pos, pos) ~= "," then break end
    pos = pos + 1
  end
  expect_char("]")
  return list
end

local function parse_object()
  local object = {keys = {}, values = {}}
  expect_char("{")
  skip_space()
  if text:sub(pos, pos) == "}" then
    pos = pos + 1
    return object
  end
  while true do
    skip_space()
    local key = parse_text()
    skip_space()
    expect_char(":")
    object.keys[#object.keys + 1] = key
    object.values[key] = parse_value()
    skip_space()
    if text:sub(pos, pos) ~= "," then break end
    pos = pos + 1
  end
  expect_char("}")
  return object
end

function parse_value()
  skip_space()
  local c = text:sub(pos, pos)
  if c == "{" then return parse_object() end
  if c == "[" then return parse_list() end
  if c == '"' then return parse_text() end
  if c == "t" then pos = pos + 4 return true end
  if c == "f" then pos = pos + 5 return false end
  if c == "n" then pos = pos + 4 return null end
  local from, to = text:find("^[-0-9.e]+", pos)
  pos = to + 1
  return tonumber(text:sub(from, to))
end

local function quote(s)
  return '"' .. s:gsub('[\\"]', "\\%0"):gsub("\n", "\\n") .. '"'
end

local function show(v)
  if v == null then return "null" end
  if type(v) == "string" then return quote(v) end
  if type(v) ~= "table" then return tostring(v) end
  local parts = {}
  if v.list then
    for i, x in ipairs(v) do parts[i] = show(x) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for i, k in ipairs(v.keys) do parts[i] = quote(k) .. ":" .. show(v.values[k]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local records, seed = {}, 99
for i = 0, (tonumber(arg[1]) or 60000) - 1 do
  seed = seed * 16807 % 2147483647
  records[#records + 1] = '{"id": ' .. i .. ', "name": "user \\"' .. seed % 1000 .. '\\"", "tags": ["a' .. seed % 7 .. '", "b", "line\\nbreak"], "score": '
    .. seed % 100 .. '.5, "active": ' .. tostring(seed % 2 == 0) .. ', "next": null, "place": {"x": ' .. seed % 360 .. ', "y": -' .. seed % 90 + 1 .. "}}"
end
text = "[" .. table.concat(records, ",\n ") .. "]"
local data, active, score, y = parse_value(), 0, 0, 0
for _, record in ipairs(data) do
  if record.values.active then active = active + 1 end
  score = score + record.values.score
  y = y + record.values.place.values.y
end
local again = show(data)
print(string.format("%d %d %d %.15g %d", #text, #again, active, score, y))
print(again:find("true", 1, true) - 1)
